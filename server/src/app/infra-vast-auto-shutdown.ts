import { figuresOf } from '../core/infra-vast/figures.ts'
import { idleMs } from '../core/infra-vast/idle.ts'
import { pythonRound } from '../core/python-numbers.ts'
import { minuteMs, secondMs } from '../core/time.ts'
import type { Log } from '../observability/log.ts'
import { currentSessions, type InfraVastDeps, isGone, namedInstance, note } from './infra-vast.ts'
import { sessionMeta } from './infra-vast-power.ts'
import { stopInstance } from './instances.ts'

export const shutdownLooksEveryMs = minuteMs
export const followEveryMs = 5 * secondMs

const who = { actor: 'VAST_AUTO_SHUTDOWN', project: null }

/** Stops the named machine when nobody has used it for VAST_AUTO_SHUTDOWN_MINUTES. */
export async function autoShutdown(deps: InfraVastDeps & { log: Log }): Promise<void> {
  const { infraVast, infraVastState, activity, clock } = deps
  const { machineId } = infraVast
  const instance = await namedInstance(deps)
  if (!infraVast.autoShutdown || machineId === undefined || instance === undefined) return
  if (isGone(instance, machineId) || (instance.status !== 'running' && instance.status !== 'ready')) return

  const state = await infraVastState.get()
  const session = (await currentSessions(instance, deps)).at(-1)
  if (session === undefined || session.endedAt !== null) return
  const now = clock.now()
  const idle = idleMs({ ...state, session, activity: await activity.of(instance.id) }, now)
  if (idle < infraVast.autoShutdownMs) return

  const inactiveMinutes = pythonRound(idle / minuteMs, 1)
  const meta = { instance_id: Number(machineId), inactive_minutes: inactiveMinutes }
  await note({ event: 'auto_shutdown', meta, instanceId: instance.id }, deps)
  await infraVastState.remember(instance.id)
  await infraVastState.put({ shutdownAt: now })
  deps.log.info('VAST_AUTO_SHUTDOWN: nobody uses the machine, it is stopped', { machineId, inactiveMinutes })
  await stopInstance(instance.id, who, deps)
}

/** Books the end of a shutdown once it is confirmed, also after a restart; and remembers which machine is the named one. */
export async function followShutdown(deps: InfraVastDeps): Promise<void> {
  const { infraVast, infraVastState, clock } = deps
  const instance = await namedInstance(deps)
  if (instance === undefined || infraVast.machineId === undefined) return
  const { shutdownAt, instanceIds } = await infraVastState.get()
  if (!instanceIds.includes(instance.id)) await infraVastState.remember(instance.id)
  if (shutdownAt === null) return

  const now = clock.now()
  const sessions = await currentSessions(instance, deps)
  const ended = sessions.find(({ endedAt }) => endedAt !== null && endedAt >= shutdownAt)
  if (ended !== undefined) {
    const meta = sessionMeta(infraVast.machineId, figuresOf(ended, now))
    await note({ event: 'auto_shutdown_complete', meta, instanceId: instance.id }, deps)
  } else if (instance.wanted === 'stopped' || now - shutdownAt < minuteMs) return
  // Somebody wants it up after all, so that nothing was completed.
  await infraVastState.put({ shutdownAt: null })
}
