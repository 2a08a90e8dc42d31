import type { Provider } from '@gpufleet/sdk/api'
import type { Command } from 'commander'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import type { Runner } from '../runner.ts'
import { usd } from '../text/money.ts'
import { table } from '../text/table.ts'
import { ago } from '../text/time.ts'
import { type Context, printJson } from '../world.ts'

export interface ProvidersOptions {
  balances?: boolean
}

export function addProviders(program: Command, run: Runner): void {
  program
    .command('providers')
    .summary('the marketplaces, what they can do, and how they are')
    .option('--balances', 'ask each for the account’s balance')
    .action((options: ProvidersOptions) => run((context) => providers(options, context)))
}

export async function providers({ balances }: ProvidersOptions, context: Context): Promise<ExitCode> {
  const { client, json, out, now, warn } = context
  const { data } = await client.listProviders({ balances: balances === true ? 'true' : undefined })
  if (json) {
    printJson(data, context)
    return exitCodes.ok
  }
  const lines = table(
    [
      { head: 'PROVIDER' },
      { head: 'STATE' },
      { head: 'OFFERS', align: 'right' },
      { head: 'SEEN', align: 'right' },
      { head: 'MARKETS' },
      { head: 'RUNS' },
      { head: 'STOP' },
      { head: 'BILLED BY THE', align: 'right' },
      ...(balances === true ? [{ head: 'BALANCE', align: 'right' as const }] : []),
    ],
    data.map((one) => [
      one.name,
      stateOf(one),
      `${one.offers}${one.offers_sampled ? '+' : ''}`,
      one.offers_seen_at === null ? '-' : ago(one.offers_seen_at, now()),
      one.abilities.has_spot ? 'on_demand, spot' : 'on_demand',
      one.abilities.runs,
      stopOf(one),
      stepOf(one),
      ...(balances === true ? [balanceOf(one)] : []),
    ]),
    context,
  )
  for (const line of lines) out(line)
  if (data.some((one) => one.offers_sampled)) {
    out('')
    out('+ shows only the cheapest of what is searched for.')
  }
  for (const { name, last_error: trouble } of data) if (trouble !== null) warn(`${name}: ${trouble}`)
  return exitCodes.ok
}

function stateOf({ is_configured: configured, is_enabled: enabled, last_error: trouble }: Provider): string {
  if (!configured) return 'no key'
  if (!enabled) return 'switched off'
  return trouble === null ? 'ok' : 'trouble'
}

function stopOf({ abilities, billing }: Provider): string {
  if (!abilities.can_stop) return 'no'
  return billing.while_stopped === 'disk' ? 'yes, disk billed' : 'yes, free'
}

function stepOf({ billing: { step_seconds: step } }: Provider): string {
  if (step <= 1) return 'second'
  if (step === 60) return 'minute'
  return step === 3600 ? 'hour' : `${step} s`
}

function balanceOf({ accounts }: Provider): string {
  const known = accounts.flatMap(({ balance_usd: balance }) => (balance === null ? [] : [usd(balance, 2)]))
  return known.length === 0 ? '-' : known.join(', ')
}
