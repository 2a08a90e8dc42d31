import type { FastifyReply, FastifyRequest } from 'fastify'
import type { NovitaFaceSettings } from '../../../core/novita-face/settings.ts'
import { type Clock, hourMs, type Instant, minuteMs, secondMs } from '../../../core/time.ts'
import { networkOf } from '../../lockout.ts'
import { HttpError } from '../../problem.ts'

interface Rule {
  name: string
  most: number
  windowMs: number
}

/** The contract's figures, by address. */
const rules = {
  create: { name: 'creations', most: 10, windowMs: minuteMs },
  status: { name: 'status queries', most: 100, windowMs: minuteMs },
  all: { name: 'calls', most: 1_000, windowMs: hourMs },
} as const satisfies Record<string, Rule>

/** Addresses that are counted at the same time; who was heard of the longest ago is forgotten first. */
const mostCounted = 20_000

export interface NovitaLimitDeps {
  clock: Pick<Clock, 'now'>
  novita: Pick<NovitaFaceSettings, 'limitsKeyless'>
}

export type NovitaLimit = (kind: 'create' | 'status' | 'other', request: FastifyRequest, reply: FastifyReply) => void

/** Counts keyless calls of this face; whoever has a key has limits of their own. */
export function createNovitaLimit(deps: NovitaLimitDeps): NovitaLimit {
  const counted = new Map<string, { count: number; since: Instant }>()

  function count(rule: Rule, who: string): { left: number; endsAt: Instant } {
    const now = deps.clock.now()
    const key = `${rule.name} ${who}`
    const known = counted.get(key)
    const isCurrent = known !== undefined && now >= known.since && now - known.since < rule.windowMs
    const current = isCurrent ? known : { count: 0, since: now }
    current.count += 1
    counted.delete(key)
    counted.set(key, current)
    const [oldest] = counted.keys()
    if (counted.size > mostCounted && oldest !== undefined) counted.delete(oldest)
    return { left: rule.most - current.count, endsAt: current.since + rule.windowMs }
  }

  return (kind, request, reply) => {
    if (!deps.novita.limitsKeyless || request.caller?.kind !== 'keyless') return
    const who = networkOf(request.ip)
    const asked = kind === 'other' ? [rules.all] : [rules[kind], rules.all]
    const counts = asked.map((rule) => ({ rule, ...count(rule, who) }))
    const [first] = counts.sort((one, other) => one.left - other.left)
    if (first === undefined) return
    reply.header('x-ratelimit-limit', first.rule.most)
    reply.header('x-ratelimit-remaining', Math.max(0, first.left))
    reply.header('x-ratelimit-reset', Math.ceil(first.endsAt / secondMs))
    if (first.left >= 0) return
    const seconds = Math.max(1, Math.ceil((first.endsAt - deps.clock.now()) / secondMs))
    reply.header('retry-after', seconds)
    throw new HttpError(
      'too_many_requests',
      `too many ${first.rule.name}: ${first.rule.most} a ${first.rule.windowMs === hourMs ? 'hour' : 'minute'} are taken without a key`,
      `wait ${seconds} seconds, or send a key`,
      { retry_after_seconds: seconds },
    )
  }
}
