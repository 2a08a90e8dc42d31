import type { Command } from 'commander'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { machineOf, nameOf } from '../instance-lines.ts'
import type { Runner } from '../runner.ts'
import { type Context, printJson } from '../world.ts'

export interface AdoptOptions {
  account?: string
  label?: string
  project?: string
}

export function addAdopt(program: Command, run: Runner): void {
  program
    .command('adopt')
    .summary('take over a machine that was not launched from here')
    .description(
      'Take over a machine that was not launched from here: it becomes an instance like any other. `gpufleet audit` lists the ones there are.',
    )
    .argument('<provider>', 'where it is, such as vast')
    .argument('<machine>', 'the marketplace’s own id of it')
    .option('--account <name>', 'main or second; without it, whichever has the machine')
    .option('--label <text>', 'what it is called here')
    .option('--project <name>', 'whose it is')
    .action((provider: string, machine: string, options: AdoptOptions) =>
      run((context) => adopt(provider, machine, options, context)),
    )
}

export async function adopt(
  provider: string,
  machine: string,
  options: AdoptOptions,
  context: Context,
): Promise<ExitCode> {
  const { client, json, out } = context
  const { data } = await client.adoptInstance({ provider, machine_id: machine, ...options })
  if (json) {
    printJson(data, context)
    return exitCodes.ok
  }
  out(`${nameOf(data)} has machine ${machine} now: ${machineOf(data)}, ${data.status}.`)
  out('What it runs is not known here, so it is not replaced when it is lost.')
  return exitCodes.ok
}
