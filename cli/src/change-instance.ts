import type { Instance, InstanceStatus } from '@gpufleet/sdk/api'
import type { Command } from 'commander'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import { findInstance } from './find-instance.ts'
import { follow, newestEventOf, stillGoing } from './follow.ts'
import { timeSpan } from './inputs.ts'
import type { Context } from './world.ts'
import { printJson } from './world.ts'

export interface ChangeOptions {
  wait?: boolean
  timeout?: number
}

/** A verb that orders something of an instance, and then waits until it is so. */
export interface Change {
  order(id: string, context: Context): Promise<{ data: Instance }>
  /** What to say when the order is written down, and what it waits for. */
  ordered(instance: Instance): string
  waitingFor: string
  /** The statuses at which there is nothing left to wait for. */
  until: ReadonlySet<InstanceStatus>
  /** How it came out, in a line or two, and whether that is what was wanted. `before`: it had been so already. */
  outcome(instance: Instance, options: { before: boolean }): { lines: string[]; good: boolean }
}

/** The arguments that such verbs share. */
export function takesChange(command: Command, waitingFor: string): Command {
  return command
    .argument('<instance>', 'its id, the beginning of its id, or its label')
    .option('--wait', `wait until it is ${waitingFor} (default)`)
    .option('--no-wait', 'return as soon as the order is written down')
    .option('--timeout <time>', 'wait no longer than this, such as 90s or 10m; the order stands', timeSpan)
}

export async function changeInstance(
  name: string,
  { wait, timeout }: ChangeOptions,
  change: Change,
  context: Context,
): Promise<ExitCode> {
  const { client, json, out } = context
  const found = await findInstance(name, context)
  const after = await newestEventOf(found.id, client)
  const { data: instance } = await change.order(found.id, context)

  const before = change.until.has(found.status)
  if (!change.until.has(instance.status)) {
    if (wait === false) {
      if (json) printJson(instance, context)
      else out(change.ordered(instance))
      return exitCodes.ok
    }
    if (!json) out(change.ordered(instance))
    const outcome = await follow(instance, { after, until: change.until, timeoutMs: timeout }, context)
    if (outcome !== 'reached') {
      return stillGoing(outcome, instance, { waitingFor: change.waitingFor, timeoutMs: timeout }, context)
    }
  }
  const { data: now } = await client.getInstance(found.id)
  const { lines, good } = change.outcome(now, { before })
  if (json) out(JSON.stringify(now))
  else for (const line of lines) out(line)
  return good ? exitCodes.ok : exitCodes.error
}
