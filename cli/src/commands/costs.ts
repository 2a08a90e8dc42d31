import type { InstanceCosts } from '@gpufleet/sdk/api'
import type { Command } from 'commander'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { findInstance } from '../find-instance.ts'
import { nameOf } from '../instance-lines.ts'
import type { Runner } from '../runner.ts'
import { isZero, perHour, sum, usd } from '../text/money.ts'
import { facts, table } from '../text/table.ts'
import { duration, localTime } from '../text/time.ts'
import { type Context, printJson } from '../world.ts'
import { addGroupOptions, type GroupOptions, groupedCosts, isGrouped } from './costs-by.ts'

export interface CostsOptions extends GroupOptions {
  all?: boolean
}

export function addCosts(program: Command, run: Runner): void {
  const command = program
    .command('costs')
    .summary('what an instance costs; without one, what all of them cost; or what was spent, by anything')
    .argument('[instance]', 'its id, the beginning of its id, or its label')
    .option('-a, --all', 'without an instance: those that have ended as well')
  addGroupOptions(command).action((name: string | undefined, options: CostsOptions) =>
    run((context) => {
      if (isGrouped(options)) return groupedCosts(name, options, context)
      return name === undefined ? costsOfAll(options, context) : costsOfOne(name, context)
    }),
  )
}

export async function costsOfOne(name: string, context: Context): Promise<ExitCode> {
  const { client, json, out, paint } = context
  const instance = await findInstance(name, context)
  const { data: costs } = await client.getInstanceCosts(instance.id)
  if (json) {
    printJson(costs, context)
    return exitCodes.ok
  }
  out(`${nameOf(instance)}, ${costs.status}`)
  out('')
  for (const line of facts(summaryOf(costs), paint)) out(line)
  if (costs.charges.length === 0) return exitCodes.ok
  out('')
  for (const line of chargeTable(costs, context)) out(line)
  return exitCodes.ok
}

function summaryOf(costs: InstanceCosts): [string, string][] {
  const soFar = costs.exact
    ? `${usd(costs.cost_so_far_usd)}, exactly`
    : `between ${usd(costs.cost_at_least_usd)} and ${usd(costs.cost_so_far_usd)}`
  const traffic: [string, string][] = isZero(costs.traffic_usd)
    ? []
    : [['traffic', `${usd(costs.traffic_usd)} besides`]]
  if (isZero(costs.cost_per_hour_usd)) return [['so far', soFar], ...traffic, ['billed now', 'nothing']]
  return [
    ['so far', soFar],
    ...traffic,
    ['billed now', perHour(costs.cost_per_hour_usd)],
    [
      'if it stays',
      `${usd(costs.projected_per_day_usd, 2)} a day, ${usd(costs.projected_per_month_usd, 2)} in 30 days`,
    ],
  ]
}

function chargeTable({ charges, at }: InstanceCosts, context: Context): string[] {
  return table(
    [
      { head: 'ATTEMPT', align: 'right' },
      { head: 'WHAT' },
      { head: 'PER HOUR', align: 'right' },
      { head: 'FROM' },
      { head: 'FOR', align: 'right' },
      { head: 'AMOUNT', align: 'right' },
      { head: '' },
    ],
    charges.map((charge) => [
      String(charge.attempt),
      charge.kind,
      charge.rate_per_hour_usd === null ? '-' : usd(charge.rate_per_hour_usd),
      localTime(charge.started_after),
      duration(Date.parse(charge.ended_before ?? at) - Date.parse(charge.started_after)),
      usd(charge.amount_usd),
      [charge.ended_before === null ? 'still billed' : '', charge.exact ? '' : 'at most'].filter(Boolean).join(', '),
    ]),
    context,
  )
}

export async function costsOfAll({ all }: CostsOptions, context: Context): Promise<ExitCode> {
  const { client, json, out } = context
  const instances = []
  for (let cursor: string | undefined; ; ) {
    const page = await client.listInstances({ status: all === true ? undefined : 'active', limit: 200, cursor })
    instances.push(...page.data)
    if (page.next_cursor === null) break
    cursor = page.next_cursor
  }
  if (json) {
    printJson(instances, context)
    return exitCodes.ok
  }
  if (instances.length === 0) {
    out(
      all === true
        ? 'You have had no instances yet.'
        : 'Nothing is billed: you have no instances now. `gpufleet costs --all` shows what those that have ended cost.',
    )
    return exitCodes.ok
  }
  const total = [
    '',
    '',
    'in all',
    usd(sum(instances.map((one) => one.cost_per_hour_usd))),
    usd(sum(instances.map((one) => one.cost_so_far_usd))),
  ]
  const lines = table(
    [
      { head: 'ID' },
      { head: 'LABEL' },
      { head: 'STATUS' },
      { head: 'PER HOUR NOW', align: 'right' },
      { head: 'SO FAR', align: 'right' },
    ],
    [
      ...instances.map((one) => [
        one.id,
        one.label ?? '-',
        one.status,
        usd(one.cost_per_hour_usd),
        usd(one.cost_so_far_usd),
      ]),
      total,
    ],
    context,
  )
  for (const line of lines) out(line)
  return exitCodes.ok
}
