/** What every request passes: the key, its groups, and the interval since the last request of the same kind. */

import { json, text } from '../kit/controlled.ts'
import type { SimReply, SimRequest } from '../kit/simulator.ts'
import { failed, lacksGroup, loginRequired, replyFrom, unknownKey } from './errors.ts'
import type { Machine, Settings, World } from './state.ts'

export interface Endpoint {
  /** What the limiter counts under, together with the method: never the id in the path. */
  name: string
  group: string | null
  /** Least seconds between two requests. */
  threshold: number
  /** Requests that may come at once before the threshold bites. */
  burst?: number
  shape?: 'text' | 'text_threshold' | 'envelope'
  /** An unknown key is 404 here instead of 401. */
  unknownKeyIs404?: boolean
  anonymous?: boolean
}

export interface Caller {
  /** A key that may only start, stop and destroy this machine. */
  only: Machine | null
}

export function admit(
  world: World,
  request: SimRequest,
  endpoint: Endpoint,
  accepted: string,
): { caller: Caller } | { reply: SimReply } {
  const ordered = orderedAnswer(world)
  if (ordered) return { reply: ordered }
  const key = keyOf(request)
  const only = key === undefined || key === accepted ? null : instanceKeyOwner(world, key)
  if (key === undefined && !endpoint.anonymous) return { reply: replyFrom(loginRequired) }
  if (key !== undefined && key !== accepted && !only)
    return { reply: replyFrom(unknownKey(endpoint.unknownKeyIs404 ?? false)) }
  if (
    endpoint.group &&
    (world.state.settings.missingGroups.includes(endpoint.group) || (only && endpoint.group !== 'instance_write'))
  ) {
    return { reply: replyFrom(lacksGroup(endpoint.group)) }
  }
  const limited = tooFrequent(world, request, endpoint, key ?? 'anonymous')
  return limited ? { reply: limited } : { caller: { only } }
}

function keyOf(request: SimRequest): string | undefined {
  const bearer = /^Bearer\s+(.+)$/i.exec(request.headers.authorization ?? '')?.[1]?.trim()
  return bearer ?? request.query.get('api_key') ?? undefined
}

function instanceKeyOwner(world: World, key: string): Machine | null {
  for (const id of world.state.live) {
    const machine = world.state.machines[id]
    if (machine?.instanceKey === key) return machine
  }
  return null
}

const authAnswers: Record<string, () => SimReply> = {
  session_expired: () => replyFrom(failed(404, 'auth_error', 'Session expired. Please log in again.')),
  two_factor: () => replyFrom(failed(401, 'auth_error', 'This action requires Two Factor Authentication.')),
  blacklisted: () => replyFrom(failed(403, 'auth_error', 'User is blacklisted.')),
  unknown_404: () => replyFrom(unknownKey(true)),
  unknown_401: () => replyFrom(unknownKey(false)),
}

export const authAnswerNames = Object.keys(authAnswers)

function orderedAnswer(world: World): SimReply | undefined {
  const order = world.state.orders.authAnswers.find((each) => each.left > 0)
  if (!order) return undefined
  order.left -= 1
  return authAnswers[order.how]?.()
}

/**
 * Whether a refused request delays the next one is not documented; here it does not. The limiter keeps wall time.
 *
 * @source  docs.vast.ai/api-reference/rate-limits-and-errors (read 2026-11): per endpoint and identity, a least
 *          interval. `burst` is a token bucket, as one endpoint documents it; its size for the search is a guess.
 */
function tooFrequent(world: World, request: SimRequest, endpoint: Endpoint, identity: string): SimReply | undefined {
  const { settings, limits, at } = world.state
  if (!settings.rateLimited || endpoint.threshold === 0) return undefined
  const name = `${request.method} ${endpoint.name} ${identity}`
  const burst = endpoint.burst ?? 1
  const before = limits[name] ?? { tokens: burst, at }
  const tokens = Math.min(burst, before.tokens + (at - before.at) / (endpoint.threshold * 1_000))
  // A hair of tolerance, because intervals are kept as fractions of a token.
  if (tokens > 0.999_999) {
    limits[name] = { tokens: Math.max(0, tokens - 1), at }
    return undefined
  }
  return frequentReply(settings, endpoint, Math.ceil((1 - tokens) * endpoint.threshold))
}

function frequentReply(settings: Settings, endpoint: Endpoint, retryAfter: number): SimReply {
  const headers: Record<string, string> = settings.retryAfter ? { 'retry-after': String(retryAfter) } : {}
  const threshold = Number.isInteger(endpoint.threshold) ? `${endpoint.threshold}.0` : String(endpoint.threshold)
  const shape = settings.rateShape === 'documented' ? (endpoint.shape ?? 'detail') : settings.rateShape
  switch (shape) {
    case 'text':
      return text(429, 'API requests too frequent', headers)
    case 'text_threshold':
      return text(429, `API requests too frequent: endpoint threshold=${threshold}`, headers)
    case 'envelope':
      return json(
        429,
        {
          success: false,
          error: 'rate_limit_exceeded',
          msg: `API requests too frequent endpoint threshold=${threshold}`,
        },
        headers,
      )
    case 'message': // recorded 2026-02-24 on parallel create calls
      return json(
        429,
        {
          message: `The action could not be performed because there were too many requests by the client.\n\nAPI requests too frequent: endpoint threshold=${threshold}*1.0\n\n`,
          code: '429 Too Many Requests',
        },
        headers,
      )
    default:
      return json(429, { detail: `API requests too frequent endpoint threshold=${threshold}` }, headers)
  }
}
