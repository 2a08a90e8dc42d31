import type { Instance } from '../instances/instance.ts'
import { isoFrom } from '../time.ts'
import { connectionDetailsOf } from './connection.ts'
import { failureCodes, type NovitaRequest } from './request.ts'

/** The webhook of a creation, from what is stored of it alone: telling it again says the same. */
export function noticeFrom(request: NovitaRequest, instance: Instance | undefined): object {
  const { instanceId, name, outcome, outcomeAt, madeAt, message } = request
  const at = outcomeAt ?? madeAt
  const launch = instance?.launch ?? null
  const about = {
    instanceId,
    timestamp: isoFrom(at),
    ...(launch !== null && launch.externalId !== null && { novitaInstanceId: launch.externalId }),
    elapsedTime: at - madeAt,
  }
  if (outcome === 'ready') {
    const connectionDetails = launch === null ? null : connectionDetailsOf(launch)
    return {
      event: 'instance.ready',
      status: 'running',
      ...about,
      instance: { id: instanceId, name, ...(connectionDetails !== null && { connectionDetails }) },
    }
  }
  return {
    event: 'instance.failed',
    status: 'failed',
    ...about,
    ...(outcome === 'timeout' && { reason: 'timeout' }),
    error: { code: failureCodes[outcome ?? 'failed'], message: message ?? 'the instance failed to start' },
  }
}
