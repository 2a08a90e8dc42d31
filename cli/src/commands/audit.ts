import type { Finding, Reconciliation } from '@gpufleet/sdk/api'
import type { Command } from 'commander'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import type { Runner } from '../runner.ts'
import type { Colors } from '../text/colors.ts'
import { perHour } from '../text/money.ts'
import { table } from '../text/table.ts'
import { ago } from '../text/time.ts'
import { counted } from '../text/words.ts'
import { type Context, printJson } from '../world.ts'

export interface AuditOptions {
  now?: boolean
}

export function addAudit(program: Command, run: Runner): void {
  program
    .command('audit')
    .summary('everything that is billed, and whose it is')
    .description(
      'Everything that your accounts bill, and whose it is. Ends with 1 when something of ours is billed that nothing explains, or when an account could not be checked.',
    )
    .option('--now', 'look at every account first; otherwise what was found last, at most two minutes ago')
    .action((options: AuditOptions) => run((context) => audit(options, context)))
}

export async function audit({ now: lookNow }: AuditOptions, context: Context): Promise<ExitCode> {
  const { client, json, out } = context
  const { data } = lookNow === true ? await client.runReconciliation() : await client.getReconciliation()
  const exitCode = isProven(data) ? exitCodes.ok : exitCodes.error
  if (json) {
    printJson(data, context)
    return exitCode
  }
  if (data.findings.length === 0 && data.unseen.length === 0) out('Nothing is billed, as far as we know.')
  if (data.findings.length > 0) for (const line of findingTable(data.findings, context)) out(line)
  for (const line of unseenLines(data, context)) out(line)
  out('')
  for (const line of summaryOf(data, context)) out(line)
  return exitCode
}

function isProven({ accounts, totals }: Reconciliation): boolean {
  const checked = accounts.every(({ checked_at: at, error }) => at !== null && error === null)
  return totals.unexplained === 0 && accounts.length > 0 && checked
}

function findingTable(findings: readonly Finding[], context: Context): string[] {
  const { paint, now } = context
  return table(
    [
      { head: 'PROVIDER' },
      { head: 'WHAT' },
      { head: 'ID' },
      { head: 'LABEL', optional: true },
      { head: 'OWNER' },
      { head: 'VERDICT' },
      { head: 'BILLED NOW', align: 'right' },
      { head: 'SEEN SINCE', align: 'right', optional: true },
    ],
    findings.map((one) => [
      one.account === 'main' ? one.provider : `${one.provider} (${one.account})`,
      one.kind.replace('_', ' '),
      one.id,
      one.label ?? '-',
      one.instance_id ?? 'nobody here',
      painters[one.verdict](paint)(one.verdict.replace('_', ' ')),
      one.rate_per_hour_usd === null ? 'not told' : perHour(one.rate_per_hour_usd),
      ago(one.since, now()),
    ]),
    context,
  )
}

/** What is newer than the last check may be billed already. */
function unseenLines({ unseen }: Reconciliation, { paint, now }: Context): string[] {
  return unseen.map((one) => {
    const machine = one.id === null ? one.label : `machine ${one.id}`
    const state = one.state.replace('_', ' ')
    const price = perHour(one.price_per_hour_usd)
    return paint.yellow(
      `${state}: ${machine} at ${one.provider} (${one.account}) for ${one.instance_id}, asked for ${ago(one.asked_at, now())} at ${price}; in no sum below`,
    )
  })
}

const painters: Record<Finding['verdict'], (paint: Colors) => (text: string) => string> = {
  wanted: (paint) => paint.green,
  ending: (paint) => paint.yellow,
  ours_unwanted: (paint) => paint.red,
  ours_unknown: (paint) => paint.red,
  foreign: (paint) => paint.dim,
}

function summaryOf({ accounts, findings, totals }: Reconciliation, { paint, now }: Context): string[] {
  const unknown = totals.unknown_rates === 0 ? '' : ` (without ${totals.unknown_rates} that do not tell what they cost)`
  const lines = [
    `${counted(totals.machines, 'machine')} and ${counted(totals.things, 'other thing')}, ${perHour(totals.per_hour_usd)} in all${unknown}`,
  ]
  if (totals.foreign > 0) {
    lines.push(
      `not ours: ${totals.foreign}, ${perHour(totals.foreign_per_hour_usd)}; never touched. Take a machine over with: gpufleet adopt <provider> <id>`,
    )
  }
  const isChecked = accounts.length > 0 && accounts.every(({ checked_at: at }) => at !== null)
  if (totals.unexplained === 0 && isChecked) lines.push(paint.green('unexplained spend: 0'))
  else if (totals.unexplained === 0) lines.push(paint.yellow('unexplained spend: not known yet; see below'))
  else {
    const what = counted(totals.unexplained, 'machine or thing', 'machines or things')
    lines.push(paint.red(`unexplained spend: ${perHour(totals.unexplained_per_hour_usd)}, ${what}`))
    for (const { id, why } of findings.filter(isUnexplained)) lines.push(paint.red(`  ${id}: ${why}`))
  }
  if (accounts.length === 0) lines.push(paint.red('no account has been checked yet'))
  for (const { provider, account, checked_at: at, error } of accounts) {
    const name = `${provider} (${account})`
    const checked = at === null ? 'never checked' : `checked ${ago(at, now())}`
    lines.push(error === null ? `${name}: ${checked}` : paint.red(`${name}: ${checked}; not since: ${error}`))
  }
  return lines
}

function isUnexplained({ verdict }: Finding): boolean {
  return verdict === 'ours_unwanted' || verdict === 'ours_unknown'
}
