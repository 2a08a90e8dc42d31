import { type InfraVastDeps, namedInstance, sessionsOf } from '../app/infra-vast.ts'
import { autoShutdown, followEveryMs, followShutdown, shutdownLooksEveryMs } from '../app/infra-vast-auto-shutdown.ts'
import type { Config } from '../config/config.ts'
import type { Log } from '../observability/log.ts'
import type { Task } from '../reconcile/clockwork.ts'
import { mirrorInfraVast } from '../reconcile/tasks/mirror-infra-vast.ts'

/** What goes on by itself with the machine that VAST_INSTANCE_ID names; nothing where none is. */
export function infraVastTasks({ infraVast, vastInstanceId }: Config, deps: InfraVastDeps & { log: Log }): Task[] {
  if (vastInstanceId === undefined) return []
  const { statePath, auditPath } = infraVast
  const sessions = async (state: Parameters<typeof sessionsOf>[0]) => sessionsOf(state, await namedInstance(deps), deps)
  return [
    { name: 'VAST_AUTO_SHUTDOWN', everyMs: shutdownLooksEveryMs, atStart: false, run: () => autoShutdown(deps) },
    { name: 'end of a shutdown', everyMs: followEveryMs, atStart: true, run: () => followShutdown(deps) },
    ...(statePath === undefined && auditPath === undefined
      ? []
      : [mirrorInfraVast({ machineId: vastInstanceId, statePath, auditPath }, { ...deps, sessions })]),
  ]
}
