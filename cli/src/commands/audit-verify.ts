import type { Command } from 'commander'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import type { Runner } from '../runner.ts'
import { type Context, printJson } from '../world.ts'

/** Below `gpufleet audit`, wherever that comes from. */
export function addAuditVerify(program: Command, run: Runner): void {
  const audit =
    program.commands.find((command) => command.name() === 'audit') ??
    program.command('audit').summary('what can be proven about the past')
  audit
    .command('verify')
    .summary('check that nobody has tampered with the audit log, the operations log and the charges')
    .description(
      'Reads both logs from end to end, and compares every charge that has ended with what was logged of it. Ends with 1 when an entry is not what it was when it was written.',
    )
    .action(() => run(auditVerify))
}

export async function auditVerify(context: Context): Promise<ExitCode> {
  const { client, json, out, paint } = context
  const { data } = await client.verifyAudit()
  const exitCode = data.ok ? exitCodes.ok : exitCodes.error
  if (json) {
    printJson(data, context)
    return exitCode
  }
  const { first_broken: broken } = data
  out(
    broken === null
      ? paint.green(`whole: ${data.checked} entries are as they were written`)
      : paint.red(`broken: in ${broken.log === 'charges' ? 'the ledger' : `the log of ${broken.log}`}, ${broken.what}`),
  )
  for (const head of data.heads) {
    out(
      head.last_id === null
        ? `${head.log}: no entries yet`
        : `${head.log}: ends with entry ${head.last_id}, ${head.last_hash || 'no hash yet'}`,
    )
    if (head.unchained > 0)
      out(`${head.log}: ${head.unchained} entries are older than the chain; nothing vouches for them`)
  }
  out(`charges: ${data.charges.checked} are as they ended`)
  if (data.charges.unrecorded > 0) {
    out(`charges: ${data.charges.unrecorded} ended before the log told of any; nothing vouches for them`)
  }
  if (data.ok) out('Note the hashes somewhere else: whoever has them can tell that nothing before was rewritten.')
  return exitCode
}
