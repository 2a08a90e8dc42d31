import { z } from 'zod'
import { eventKinds, type InstanceEvent } from '../../../app/instance-events.ts'
import { type Because, reasons, statuses } from '../../../core/instances/status.ts'
import { isoFrom } from '../../../core/time.ts'

export const EventView = z
  .object({
    id: z.int().describe('Grows with time; resume after it.'),
    at: z.iso.datetime(),
    instance_id: z.string().nullable(),
    kind: z.enum(eventKinds),
    actor: z.string().describe('On whose behalf: the name of a key, `admin`, `keyless`, or `system`.'),
    status: z.enum(statuses).nullable().describe('The status entered, for `status` events.'),
    because: z.enum(Object.keys(reasons) as [Because, ...Because[]]).nullable(),
    message: z.string(),
    data: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'Event' })

export function eventView(event: InstanceEvent): z.infer<typeof EventView> {
  return {
    id: event.id,
    at: isoFrom(event.at),
    instance_id: event.instanceId,
    kind: event.kind,
    actor: event.actor,
    status: event.status,
    because: event.because,
    message: event.message,
    data: { ...event.data },
  }
}
