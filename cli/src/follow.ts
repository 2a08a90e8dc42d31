import type { Client } from '@gpufleet/sdk'
import type { Event, Instance, InstanceStatus } from '@gpufleet/sdk/api'
import { stepLine } from './event-lines.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import { nameOf } from './instance-lines.ts'
import { duration } from './text/time.ts'
import type { Context } from './world.ts'

export interface FollowOptions {
  /** The id of the last event that is old news. */
  after: number
  /** The statuses that end the waiting. */
  until: ReadonlySet<InstanceStatus>
  timeoutMs?: number | undefined
}

/** A server that is gone for longer than this is given up; the instance is not. */
const patienceMs = 2 * 60_000

/**
 * Waits for one of some statuses and says what happens meanwhile, a line each. Answers why it stopped waiting:
 * `reached`, or because of the reader (`interrupted`) or the clock (`late`).
 */
export async function follow(
  instance: Instance,
  { after, until, timeoutMs }: FollowOptions,
  context: Context,
): Promise<'reached' | 'interrupted' | 'late'> {
  const { client, interrupted, json, out, paint, warn } = context
  // The server's own clock; ours may differ.
  let startedAt: number | undefined
  const clock = timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs)
  let lost = false

  for await (const event of client.streamEvents({
    instanceId: instance.id,
    after,
    signal: clock === undefined ? interrupted : AbortSignal.any([interrupted, clock]),
    giveUpAfterMs: patienceMs,
    onLost: ({ message }) => {
      if (!lost) warn(`${message}; trying again …`)
      lost = true
    },
  })) {
    lost = false
    say(event)
    if (event.kind === 'status' && event.status !== null && until.has(event.status as InstanceStatus)) return 'reached'
  }
  return interrupted.aborted ? 'interrupted' : 'late'

  function say(event: Event): void {
    startedAt ??= Date.parse(event.at)
    const line = json ? JSON.stringify(event) : stepLine(event, { startedAt, paint })
    if (line !== null) out(line)
  }
}

/** What goes on although nobody waits any more, and the exit code that says so. */
export function stillGoing(
  outcome: 'interrupted' | 'late',
  instance: Instance,
  { waitingFor, timeoutMs }: { waitingFor: string; timeoutMs?: number | undefined },
  { err }: Pick<Context, 'err'>,
): ExitCode {
  err(
    outcome === 'late'
      ? `Not ${waitingFor} after ${duration(timeoutMs ?? 0)}; no longer waiting.`
      : 'No longer following.',
  )
  err(`${nameOf(instance)} goes on without you.`)
  err(`  look at it:  gpufleet show ${instance.id}`)
  err(`  end it:      gpufleet terminate ${instance.id}`)
  return outcome === 'late' ? exitCodes.error : exitCodes.interrupted
}

/** The id of the newest event of an instance; 0 when it has none. */
export async function newestEventOf(id: string, client: Pick<Client, 'listInstanceEvents'>): Promise<number> {
  const pageSize = 1_000
  for (let after = 0; ; ) {
    const { data } = await client.listInstanceEvents(id, { after, limit: pageSize })
    after = data.at(-1)?.id ?? after
    if (data.length < pageSize) return after
  }
}
