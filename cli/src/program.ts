import { createClient } from '@gpufleet/sdk'
import { Command, CommanderError } from 'commander'
import packageJson from '../package.json' with { type: 'json' }
import { addAdopt } from './commands/adopt.ts'
import { addAudit } from './commands/audit.ts'
import { addAuditVerify } from './commands/audit-verify.ts'
import { addAvailability } from './commands/availability.ts'
import { addBenchmarks } from './commands/benchmarks.ts'
import { addBills } from './commands/bills.ts'
import { addBudgets } from './commands/budgets.ts'
import { addCosts } from './commands/costs.ts'
import { addEvents } from './commands/events.ts'
import { addExtend } from './commands/extend.ts'
import { addGpuModels } from './commands/gpu-models.ts'
import { addGpus } from './commands/gpus.ts'
import { addKeys } from './commands/keys.ts'
import { addLaunch } from './commands/launch.ts'
import { addList } from './commands/list.ts'
import { addLogs } from './commands/logs.ts'
import { addOffers } from './commands/offers.ts'
import { addOperations } from './commands/operations.ts'
import { addPolicies } from './commands/policies.ts'
import { addProviders } from './commands/providers.ts'
import { addRelease } from './commands/release.ts'
import { addRestart } from './commands/restart.ts'
import { addShow } from './commands/show.ts'
import { addSnooze } from './commands/snooze.ts'
import { addSsh } from './commands/ssh.ts'
import { addStart } from './commands/start.ts'
import { addStats } from './commands/stats.ts'
import { addStop } from './commands/stop.ts'
import { addTemplates } from './commands/templates.ts'
import { addTerminate } from './commands/terminate.ts'
import { addTrends } from './commands/trends.ts'
import { addWebhooks } from './commands/webhooks.ts'
import { type ExitCode, exitCodes, exitCodesHelp } from './exit-codes.ts'
import { failureFrom, wrongUsage } from './failures.ts'
import type { Runner } from './runner.ts'
import { colorsFor } from './text/colors.ts'
import type { Context, World } from './world.ts'

interface GlobalOptions {
  url?: string
  apiKey?: string
  json?: boolean
}

const defaultUrl = 'http://127.0.0.1:8080'
const verbs = [
  addOffers,
  addLaunch,
  addList,
  addShow,
  addSsh,
  addLogs,
  addStop,
  addStart,
  addRestart,
  addTerminate,
  addCosts,
  addBills,
  addBudgets,
  addSnooze,
  addExtend,
  addPolicies,
  addEvents,
  addProviders,
  addGpus,
  addGpuModels,
  addTemplates,
  addStats,
  addTrends,
  addAvailability,
  addBenchmarks,
  addKeys,
  addAudit,
  addAdopt,
  addRelease,
  addAuditVerify,
  addOperations,
  addWebhooks,
]

/** The whole CLI: words in, lines and an exit code out. */
export async function runCli(args: readonly string[], world: World): Promise<ExitCode> {
  const program = new Command('gpufleet')
  let exitCode: ExitCode = exitCodes.ok
  const run: Runner = async (command) => {
    exitCode = await command(contextFrom(program.opts<GlobalOptions>(), world))
  }
  describe(program, world)
  for (const add of verbs) add(program, run)

  try {
    await program.parseAsync(args, { from: 'user' })
    return exitCode
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage
    if (world.interrupted.aborted) return exitCodes.interrupted
    return say(error, program.opts<GlobalOptions>().json === true, world)
  }
}

function describe(program: Command, world: World): void {
  const withoutLineEnd = (text: string) => text.replace(/\n$/, '')
  program
    .description('Rent GPUs by the hour from Vast.ai, RunPod, Lambda Cloud, Paperspace and Novita.')
    .version(packageJson.version)
    .option('--url <url>', `where the server is; or GPUFLEET_URL (default ${defaultUrl})`)
    .option('--api-key <key>', 'others on this machine can see it here; rather set GPUFLEET_API_KEY')
    .option('--json', 'for machines: what the API answered')
    .addHelpText('after', `\n${exitCodesHelp}\n\nThe key comes from GPUFLEET_API_KEY, else from CONTROL_API_KEY.`)
    .showHelpAfterError('fix:   add --help to see what there is')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => world.out(withoutLineEnd(text)),
      writeErr: (text) => world.err(withoutLineEnd(text)),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .exitOverride()
}

function contextFrom(options: GlobalOptions, world: World): Context {
  const { env, err } = world
  const paintErrors = colorsFor(world.terminal.errors, env)
  const warn = (text: string) => err(`${paintErrors.yellow('warning:')} ${text}`)
  const baseUrl = urlFrom(options.url ?? stated(env.GPUFLEET_URL) ?? defaultUrl)
  const apiKey = options.apiKey ?? stated(env.GPUFLEET_API_KEY) ?? stated(env.CONTROL_API_KEY)
  if (apiKey !== undefined && baseUrl.protocol === 'http:' && !isLoopback(baseUrl.hostname)) {
    warn(`the API key travels unencrypted to ${baseUrl.host}; use https, or an SSH tunnel`)
  }
  return {
    ...world,
    client: createClient({ baseUrl: baseUrl.href, apiKey, fetch: watched(world) }),
    json: options.json === true,
    paint: colorsFor(world.terminal.output, env),
    warn,
  }
}

/** Says when the market is not a real one, and lets Ctrl-C end every call but the one whose answer names what is rented. */
function watched({ fetch, err, interrupted }: World): typeof globalThis.fetch {
  let labelled = false
  return async (url, init) => {
    const launches = init?.method === 'POST' && String(url).endsWith('/api/v1/instances')
    const signals = [...(init?.signal ? [init.signal] : []), ...(launches ? [] : [interrupted])]
    const response = await fetch(url, { ...init, ...(signals.length > 0 && { signal: AbortSignal.any(signals) }) })
    const label = response.headers.get('x-market')
    if (label !== null && !labelled) err(`[${label} market: no real machines, no real money]`)
    labelled ||= label !== null
    return response
  }
}

function urlFrom(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url
  throw wrongUsage(`${text} is no address of a server`, `say it like ${defaultUrl}`)
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127(\.\d+){3}$/.test(host)
}

function stated(text: string | undefined): string | undefined {
  return text === undefined || text === '' ? undefined : text
}

/** The message, then the fix on its own line; with --json the same as one line of JSON. */
function say(error: unknown, json: boolean, { err, env, terminal }: World): ExitCode {
  const { lines, fix, code, exitCode } = failureFrom(error)
  if (json) {
    err(JSON.stringify({ error: lines.join('; '), code, fix, exit_code: exitCode }))
  } else {
    const [first = '', ...others] = lines
    err(`${colorsFor(terminal.errors, env).red('error:')} ${first}`)
    for (const line of others) err(`       ${line}`)
    err(`fix:   ${fix}`)
  }
  if (stated(env.GPUFLEET_DEBUG) !== undefined && error instanceof Error) err(error.stack ?? '')
  return exitCode
}
