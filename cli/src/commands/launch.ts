import { ServerUnreachableError } from '@gpufleet/sdk'
import type { Instance, InstanceStatus, LaunchPlan, LaunchRequest } from '@gpufleet/sdk/api'
import { type Command, Option } from 'commander'
import { forTerminal } from '../api-words.ts'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { CliError, wrongUsage } from '../failures.ts'
import { follow, stillGoing } from '../follow.ts'
import { amount, dollars, listedValues, port, repeated, timeSpan, whole } from '../inputs.ts'
import { accessOf, machineOf, nameOf } from '../instance-lines.ts'
import { defaultSshKey, type LaunchOptions, launchRequestFrom, searchLike } from '../launch-request.ts'
import { offerTable, sayWarnings } from '../offer-lines.ts'
import type { Runner } from '../runner.ts'
import { greatest, isZero, perHour, usd } from '../text/money.ts'
import { facts } from '../text/table.ts'
import { duration } from '../text/time.ts'
import { sentence } from '../text/words.ts'
import { type Context, printJson } from '../world.ts'

const shownOffers = 3
const launchTries = 3
const ends: ReadonlySet<InstanceStatus> = new Set(['ready', 'failed', 'terminated', 'stopped'])
/** Somebody or something ended it before it was ready. */
const over: ReadonlySet<InstanceStatus> = new Set(['failed', 'terminating', 'terminated', 'stopping', 'stopped'])

export function addLaunch(program: Command, run: Runner): void {
  program
    .command('launch')
    .summary('rent a machine: the cheapest that fits, and the next one when somebody was quicker')
    .description(
      'Rent a machine: one offer (--offer), or the cheapest that fits, and the next one when somebody was quicker or it does not come up.',
    )
    .option('--offer <id>', 'this offer and no other, such as vast_123')
    .option('--gpu <model>', 'a model or a family, such as "RTX 4090" or A100; again for more', listedValues)
    .option('--gpu-count <n>', 'default 1', whole)
    .option('--min-vram <gb>', 'memory per GPU, at least', amount)
    .option('--min-ram <gb>', 'memory of the machine, at least', amount)
    .addOption(new Option('--market <name>', 'default on_demand').choices(['on_demand', 'spot', 'any']))
    .option('--max-price <usd>', 'dollars per hour for everything; nothing above it is rented', dollars)
    .option('--provider <name>', 'only this marketplace')
    .option('--region <name>', 'Europe, us-east, Asia …; again for more', listedValues)
    .option('--min-reliability <share>', 'from 0 to 1, such as 0.98', amount)
    .option('--verified', 'only what the marketplace has checked')
    .option('--min-cuda <version>', 'such as 12.4', amount)
    .option('--disk <gb>', 'default 10; fixed for its life', amount)
    .option('--image <name>', 'container image (default pytorch/pytorch:latest)')
    .option('--template <name>', 'fills in what is left out; `gpufleet templates` lists them')
    .option('--registry-user <name>', 'for a private image; the password comes from REGISTRY_PASSWORD')
    .option('--registry-server <host>', 'where the private image is')
    .option('--env <KEY=VALUE>', 'for the machine; KEY alone takes it from here; again for more', repeated)
    .option('--env-file <file>', 'a file of KEY=VALUE lines; again for more', repeated)
    .option('--port <port>', 'to publish, such as 8000 or 8000/http (tcp, udp, http); again for more', port)
    .option('--ssh-key <file>', 'public key to log in with (default ~/.ssh/id_ed25519.pub)')
    .option('--no-ssh-key', 'send no key')
    .option('--onstart <file>', 'shell script that runs when the machine starts')
    .option('--label <text>', 'a name to find it by')
    .option('--health-port <port>', 'ready is when this port answers; it has to be among --port', whole)
    .option('--health-path <path>', 'default /')
    .option('--health-timeout <time>', 'how long that may take once it is up (default 10m)', timeSpan)
    .addOption(
      new Option('--on-interruption <what>', 'when the marketplace takes it back (default relaunch)').choices([
        'relaunch',
        'wait',
        'end',
      ]),
    )
    .option('--idle-timeout <time>', 'stop it when nobody used it for so long, such as 30m; at least 5m', timeSpan)
    .addOption(new Option('--idle-action <what>', 'what happens then (default stop)').choices(['stop', 'terminate']))
    .option(
      '--idle-busy-above <percent>',
      'a GPU that works more than this is in use, where the marketplace tells (default 10); off: not looked at',
      (text: string) => (text === 'off' ? text : amount(text)),
    )
    .option('--max-lifetime <time>', 'end it so long after it was first up, such as 8h', timeSpan)
    .option('--budget <usd>', 'the most that it may cost in all', dollars)
    .addOption(
      new Option('--budget-action <what>', 'what happens when that is spent (default stop)').choices([
        'stop',
        'terminate',
      ]),
    )
    .option('--on-demand-after <time>', 'take an on-demand machine after so long without a spot one', timeSpan)
    .option('--bid-factor <n>', 'bid so many times the lowest bid that wins, 1 to 3 (default 1.1)', amount)
    .option('--checkpoint <command>', 'runs on the machine before it is stopped or taken')
    .option('--checkpoint-timeout <time>', 'how long that may take (default 2m)', timeSpan)
    .option('--dead-man <time>', 'it ends itself after so long without a word from the server', timeSpan)
    .option('--idempotency-key <key>', 'the same key with the same request launches only once')
    .option('--dry-run', 'show what would be tried, rent nothing')
    .option('-y, --yes', 'do not ask')
    .option('--wait', 'wait until it is ready (default)')
    .option('--no-wait', 'return as soon as the wish is written down')
    .option('--timeout <time>', 'wait no longer than this; the launch goes on', timeSpan)
    .addHelpText(
      'after',
      `
Example:
  gpufleet launch --gpu "RTX 4090" --max-price 0.50 --market any --port 8000/http \\
    --image vllm/vllm-openai:latest --env HF_TOKEN --health-port 8000 --health-path /health`,
    )
    .action((options: LaunchOptions) => run((context) => launch(options, context)))
}

