import type { Command } from 'commander'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { findInstance } from '../find-instance.ts'
import { whole } from '../inputs.ts'
import { nameOf } from '../instance-lines.ts'
import type { Runner } from '../runner.ts'
import { type Context, printJson } from '../world.ts'

export interface LogsOptions {
  tail?: number
}

export function addLogs(program: Command, run: Runner): void {
  program
    .command('logs')
    .summary('the last lines that its machine printed')
    .argument('<instance>', 'its id, the beginning of its id, or its label')
    .option('--tail <n>', 'how many lines (default 100)', whole)
    .action((name: string, options: LogsOptions) => run((context) => logs(name, options, context)))
}

export async function logs(name: string, { tail }: LogsOptions, context: Context): Promise<ExitCode> {
  const instance = await findInstance(name, context)
  const { data } = await context.client.getInstanceLogs(instance.id, { tail })
  if (context.json) printJson(data, context)
  else if (data.length === 0) context.err(`The machine of ${nameOf(instance)} has printed nothing yet.`)
  else for (const line of data) context.out(line)
  return exitCodes.ok
}
