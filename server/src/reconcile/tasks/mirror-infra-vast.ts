import { appendFileSync, renameSync, writeFileSync } from 'node:fs'
import { auditLineFrom, wholeSeconds } from '../../core/infra-vast/audit-entry.ts'
import { figuresOf, totalsOf } from '../../core/infra-vast/figures.ts'
import type { Session } from '../../core/infra-vast/sessions.ts'
import { type Clock, secondMs } from '../../core/time.ts'
import type { Log } from '../../observability/log.ts'
import type { EventStore } from '../../store/events.ts'
import type { InfraVastState, InfraVastStore } from '../../store/infra-vast.ts'
import type { Task } from '../clockwork.ts'

export interface MirrorOptions {
  machineId: string
  /** VAST_STATE_PATH and VAST_AUDIT_PATH */
  statePath: string | undefined
  auditPath: string | undefined
}

export interface MirrorDeps {
  infraVastState: InfraVastStore
  events: Pick<EventStore, 'audit'>
  sessions: (state: InfraVastState) => Promise<readonly Session[]>
  clock: Pick<Clock, 'now'>
  log: Log
}

const everyMs = 5 * secondMs
/** More than can happen between two runs; after a long time without, the older ones are left out. */
const mostLines = 10_000
const forOwnerAlone = 0o600

/** Keeps the files of contract 001 like the database, for programs that read them. */
export function mirrorInfraVast({ machineId, statePath, auditPath }: MirrorOptions, deps: MirrorDeps): Task {
  const { infraVastState, events, sessions, clock, log } = deps
  let written = ''
  let said = ''

  async function writeState(file: string): Promise<void> {
    const state = await infraVastState.get()
    const text = `${JSON.stringify(stateOf(state, await sessions(state)), null, 2)}\n`
    if (text === written) return
    const beside = `${file}.new`
    writeFileSync(beside, text, { mode: forOwnerAlone })
    renameSync(beside, file)
    written = text
  }

  function stateOf({ lastActivityAt }: InfraVastState, all: readonly Session[]) {
    const now = clock.now()
    const ended = all.filter(({ endedAt }) => endedAt !== null)
    const underWay = all.find(({ endedAt }) => endedAt === null)
    const { runtimeHours, costUsd } = totalsOf(ended, now)
    return {
      instance_id: Number(machineId),
      last_activity: lastActivityAt === null ? null : wholeSeconds(lastActivityAt),
      session_started_at: underWay === undefined ? null : wholeSeconds(underWay.startedAt),
      total_runtime_hours: runtimeHours,
      total_cost_usd: costUsd,
      sessions: ended.map((session) => ({
        started_at: wholeSeconds(session.startedAt),
        ended_at: wholeSeconds(session.endedAt ?? now),
        runtime_minutes: figuresOf(session, now).runtimeMinutes,
        cost_usd: figuresOf(session, now).costUsd,
      })),
    }
  }

  /** Written first, then remembered: a crash in between repeats a line and loses none. */
  async function addLines(file: string): Promise<void> {
    const { mirroredEventId } = await infraVastState.get()
    const news = (await events.audit({ kind: 'power', limit: mostLines })).filter(({ id }) => id > mirroredEventId)
    const [newest] = news
    if (newest === undefined) return
    const lines = news.toReversed().map((event) => `${JSON.stringify(auditLineFrom(event))}\n`)
    appendFileSync(file, lines.join(''), { mode: forOwnerAlone })
    await infraVastState.put({ mirroredEventId: newest.id })
  }

  return {
    name: 'files of /infra/vast',
    everyMs,
    atStart: true,
    async run() {
      try {
        if (statePath !== undefined) await writeState(statePath)
        if (auditPath !== undefined) await addLines(auditPath)
        said = ''
      } catch (error) {
        // Said once: the disk may be full for hours.
        const { message } = error as Error
        if (message !== said) log.error('a file of /infra/vast could not be written', { error })
        said = message
      }
    },
  }
}
