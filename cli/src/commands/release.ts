import type { Command } from 'commander'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { findInstance } from '../find-instance.ts'
import { nameOf } from '../instance-lines.ts'
import type { Runner } from '../runner.ts'
import { type Context, printJson } from '../world.ts'

export function addRelease(program: Command, run: Runner): void {
  program
    .command('release')
    .summary('say that a machine is gone, where no key shows it any more')
    .description(
      'Say that the machine of an instance is gone, where no key shows it any more. From then on nobody looks after it. While the marketplace can be asked, only its word counts.',
    )
    .argument('<instance>', 'its id, the beginning of its id, or its label')
    .requiredOption('--reason <text>', 'how you know that it is gone; it stays in the events')
    .action((name: string, { reason }: { reason: string }) => run((context) => release(name, reason, context)))
}

export async function release(name: string, reason: string, context: Context): Promise<ExitCode> {
  const { client, json, out } = context
  const { id } = await findInstance(name, context)
  const { data } = await client.releaseInstance(id, { confirm: true, reason })
  if (json) printJson(data, context)
  else out(`${nameOf(data)} is released: nobody looks after a machine of it any more.`)
  return exitCodes.ok
}
