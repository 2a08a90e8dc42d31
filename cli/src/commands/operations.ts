import type { Operation } from '@gpufleet/sdk/api'
import type { Command } from 'commander'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { findInstance } from '../find-instance.ts'
import { whole } from '../inputs.ts'
import type { Runner } from '../runner.ts'
import { table } from '../text/table.ts'
import { localTime } from '../text/time.ts'
import { type Context, printJson } from '../world.ts'

export interface OperationsOptions {
  provider?: string
  outcome?: string
  failed?: boolean
  limit?: number
}

export function addOperations(program: Command, run: Runner): void {
  program
    .command('operations')
    .summary('every call to a marketplace, the newest first')
    .argument('[instance]', 'only about this one: its id, the beginning of its id, or its label')
    .option('--provider <name>', 'only to this marketplace')
    .option('--outcome <word>', 'only those that ended so: 2xx, 429, 5xx, timeout, network, not_sent …')
    .option('--failed', 'only those that did not go well')
    .option('--limit <n>', 'how many (default 50)', whole)
    .action((name: string | undefined, options: OperationsOptions) =>
      run((context) => operations(name, options, context)),
    )
}

export async function operations(
  name: string | undefined,
  { provider, outcome, failed, limit = 50 }: OperationsOptions,
  context: Context,
): Promise<ExitCode> {
  const { client, json, out } = context
  const instanceId = name === undefined ? undefined : (await findInstance(name, context)).id
  const { data } = await client.listOperations({
    instance_id: instanceId,
    provider,
    outcome: failed === true ? 'failed' : outcome,
    limit,
  })
  if (json) {
    printJson(data, context)
    return exitCodes.ok
  }
  if (data.length === 0) {
    out('No such call is in the log.')
    return exitCodes.ok
  }
  for (const line of operationTable(data, context)) out(line)
  return exitCodes.ok
}

function operationTable(data: readonly Operation[], context: Context): string[] {
  return table(
    [
      { head: 'AT' },
      { head: 'PROVIDER' },
      { head: 'OPERATION' },
      { head: 'OUTCOME' },
      { head: 'TOOK', align: 'right' },
      { head: 'TRY', align: 'right' },
      { head: 'INSTANCE' },
      { head: 'ERROR', optional: true },
    ],
    data.map((one) => [
      localTime(one.at),
      one.provider,
      one.operation,
      one.status === null ? one.outcome : `${one.outcome} (${one.status})`,
      `${one.duration_ms} ms`,
      String(one.attempt),
      one.instance_id ?? '-',
      one.error ?? '',
    ]),
    context,
  )
}
