import type { Command } from 'commander'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { listedValues, whole } from '../inputs.ts'
import { instanceTable } from '../instance-lines.ts'
import type { Runner } from '../runner.ts'
import { perHour, sum } from '../text/money.ts'
import { counted } from '../text/words.ts'
import { type Context, printJson } from '../world.ts'

export interface ListOptions {
  all?: boolean
  status?: string[]
  provider?: string
  label?: string
  limit?: number
}

export function addList(program: Command, run: Runner): void {
  program
    .command('list')
    .alias('ls')
    .summary('your instances, newest first')
    .description('Your instances that have not ended, newest first.')
    .option('-a, --all', 'those that have ended as well')
    .option('--status <name>', 'only these, such as ready or failed; again for more', listedValues)
    .option('--provider <name>', 'only this marketplace')
    .option('--label <text>', 'only with this label')
    .option('--limit <n>', 'how many to show, at most 200 (default 50)', whole)
    .action((options: ListOptions) => run((context) => list(options, context)))
}

export async function list(options: ListOptions, context: Context): Promise<ExitCode> {
  const { client, json, out } = context
  const status = options.status?.join(',') ?? (options.all === true ? undefined : 'active')
  const { data, next_cursor: next } = await client.listInstances({
    status,
    provider: options.provider,
    label: options.label,
    limit: options.limit,
  })
  if (json) {
    printJson(data, context)
    return exitCodes.ok
  }

  if (data.length === 0) {
    out(status === 'active' ? 'You have no instances now. `gpufleet list --all` shows those that have ended.' : 'None.')
    return exitCodes.ok
  }
  for (const line of instanceTable(data, context)) out(line)
  out('')
  const rate = perHour(sum(data.map((one) => one.cost_per_hour_usd)))
  out(`${counted(data.length, 'instance')}, ${rate} in all${next === null ? '' : '; there are more: --limit'}`)
  return exitCodes.ok
}
