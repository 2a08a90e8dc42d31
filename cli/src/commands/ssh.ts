import type { Instance } from '@gpufleet/sdk/api'
import type { Command } from 'commander'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { CliError } from '../failures.ts'
import { findInstance } from '../find-instance.ts'
import { nameOf } from '../instance-lines.ts'
import type { Runner } from '../runner.ts'
import { quoted } from '../text/shell.ts'
import { type Context, printJson } from '../world.ts'

export interface SshOptions {
  print?: boolean
}

export function addSsh(program: Command, run: Runner): void {
  program
    .command('ssh')
    .summary('log in to an instance')
    .argument('<instance>', 'its id, the beginning of its id, or its label')
    .argument('[args...]', 'after --: for ssh itself, or a command to run there')
    .option('--print', 'print the command, do not run it')
    .addHelpText(
      'after',
      `
Examples:
  gpufleet ssh vllm
  gpufleet ssh vllm -- nvidia-smi
  gpufleet ssh vllm -- -L 8000:localhost:8000`,
    )
    .action((name: string, args: string[], options: SshOptions) => run((context) => ssh(name, args, options, context)))
}

/** The system's own ssh, without a shell in between; its exit code is ours. */
export async function ssh(
  name: string,
  extra: readonly string[],
  options: SshOptions,
  context: Context,
): Promise<ExitCode> {
  const instance = await findInstance(name, context)
  const access = accessTo(instance)
  const args = ['-p', String(access.port), `${access.user}@${access.host}`, ...extra]
  if (context.json) {
    printJson({ ...access, command: ['ssh', ...args] }, context)
    return exitCodes.ok
  }
  if (options.print) {
    context.out(['ssh', ...args].map(quoted).join(' '))
    return exitCodes.ok
  }

  try {
    return await context.run('ssh', args)
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'ENOENT') throw error
    throw new CliError('there is no ssh program here', 'install an OpenSSH client; --print shows the command')
  }
}

function accessTo(instance: Instance): NonNullable<Instance['ssh']> {
  const { ssh: access } = instance
  if (access === null) throw noAccess(instance)
  // They come from the marketplace; ssh must not read them as options.
  if (!/^[\w.:][\w.:-]*$/.test(access.host) || !/^[\w.][\w.-]*$/.test(access.user)) {
    throw new CliError(
      `the marketplace names a strange address: ${access.user}@${access.host}`,
      'if you trust it, connect by hand',
    )
  }
  return access
}

function noAccess(instance: Instance): CliError {
  const { id, status, because_text: why } = instance
  return status === 'ready' || status === 'running'
    ? new CliError(
        `${nameOf(instance)} is ${status}, but it has no SSH`,
        'it was launched without a key; launch another with --ssh-key FILE',
        exitCodes.notAllowed,
      )
    : new CliError(
        `nobody can log in to ${nameOf(instance)} now: it is ${status} (${why})`,
        `wait until it is ready; \`gpufleet events ${id} --follow\` shows when`,
        exitCodes.notAllowed,
      )
}