export async function launch(options: LaunchOptions, context: Context): Promise<ExitCode> {
  const { client, json, out, terminal, warn } = context
  const request = launchRequestFrom(options, context)
  const mayAsk = terminal.input && terminal.errors
  if (!options.dryRun && !options.yes && !mayAsk) {
    throw wrongUsage('renting costs money, and there is nobody to ask', 'add --yes to rent, or --dry-run to look')
  }

  const plan = await client.planInstance(request)
  sayWarnings(plan.warnings, context)
  if (options.dryRun && json) printJson(plan.data, context)
  if (plan.data.offers.length === 0) return nothingFits(request, context)
  if (!json) for (const line of planLines(plan.data, request, context)) out(line)
  if (options.dryRun) return exitCodes.ok
  if (request.ssh_public_key === undefined && options.sshKey !== false) {
    warn(`no SSH key goes along: there is no ${defaultSshKey(context)}. --ssh-key FILE sends another`)
  }
  if (!options.yes && !(await confirmed(context))) {
    context.err('Nothing was rented.')
    return context.interrupted.aborted ? exitCodes.interrupted : exitCodes.error
  }
  if (context.interrupted.aborted) {
    context.err('Interrupted; nothing was rented.')
    return exitCodes.interrupted
  }

  const instance = await ordered(request, options.idempotencyKey ?? context.newKey(), context)
  return options.wait === false ? handedOver(instance, context) : followed(instance, options, context)
}

async function nothingFits(request: LaunchRequest, { client, err, json }: Context): Promise<ExitCode> {
  const { explanation } = await client.searchOffersAdvanced(searchLike(request))
  const why = explanation?.sentence ?? 'the offers that fit failed lately and are avoided for some minutes'
  err(sentence(`nothing on sale fits: ${forTerminal(why)}`))
  if (!json) err('Change what the line above names.')
  return exitCodes.launchFailed
}

