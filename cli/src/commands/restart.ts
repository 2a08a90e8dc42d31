import type { Command } from 'commander'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { findInstance } from '../find-instance.ts'
import { nameOf } from '../instance-lines.ts'
import type { Runner } from '../runner.ts'
import { type Context, printJson } from '../world.ts'

export function addRestart(program: Command, run: Runner): void {
  program
    .command('restart')
    .summary('restart the machine of an instance in place')
    .argument('<instance>', 'its id, the beginning of its id, or its label')
    .action((name: string) => run((context) => restart(name, context)))
}

/** The marketplace has answered when this returns, so there is nothing to wait for. */
export async function restart(name: string, context: Context): Promise<ExitCode> {
  const found = await findInstance(name, context)
  const { data: instance } = await context.client.restartInstance(found.id)
  if (context.json) printJson(instance, context)
  else context.out(`The marketplace restarts ${nameOf(instance)}; see how it is with: gpufleet show ${instance.id}`)
  return exitCodes.ok
}
