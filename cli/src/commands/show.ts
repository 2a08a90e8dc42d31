import type { Instance } from '@gpufleet/sdk/api'
import type { Command } from 'commander'
import { forTerminal } from '../api-words.ts'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { findInstance } from '../find-instance.ts'
import { accessOf, machineOf, painted } from '../instance-lines.ts'
import type { Runner } from '../runner.ts'
import { isZero, perHour, usd } from '../text/money.ts'
import { facts } from '../text/table.ts'
import { ago, localTime, roughly } from '../text/time.ts'
import { type Context, printJson } from '../world.ts'

export function addShow(program: Command, run: Runner): void {
  program
    .command('show')
    .summary('one instance: how it is, what it costs, how to reach it')
    .argument('<instance>', 'its id, the beginning of its id, or its label')
    .action((name: string) => run((context) => show(name, context)))
}

export async function show(name: string, context: Context): Promise<ExitCode> {
  const instance = await findInstance(name, context)
  if (context.json) printJson(instance, context)
  else for (const line of facts(factsOf(instance, context), context.paint)) context.out(line)
  return exitCodes.ok
}

function factsOf(instance: Instance, { now, paint }: Context): [string, string | null][] {
  const { price_per_hour_usd: price, max_price_per_hour_usd: cap, cost_per_hour_usd: rate } = instance
  const priced = price === null ? null : `${perHour(price)}${cap === null ? '' : ` (at most ${perHour(cap)})`}`
  return [
    ['id', instance.id],
    ['label', instance.label],
    ['status', `${painted(instance.status, paint)} for ${roughly(now() - Date.parse(instance.status_since))}`],
    ['why', forTerminal(instance.because_text)],
    ['message', instance.message === null ? null : forTerminal(instance.message)],
    ['machine', machineOf(instance)],
    ['market', instance.market],
    ['price', priced],
    ['billed now', isZero(rate) ? 'nothing' : perHour(rate)],
    ['cost so far', `${usd(instance.cost_so_far_usd)} at most`],
    ['idle', instance.idle_text],
    ['lease', instance.lease === null ? null : instance.lease.text],
    ['budget', budgetOf(instance)],
    ['image', instance.image],
    ['disk', `${instance.storage_gb} GB`],
    ['environment', Object.keys(instance.environment).join(', ') || null],
    ...accessOf(instance),
    ['attempts', String(instance.attempt)],
    ['marketplace id', instance.provider_id],
    [
      'it says',
      [instance.provider_status, instance.provider_message].filter((said) => said !== null).join(': ') || null,
    ],
    ['last seen', instance.last_seen_at === null ? null : ago(instance.last_seen_at, now())],
    ['launched', `${localTime(instance.created_at)} (${ago(instance.created_at, now())})`],
    ['ended', instance.ended_at === null ? null : `${localTime(instance.ended_at)} (${ago(instance.ended_at, now())})`],
  ]
}

/** `$0.12 of $5.00, then stop; at this rate the budget ends on Tuesday 14:20 UTC` */
function budgetOf({ budget }: Instance): string | null {
  if (budget === null) return null
  const { spent_usd: spent, limit_usd: limit, action, forecast } = budget
  return [`${usd(spent, 2)} of ${usd(limit, 2)}, then ${action}`, ...(forecast === null ? [] : [forecast.text])].join(
    '; ',
  )
}
