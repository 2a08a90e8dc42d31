import type { WebhookDelivery } from '@gpufleet/sdk/api'
import type { Command } from 'commander'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { wrongUsage } from '../failures.ts'
import { listedValues } from '../inputs.ts'
import type { Runner } from '../runner.ts'
import { table } from '../text/table.ts'
import { ago } from '../text/time.ts'
import { type Context, printJson } from '../world.ts'

const styles = ['standard', 'contract002'] as const
type Style = (typeof styles)[number]

export interface AddOptions {
  events?: string[]
  style?: string
}

export interface DeliveriesOptions {
  state?: string
}

export function addWebhooks(program: Command, run: Runner): void {
  const webhooks = program.command('webhooks').summary('have events delivered to an address of yours')
  webhooks
    .command('list')
    .summary('those there are')
    .action(() => run(list))
  webhooks
    .command('add')
    .summary('add one, and see its secret this once')
    .argument('<url>', 'where to deliver')
    .option('--events <types>', 'only these: instance.ready, instance.*, fleet.changed …', listedValues)
    .option('--style <style>', 'standard (standardwebhooks.com) or contract002', 'standard')
    .action((url: string, options: AddOptions) => run((context) => add(url, options, context)))
  webhooks
    .command('remove')
    .summary('remove one, with whatever waits for it')
    .argument('<webhook>', 'its id')
    .action((id: string) => run((context) => remove(id, context)))
  webhooks
    .command('test')
    .summary('send a message now, and see what comes of it')
    .argument('<webhook>', 'its id')
    .action((id: string) => run((context) => test(id, context)))
  webhooks
    .command('deliveries')
    .summary('what was delivered, what waits, and what was given up')
    .argument('<webhook>', 'its id')
    .option('--state <state>', 'pending, delivered or dead')
    .action((id: string, options: DeliveriesOptions) => run((context) => deliveries(id, options, context)))
  webhooks
    .command('replay')
    .summary('have a dead letter tried again; without one, all of them')
    .argument('<webhook>', 'its id')
    .argument('[delivery]', 'its id: msg_…')
    .action((id: string, delivery: string | undefined) => run((context) => replay(id, delivery, context)))
}

async function list(context: Context): Promise<ExitCode> {
  const { client, json, out } = context
  const { data } = await client.listWebhooks()
  if (json) {
    printJson(data, context)
    return exitCodes.ok
  }
  if (data.length === 0) {
    out('There are no webhooks yet: gpufleet webhooks add <url>')
    return exitCodes.ok
  }
  const lines = table(
    [{ head: 'ID' }, { head: 'STATE' }, { head: 'STYLE' }, { head: 'EVENTS' }, { head: 'URL' }],
    data.map((one) => [
      one.id,
      one.enabled ? 'on' : `off${one.disabled_because === null ? '' : `: ${one.disabled_because}`}`,
      one.style,
      one.events.length === 0 ? 'all' : one.events.join(', '),
      one.url,
    ]),
    context,
  )
  for (const line of lines) out(line)
  return exitCodes.ok
}

async function add(url: string, { events, style }: AddOptions, context: Context): Promise<ExitCode> {
  const { client, json, out } = context
  const { data } = await client.addWebhook({
    url,
    ...(events !== undefined && { events }),
    ...(style !== undefined && { style: styleFrom(style) }),
  })
  if (json) {
    printJson(data, context)
    return exitCodes.ok
  }
  out(`${data.id} delivers to ${data.url}`)
  out(`secret  ${data.secret}`)
  out(`The secret is shown only now. Try it: gpufleet webhooks test ${data.id}`)
  return exitCodes.ok
}

function styleFrom(text: string): Style {
  const style = styles.find((one) => one === text)
  if (style === undefined) throw wrongUsage(`${text} is no style`, `say ${styles.join(' or ')}`)
  return style
}

async function remove(id: string, context: Context): Promise<ExitCode> {
  const { client, json, out } = context
  const { data } = await client.removeWebhook(id)
  if (json) printJson(data, context)
  else out(`${data.id} is removed`)
  return exitCodes.ok
}

async function test(id: string, context: Context): Promise<ExitCode> {
  const { client, json, out, paint } = context
  const { data } = await client.testWebhook(id)
  if (json) printJson(data, context)
  else out(data.delivered ? paint.green(`taken: HTTP ${data.status}`) : paint.red(`not taken: ${data.error}`))
  return data.delivered ? exitCodes.ok : exitCodes.error
}

async function deliveries(id: string, { state }: DeliveriesOptions, context: Context): Promise<ExitCode> {
  const { client, json, out } = context
  const { data } = await client.listWebhookDeliveries(id, { state: stateFrom(state), limit: 200 })
  if (json) {
    printJson(data, context)
    return exitCodes.ok
  }
  if (data.length === 0) {
    out('Nothing of that kind.')
    return exitCodes.ok
  }
  for (const line of deliveryTable(data, context)) out(line)
  return exitCodes.ok
}

function stateFrom(text: string | undefined): WebhookDelivery['state'] | undefined {
  if (text === undefined || text === 'pending' || text === 'delivered' || text === 'dead') return text
  throw wrongUsage(`${text} is no state`, 'say pending, delivered or dead')
}

function deliveryTable(data: readonly WebhookDelivery[], context: Context): string[] {
  return table(
    [
      { head: 'ID' },
      { head: 'TYPE' },
      { head: 'STATE' },
      { head: 'TRIES', align: 'right' },
      { head: 'MADE', align: 'right' },
      { head: 'LAST', optional: true },
    ],
    data.map((one) => [
      one.id,
      one.type,
      one.state,
      String(one.tries),
      ago(one.created_at, context.now()),
      one.last_error ?? (one.last_status === null ? '' : `HTTP ${one.last_status}`),
    ]),
    context,
  )
}

async function replay(id: string, delivery: string | undefined, context: Context): Promise<ExitCode> {
  const { client, json, out } = context
  const chosen = delivery === undefined ? await deadOnes(id, context) : [delivery]
  const replayed = []
  for (const one of chosen) replayed.push((await client.replayWebhookDelivery(id, one)).data)
  if (json) printJson(replayed, context)
  else out(replayed.length === 0 ? 'There is no dead letter.' : `${replayed.length} will be tried again`)
  return exitCodes.ok
}

async function deadOnes(id: string, { client }: Context): Promise<string[]> {
  const found: string[] = []
  for (let cursor: number | undefined; ; ) {
    const page = await client.listWebhookDeliveries(id, { state: 'dead', limit: 200, cursor })
    found.push(...page.data.map((one) => one.id))
    if (page.next_cursor === null) return found
    cursor = page.next_cursor
  }
}
