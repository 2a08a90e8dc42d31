import { type Command, InvalidArgumentError } from 'commander'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { findInstance } from '../find-instance.ts'
import { nameOf } from '../instance-lines.ts'
import type { Runner } from '../runner.ts'
import { type Context, printJson } from '../world.ts'

export function addSnooze(program: Command, run: Runner): void {
  program
    .command('snooze')
    .summary('do not stop an instance for being idle for a while')
    .argument('<instance>', 'its id, the beginning of its id, or its label')
    .argument('[minutes]', 'from now (default 60)', minutes)
    .action((name: string, time: number | undefined) => run((context) => snooze(name, time ?? 60, context)))
}

export async function snooze(name: string, time: number, context: Context): Promise<ExitCode> {
  const found = await findInstance(name, context)
  const { data: instance } = await context.client.snoozeInstance(found.id, { minutes: time })
  if (context.json) printJson(instance, context)
  else
    context.out(`${nameOf(instance)} is not stopped for being idle for ${time} min. ${instance.idle_text ?? ''}`.trim())
  return exitCodes.ok
}

function minutes(text: string): number {
  if (!/^[1-9]\d{0,4}$/.test(text)) throw new InvalidArgumentError('Say minutes, such as 90.')
  return Number(text)
}
