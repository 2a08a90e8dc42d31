import type { BillReconciliation } from '@gpufleet/sdk/api'
import type { Command } from 'commander'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import type { Runner } from '../runner.ts'
import { isZero, usd } from '../text/money.ts'
import { table } from '../text/table.ts'
import { ago } from '../text/time.ts'
import { type Context, printJson } from '../world.ts'

interface BillsOptions {
  provider?: string
  from?: string
  until?: string
}

export function addBills(program: Command, run: Runner): void {
  program
    .command('bills')
    .summary('whether the marketplaces charge what we say, machine by machine, and why not')
    .option('--provider <name>', 'only of this marketplace')
    .option('--from <day>', 'machines that ran from this day on, UTC (default: 31 days ago)')
    .option('--until <day>', 'and before this one (default: now)')
    .action((options: BillsOptions) => run((context) => bills(options, context)))
}

type Account = BillReconciliation['accounts'][number]
type Because = Account['because']

/** What each reason of a difference says to people. */
const reasons: Record<Because[number]['reason'], string> = {
  inside_interval: 'within what we know',
  not_billed_yet: 'not billed yet',
  traffic: 'traffic',
  foreign_machine: 'not launched from here',
  rounding: 'their rounding',
  minimum_period: 'their minimum',
  unexplained: 'NOT EXPLAINED',
}

/** The exit code says whether something is left to explain. */
export async function bills(query: BillsOptions, context: Context): Promise<ExitCode> {
  const { client, json, out } = context
  const { data } = await client.getBillReconciliation({ ...query })
  const code = isZero(data.unexplained_usd) ? exitCodes.ok : exitCodes.error
  if (json) {
    printJson(data, context)
    return code
  }
  if (data.accounts.length === 0) out('There is no account of a marketplace.')
  for (const [at, account] of data.accounts.entries()) {
    if (at > 0) out('')
    for (const line of accountLines(account, context)) out(line)
  }
  return code
}

function accountLines(account: Account, context: Context): string[] {
  const name = `${account.provider} (${account.account})`
  if (account.covered_from === null) return [`${name}: ${account.error ?? account.note ?? 'nothing was read yet'}`]
  const until = account.complete_until === null ? 'nothing yet' : `until ${account.complete_until.slice(0, 16)} UTC`
  const read = account.read_at === null ? '' : `, read ${ago(account.read_at, context.now())}`
  const head = [`${name}: complete ${until}${read}${account.error === null ? '' : `; ${account.error}`}`]
  if (account.machines.length === 0) return [...head, 'Nothing is on the bill, and nothing in the ledger.']
  const row = (label: string, one: Account | Account['machines'][number]) => [
    label,
    usd(one.bill_usd),
    usd(one.ledger_usd),
    usd(one.difference_usd),
    one.because.map(({ reason, amount_usd }) => `${reasons[reason]} ${usd(amount_usd)}`).join(', '),
  ]
  return [
    ...head,
    ...table(
      [
        { head: 'MACHINE' },
        { head: 'BILL', align: 'right' },
        { head: 'LEDGER', align: 'right' },
        { head: 'DIFFERENCE', align: 'right' },
        { head: 'BECAUSE' },
      ],
      [...account.machines.map((one) => row(one.id ?? one.label ?? '-', one)), row('in all', account)],
      context,
    ),
    ...(account.machines_left_out > 0 ? [`and ${account.machines_left_out} more machines`] : []),
  ]
}
