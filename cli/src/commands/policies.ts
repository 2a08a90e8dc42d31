import type { Operations } from '@gpufleet/sdk/api'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { wrongUsage } from '../failures.ts'
import { findInstance } from '../find-instance.ts'
import { amount, dollars, timeSpan } from '../inputs.ts'
import { nameOf } from '../instance-lines.ts'
import type { Runner } from '../runner.ts'
import { type Context, printJson } from '../world.ts'

type Off = 'off'

interface PoliciesOptions {
  idleTimeout?: number | Off
  idleAction?: 'stop' | 'terminate'
  maxLifetime?: number | Off
  budget?: string | number | Off
  budgetAction?: 'stop' | 'terminate'
  onDemandAfter?: number | Off
  bidFactor?: number
}

export function addPolicies(program: Command, run: Runner): void {
  const stopOrTerminate = ['stop', 'terminate']
  program
    .command('policies')
    .summary('change when an instance is stopped, ended or replaced')
    .description('Changes the policies of an instance from now on; "off" takes one away, and what is not named stays.')
    .argument('<instance>', 'its id, the beginning of its id, or its label')
    .option('--idle-timeout <time|off>', 'stop it when nobody used it for so long, such as 30m', orOff(timeSpan))
    .addOption(new Option('--idle-action <what>', 'what happens then').choices(stopOrTerminate))
    .option('--max-lifetime <time|off>', 'end it so long after it was first up, such as 8h', orOff(timeSpan))
    .option('--budget <usd|off>', 'the most that it may cost in all', orOff(dollars))
    .addOption(new Option('--budget-action <what>', 'what happens when that is spent').choices(stopOrTerminate))
    .option('--on-demand-after <time|off>', 'so long without a spot machine, then on demand', orOff(timeSpan))
    .option('--bid-factor <n>', 'bid so many times the lowest bid that wins, 1 to 3', amount)
    .action((name: string, options: PoliciesOptions) => run((context) => policies(name, options, context)))
}

async function policies(name: string, options: PoliciesOptions, context: Context): Promise<ExitCode> {
  const change = changeFrom(options)
  if (Object.keys(change).length === 0) {
    throw wrongUsage('no policy is named', 'name what changes: gpufleet policies --help shows what there is')
  }
  const found = await findInstance(name, context)
  const { data: instance, message } = await context.client.changePolicies(found.id, change)
  if (context.json) printJson(instance, context)
  else {
    context.out(`${nameOf(instance)}: ${message}.`)
    for (const text of [instance.idle_text, instance.lease?.text, instance.budget?.forecast?.text]) {
      if (text) context.out(`  ${text}`)
    }
  }
  return exitCodes.ok
}

function changeFrom(options: PoliciesOptions): Operations['changePolicies']['body'] {
  const change = {
    idle_timeout_minutes: span(options.idleTimeout, 60_000),
    idle_action: options.idleAction,
    max_lifetime_hours: span(options.maxLifetime, 3_600_000),
    budget_usd: options.budget === 'off' ? null : options.budget,
    budget_action: options.budgetAction,
    on_demand_after_minutes: span(options.onDemandAfter, 60_000),
    bid_factor: options.bidFactor,
  }
  return Object.fromEntries(
    Object.entries(change).filter(([, value]) => value !== undefined),
  ) as Operations['changePolicies']['body']
}

function span(time: number | Off | undefined, unitMs: number): number | null | undefined {
  return time === undefined ? undefined : time === 'off' ? null : time / unitMs
}

function orOff<T>(parse: (text: string) => T): (text: string) => T | Off {
  return (text) => {
    if (text === 'off') return text
    try {
      return parse(text)
    } catch (error) {
      if (!(error instanceof InvalidArgumentError)) throw error
      throw new InvalidArgumentError(`${error.message} Or off.`)
    }
  }
}
