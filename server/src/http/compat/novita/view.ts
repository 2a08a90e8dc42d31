import type { NovitaInstance } from '../../../app/novita-instances.ts'
import { reasons } from '../../../core/instances/status.ts'
import { connectionDetailsOf, portMappingsOf } from '../../../core/novita-face/connection.ts'
import { placeOf } from '../../../core/novita-face/regions.ts'
import { failureCodes } from '../../../core/novita-face/request.ts'
import { type Instant, isoFrom } from '../../../core/time.ts'

/** A row of the list. */
export function rowView({ instance, request, status, readyAt }: NovitaInstance) {
  const offer = instance.launch?.offer ?? instance.wish.expected?.offer ?? null
  return {
    id: instance.id,
    name: instance.label ?? request?.name ?? instance.id,
    status,
    gpuNum: offer?.gpu.count ?? instance.wish.gpuCount,
    region: offer === null ? (request?.region ?? null) : placeOf(offer),
    createdAt: isoFrom(instance.createdAt),
    ...(readyAt !== null && { readyAt: isoFrom(readyAt) }),
  }
}

export function instanceView(shown: NovitaInstance) {
  const { instance, request, status } = shown
  const { launch } = instance
  // Addresses are those of now: a machine that is down has none.
  const connection = launch === null ? null : connectionDetailsOf(launch)
  const { createdAt, readyAt, ...row } = rowView(shown)
  return {
    ...row,
    portMappings: launch === null ? [] : portMappingsOf(launch),
    ...(connection !== null && { connectionDetails: connection }),
    createdAt,
    ...(readyAt !== undefined && { readyAt }),
    ...(request !== undefined && { productName: request.productName, templateId: request.templateId }),
    ...(launch !== null && launch.externalId !== null && { novitaInstanceId: launch.externalId }),
    ...startedAt(launch?.upAt ?? null),
    ...(status === 'failed' && {
      error: {
        code: failureCodes[request?.outcome ?? 'failed'] ?? 'STARTUP_FAILED',
        message: request?.message ?? instance.message ?? reasons[instance.because],
      },
    }),
  }
}

function startedAt(at: Instant | null) {
  return at === null ? {} : { startedAt: isoFrom(at) }
}
