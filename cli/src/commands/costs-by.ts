import type { CostRow, CostSums, Costs } from '@gpufleet/sdk/api'
import { type Command, Option } from 'commander'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { wrongUsage } from '../failures.ts'
import { findInstance } from '../find-instance.ts'
import { usd } from '../text/money.ts'
import { table } from '../text/table.ts'
import { type Context, printJson } from '../world.ts'

const groups = ['instance', 'provider', 'gpu', 'label', 'project', 'market', 'day'] as const
type Group = (typeof groups)[number]

export interface GroupOptions {
  by?: Group | 'charge'
  from?: string
  until?: string
  project?: string
  provider?: string
  label?: string
  csv?: string
}

export function addGroupOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--by <what>', 'what was spent within a range of time; charge: with --csv').choices([
        ...groups,
        'charge',
      ]),
    )
    .option('--from <day>', 'from this day or moment, UTC (default: this month)')
    .option('--until <day>', 'until just before it (default: now)')
    .option('--project <name>', 'only of this project')
    .option('--provider <name>', 'only at this marketplace')
    .option('--label <text>', 'only of instances with this label')
    .option('--csv <file>', 'as CSV into a file, exact; by charge unless --by says otherwise')
}

/** Whether a range of time is asked for, rather than what costs now. */
export function isGrouped({ all: _, ...options }: GroupOptions & { all?: boolean }): boolean {
  return Object.values(options).some((value) => value !== undefined)
}

export async function groupedCosts(
  name: string | undefined,
  { by, csv, from, until, project, provider, label }: GroupOptions,
  context: Context,
): Promise<ExitCode> {
  const { client, json, out } = context
  const instanceId = name === undefined ? undefined : (await findInstance(name, context)).id
  const query = { from, until, project, provider, label, instance_id: instanceId }
  if (csv !== undefined) {
    await context.writeFile(csv, client.exportCosts({ ...query, group_by: by }, { signal: context.interrupted }))
    out(`Wrote ${csv}.`)
    return exitCodes.ok
  }
  if (by === 'charge') {
    throw wrongUsage('one line for each charge is for a file', 'add --csv costs.csv, or group by something else')
  }
  const { data: costs } = await client.getCosts({ ...query, group_by: by })
  if (json) {
    printJson(costs, context)
    return exitCodes.ok
  }
  out(`From ${costs.from.slice(0, 16)} until ${costs.until.slice(0, 16)} UTC, by ${costs.group_by}`)
  for (const line of costTable(costs, context)) out(line)
  if (costs.left_out > 0) out(`and ${costs.left_out} more; --csv has all of them`)
  return exitCodes.ok
}

function costTable({ group_by: by, rows, total }: Costs, context: Context): string[] {
  const amounts = (row: CostSums) => [
    usd(row.cost_usd),
    row.exact ? '' : `at least ${usd(row.cost_at_least_usd)}`,
    usd(row.gpu_usd),
    usd(row.disk_usd),
    usd(row.traffic_usd),
    row.hours.toFixed(2),
    String(row.instances),
  ]
  return table(
    [
      { head: by.toUpperCase() },
      { head: 'COST', align: 'right' },
      { head: '' },
      { head: 'GPU', align: 'right', optional: true },
      { head: 'DISK', align: 'right', optional: true },
      { head: 'TRAFFIC', align: 'right', optional: true },
      { head: 'HOURS', align: 'right' },
      { head: 'INSTANCES', align: 'right', optional: true },
    ],
    [...rows.map((row: CostRow) => [row.key ?? '-', ...amounts(row)]), ['in all', ...amounts(total)]],
    context,
  )
}
