import type { Budget } from '@gpufleet/sdk/api'
import { type Command, Option } from 'commander'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { CliError, wrongUsage } from '../failures.ts'
import { findInstance } from '../find-instance.ts'
import { dollars } from '../inputs.ts'
import type { Runner } from '../runner.ts'
import { isZero, perHour, usd } from '../text/money.ts'
import { table } from '../text/table.ts'
import { type Context, printJson } from '../world.ts'

interface SetOptions {
  instance?: string
  label?: string
  project?: string
  all?: boolean
  period?: 'month' | 'total'
  action?: 'none' | 'stop' | 'terminate'
}

export function addBudgets(program: Command, run: Runner): void {
  const budgets = program.command('budgets').summary('what may be spent, what is spent, and how long it lasts')
  budgets
    .command('list', { isDefault: true })
    .summary('all of them')
    .action(() => run((context) => list(context)))
  budgets
    .command('set')
    .summary('set or change the budget of an instance, a label, a project or everything')
    .argument('<usd>', 'the limit in dollars', dollars)
    .option('--instance <name>', 'for this instance')
    .option('--label <text>', 'for all instances with this label')
    .option('--project <name>', 'for a project; with --label: for the label in that project')
    .option('--all', 'for everything')
    .addOption(
      new Option('--period <name>', 'per calendar month, UTC, or in all (default month)').choices(['month', 'total']),
    )
    .addOption(
      new Option(
        '--action <what>',
        'what happens to what runs when it is spent (default none: only no new launches)',
      ).choices(['none', 'stop', 'terminate']),
    )
    .action((limit: string, options: SetOptions) => run((context) => set(limit, options, context)))
  budgets
    .command('remove')
    .alias('rm')
    .summary('remove a budget; what runs goes on')
    .argument('<id>', 'as `gpufleet budgets` shows it, or the beginning of it')
    .action((id: string) => run((context) => remove(id, context)))
}

export async function list(context: Context): Promise<ExitCode> {
  const { client, json, out } = context
  const { data } = await client.listBudgets()
  if (json) printJson(data, context)
  else if (data.length === 0) out('There are no budgets. Set one with: gpufleet budgets set 100 --all')
  else for (const line of budgetTable(data, context)) out(line)
  return exitCodes.ok
}

/** A budget for the same thing and period is changed, not doubled. */
export async function set(limit: string, options: SetOptions, context: Context): Promise<ExitCode> {
  const { client, json, out } = context
  const meant = await meantBy(options, context)
  const { period = 'month', action } = options
  const { data: known } = await client.listBudgets()
  const same = known.find(
    (one) =>
      one.scope === meant.scope &&
      one.key === (meant.key ?? null) &&
      one.period === period &&
      (meant.project === undefined || one.project === meant.project),
  )
  const { data: budget } =
    same === undefined
      ? await client.createBudget({ ...meant, period, limit_usd: limit, action })
      : await client.changeBudget(same.id, { limit_usd: limit, action })
  if (json) printJson(budget, context)
  else
    out(`${nameOf(budget)}: ${usd(budget.limit_usd, 2)}, ${usd(budget.spent_usd, 2)} of it spent; ${inWords(budget)}.`)
  return exitCodes.ok
}

export async function remove(id: string, context: Context): Promise<ExitCode> {
  const { client, json, out } = context
  const { data } = await client.listBudgets()
  const found = data.filter((one) => one.id === id || one.id.startsWith(id))
  const [budget] = found
  if (budget === undefined || found.length > 1) {
    const what = budget === undefined ? `there is no budget ${id}` : `${id} could be ${found.length} budgets`
    throw new CliError(what, '`gpufleet budgets` lists the ones there are', exitCodes.error)
  }
  const { data: removed } = await client.removeBudget(budget.id)
  if (json) printJson(removed, context)
  else out(`Removed ${nameOf(budget)}. What runs goes on.`)
  return exitCodes.ok
}

async function meantBy(
  { instance, label, project, all }: SetOptions,
  context: Context,
): Promise<{ scope: Budget['scope']; key?: string; project?: string }> {
  const named = [instance, label, all === true ? 'all' : undefined].filter((one) => one !== undefined)
  if (named.length > 1)
    throw wrongUsage('that names several things at once', 'say one of --instance, --label, --project, --all')
  if (instance !== undefined) return { scope: 'instance', key: (await findInstance(instance, context)).id }
  if (label !== undefined) return { scope: 'label', key: label, ...(project !== undefined && { project }) }
  if (project !== undefined && all !== true) return { scope: 'project', key: project }
  if (all === true) return { scope: 'all' }
  throw wrongUsage('whose budget is it?', 'say one of --instance, --label, --project, --all')
}

function budgetTable(budgets: readonly Budget[], context: Context): string[] {
  return table(
    [
      { head: 'ID' },
      { head: 'FOR' },
      { head: 'PERIOD' },
      { head: 'LIMIT', align: 'right' },
      { head: 'SPENT', align: 'right' },
      { head: 'HELD', align: 'right', optional: true },
      { head: 'LEFT', align: 'right' },
      { head: 'BILLED NOW', align: 'right', optional: true },
      { head: 'THEN' },
      { head: 'FORECAST', optional: true },
    ],
    budgets.map((one) => [
      one.id,
      nameOf(one),
      one.period,
      usd(one.limit_usd, 2),
      `${usd(one.spent_usd, 2)} (${one.spent_percent} %)`,
      usd(one.held_usd, 2),
      usd(one.left_usd, 2),
      isZero(one.cost_per_hour_usd) ? 'nothing' : perHour(one.cost_per_hour_usd),
      one.action,
      one.forecast?.text ?? '-',
    ]),
    context,
  )
}

function nameOf({ scope, key }: Budget): string {
  return scope === 'all' ? 'everything' : `${scope} ${key}`
}

function inWords({ action, forecast }: Budget): string {
  const then =
    action === 'none' ? 'when it is spent, nothing new is launched' : `when it is spent, what runs is told to ${action}`
  return forecast === null ? then : `${then}; ${forecast.text}`
}
