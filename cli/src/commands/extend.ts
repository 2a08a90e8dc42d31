import type { Command } from 'commander'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { findInstance } from '../find-instance.ts'
import { timeSpan } from '../inputs.ts'
import { nameOf } from '../instance-lines.ts'
import type { Runner } from '../runner.ts'
import { type Context, printJson } from '../world.ts'

export function addExtend(program: Command, run: Runner): void {
  program
    .command('extend')
    .summary('let an instance live longer than its maximum lifetime says')
    .argument('<instance>', 'its id, the beginning of its id, or its label')
    .argument('<time>', 'on top of what it has, such as 2h', timeSpan)
    .action((name: string, time: number) => run((context) => extend(name, time, context)))
}

async function extend(name: string, timeMs: number, context: Context): Promise<ExitCode> {
  const found = await findInstance(name, context)
  const { data: instance } = await context.client.extendInstance(found.id, { hours: timeMs / 3_600_000 })
  if (context.json) printJson(instance, context)
  else context.out(`${nameOf(instance)} ${instance.lease?.text ?? 'has no maximum lifetime'}.`)
  return exitCodes.ok
}
