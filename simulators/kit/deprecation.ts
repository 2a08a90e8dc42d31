/**
 * `POST /_control/special/deprecate` `{at?, sunset?, version?, path?}`: from now on replies announce that this API ends.
 * `{off: true}` ends the announcement.
 *
 * @source  None of the five documents such headers, so they are the standard ones: `Deprecation: @<unix seconds>`
 *          (RFC 9745), `Sunset: <HTTP date>` (RFC 8594). `API-Version` is a convention without a standard.
 */

import type { SimClock } from './clock.ts'
import type { Marketplace, SimReply, SimRequest } from './simulator.ts'

interface Announcement {
  at: number
  sunset: number | null
  version: string | null
  /** Only on requests whose path contains this text. */
  path: string | null
}

/** The marketplace with that control. The announcement is kept in the snapshot, beside the marketplace's own state. */
export function deprecatable(
  marketplace: Marketplace,
  { clock, restored }: { clock: SimClock; restored?: unknown },
): Marketplace {
  let announced = (restored as { announced?: Announcement | null } | undefined)?.announced ?? null

  return {
    ...marketplace,
    handle(request) {
      const reply = marketplace.handle(request)
      return announced && concerns(announced, request) ? withHeaders(reply, announced) : reply
    },
    snapshot: () => ({ ...(marketplace.snapshot() as object), announced }),
    controls: {
      ...marketplace.controls,
      special(name, order) {
        if (name !== 'deprecate') return marketplace.controls.special(name, order)
        announced = order.off === true ? null : announcementFrom(order, clock.now())
        return {}
      },
    },
  }
}

function announcementFrom(order: Record<string, unknown>, now: number): Announcement {
  return {
    at: instantFrom(order.at) ?? now,
    sunset: instantFrom(order.sunset),
    version: typeof order.version === 'string' ? order.version : null,
    path: typeof order.path === 'string' ? order.path : null,
  }
}

function instantFrom(value: unknown): number | null {
  if (value === undefined || value === null) return null
  const at = typeof value === 'string' ? Date.parse(value) : Number.NaN
  if (Number.isNaN(at)) throw new RangeError(`not an instant in ISO 8601: ${String(value)}`)
  return at
}

function concerns(announced: Announcement, request: SimRequest): boolean {
  return announced.path === null || request.path.includes(announced.path)
}

function withHeaders(reply: SimReply, { at, sunset, version }: Announcement): SimReply {
  return {
    ...reply,
    headers: {
      ...reply.headers,
      deprecation: `@${Math.floor(at / 1_000)}`,
      ...(sunset === null ? {} : { sunset: new Date(sunset).toUTCString() }),
      ...(version === null ? {} : { 'api-version': version }),
    },
  }
}