function planLines({ offers, disk_gb: diskGb }: LaunchPlan, request: LaunchRequest, context: Context): string[] {
  const shown = offers.slice(0, shownOffers)
  const more = offers.length - shown.length
  const what = request.offer_id === undefined ? 'To be tried, in this order' : 'To be tried, and no other'
  return [
    `${what} (prices with ${diskGb} GB of disk):`,
    '',
    ...offerTable(shown, context),
    ...(more > 0 ? [context.paint.dim(`and ${more} more${upTo(offers, request)}`)] : []),
    '',
  ]
}

/** Without a cap the last of the list may be dear; better said before than found on the bill. */
function upTo(offers: LaunchPlan['offers'], { max_price_per_hour_usd: cap }: LaunchRequest): string {
  const dearest = greatest(offers.map((offer) => offer.price_per_hour_usd)) ?? '0'
  return cap === undefined
    ? `, up to ${perHour(dearest)}; --max-price sets a limit`
    : `, none above ${perHour(String(cap))}`
}

async function confirmed({ ask }: Context): Promise<boolean> {
  return /^y(es)?$/i.test((await ask('Rent the first of these that can be had? [y/N] ')).trim())
}

/** Repeats itself after a lost answer: with the same key that is the same launch. */
async function ordered(request: LaunchRequest, idempotencyKey: string, context: Context): Promise<Instance> {
  for (let tries = 1; ; tries += 1) {
    try {
      return (await context.client.launchInstance(request, { idempotencyKey })).data
    } catch (error) {
      if (!(error instanceof ServerUnreachableError)) throw error
      if (tries < launchTries && !context.interrupted.aborted) {
        context.warn(`${error.message}; asking again, which launches only once …`)
        continue
      }
      throw new CliError(
        `${error.message}. It is not known whether the launch was written down`,
        `when the server is back: \`gpufleet list\` shows it, and the same command with --idempotency-key ${idempotencyKey} launches only once`,
        exitCodes.unreachable,
      )
    }
  }
}

function handedOver(instance: Instance, context: Context): ExitCode {
  if (context.json) context.out(JSON.stringify(instance))
  else {
    context.out(`${nameOf(instance)} is asked for.`)
    context.out(`Follow it with: gpufleet events ${instance.id} --follow`)
  }
  return exitCodes.ok
}

async function followed(asked: Instance, { timeout }: LaunchOptions, context: Context): Promise<ExitCode> {
  const { client, json, out, err } = context
  if (!json) out(`${nameOf(asked)} is asked for. Ctrl-C stops following, not the launch.`)
  const outcome = await follow(asked, { after: 0, until: ends, timeoutMs: timeout }, context).catch((error) => {
    if (!json) err(`${nameOf(asked)} goes on; look at it with: gpufleet show ${asked.id}`)
    throw error
  })
  if (outcome !== 'reached') return stillGoing(outcome, asked, { waitingFor: 'ready', timeoutMs: timeout }, context)

  const { data: instance } = await client.getInstance(asked.id)
  if (json) out(JSON.stringify(instance))
  else for (const line of outcomeLines(instance, context)) out(line)
  return over.has(instance.status) ? exitCodes.launchFailed : exitCodes.ok
}

/** Why it did not come up stands in the step just above. */
function outcomeLines(instance: Instance, { paint }: Context): string[] {
  if (!over.has(instance.status)) return readyLines(instance, paint)
  const { id, status, cost_per_hour_usd: rate, cost_so_far_usd: cost } = instance
  const what = status === 'failed' ? paint.red('The launch failed.') : `It is ${status} before it was ready.`
  const billed = isZero(rate)
    ? 'nothing of it is billed now'
    : `${perHour(rate)} is still billed; see: gpufleet show ${id}`
  return ['', `${what} It cost at most ${usd(cost)}; ${billed}.`]
}

function readyLines(instance: Instance, paint: Context['paint']): string[] {
  const took = duration(Date.parse(instance.status_since) - Date.parse(instance.created_at))
  const price = instance.price_per_hour_usd === null ? [] : [perHour(instance.price_per_hour_usd)]
  const access = accessOf(instance)
  return [
    '',
    `${paint.green('Ready')} after ${took}: ${[machineOf(instance), instance.market, ...price].join(', ')}`,
    '',
    ...facts([...access, ['end it', `gpufleet terminate ${instance.id}`]], paint).map((line) => `  ${line}`),
  ]
}
