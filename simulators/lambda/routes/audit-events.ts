/** Who did what: the only history Lambda keeps, and the only paged list. Names of actions are guesses. */

import type { SimClock } from '../../kit/clock.ts'
import type { SimRequest } from '../../kit/simulator.ts'
import { withChance } from '../chance.ts'
import { invalidParameters } from '../errors.ts'
import type { AuditEvent, LambdaState } from '../state.ts'

export function audit(
  state: LambdaState,
  clock: SimClock,
  resource: string,
  action: string,
  id: string,
  details: Record<string, string> = {},
): void {
  const lrn = `lrn:cloud:${resource}:${id}`
  state.auditEvents.push({
    service_name: 'cloud',
    resource_name: resource,
    action,
    catalog_version: '2025-09-06',
    event_id: withChance(state, (random) => random.hex(32)),
    event_time: new Date(clock.now()).toISOString().replace('Z', '000Z'),
    actor_lrn: 'lrn:cloud:identity:00112233445566778899aabbccddeeff',
    resource_lrns: [lrn],
    resource_owner_lrn: 'lrn:cloud:account:fedcba9876543210fedcba9876543210',
    request_api_key_lrn: 'lrn:cloud:api_key:0f1e2d3c4b5a69788796a5b4c3d2e1f0',
    additional_details: { [`${resource}_lrn`]: lrn, ...details },
  })
}

/** `page_token` stands beside `data` in the envelope, null on the last page. Both ends of the range are inclusive. */
export function listAuditEvents(state: LambdaState, request: SimRequest) {
  const start = instant(request, 'start') ?? Number.NEGATIVE_INFINITY
  const end = instant(request, 'end') ?? Number.POSITIVE_INFINITY
  const resourceType = request.query.get('resource_type')
  const events = state.auditEvents.filter((event) => {
    const at = Date.parse(event.event_time)
    return at >= start && at <= end && (resourceType === null || resourceType === typeOf(event))
  })
  const from = offset(request.query.get('page_token'))
  const until = from + state.settings.auditPageSize
  return {
    data: events.slice(from, until),
    page_token: until < events.length ? Buffer.from(JSON.stringify({ next: until })).toString('base64') : null,
  }
}

const typeOf = (event: AuditEvent): string => `${event.service_name}.${event.resource_name}`

function instant(request: SimRequest, field: string): number | null {
  const value = request.query.get(field)
  if (value === null) return null
  const at = Date.parse(value)
  if (Number.isNaN(at)) throw invalidParameters(`${field}: Input should be a valid datetime`)
  return at
}

function offset(token: string | null): number {
  if (token === null) return 0
  try {
    const { next } = JSON.parse(Buffer.from(token, 'base64').toString('utf8')) as { next?: unknown }
    if (typeof next === 'number' && Number.isInteger(next) && next >= 0) return next
  } catch {
    // Refused below, like a token that decodes to something else.
  }
  throw invalidParameters('page_token: Invalid page token')
}
