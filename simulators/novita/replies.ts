/** How this marketplace says no. The body follows go-kratos: `code` equals the HTTP status. */

import { json, text } from '../kit/controlled.ts'
import type { SimReply } from '../kit/simulator.ts'
import type { World } from './state.ts'

export class Refusal extends Error {
  readonly reply: SimReply

  constructor(reply: SimReply) {
    super(reply.body)
    this.reply = reply
  }
}

/** Names and statuses: novita.ai/docs error table; those marked (console) only appear in the web console's table. */
const statuses: Record<string, number> = {
  UNKNOWN: 500,
  UNAUTHORIZED: 401,
  FORBIDDEN: 403,
  INVALID_API_KEY: 403,
  MISSING_API_KEY: 400,
  RATE_LIMIT_EXCEEDED: 429,
  LIST_BILL_TOO_FAST: 429,
  CREATE_GPU_NUM_LIMIT: 403, // (console)
}

/** Texts are invented, except "invalid state change", which was seen live. */
export function errorReply(reason: string, message: string, metadata: unknown = {}): SimReply {
  const code = statuses[reason] ?? 400
  return json(code, { code, reason, message, metadata })
}

export function refuse(reason: string, message?: string, metadata?: unknown): never {
  throw new Refusal(errorReply(reason, message ?? reason.toLowerCase().replaceAll('_', ' '), metadata))
}

export function invalid(message: string): never {
  return refuse('VALIDATOR_PARAM', message)
}

export function wrongState(): never {
  return refuse('REQUEST', 'invalid state change')
}

/** Live clients see 404; the error table says 400. */
export function unknownId(world: World): never {
  const code = world.state.settings.goneAs === '400' ? 400 : 404
  throw new Refusal(json(code, { code, reason: 'RESOURCE_NOT_FOUND', message: 'resource not found', metadata: {} }))
}

export function pageNotFound(): SimReply {
  return text(404, '404 page not found')
}

/** `{}`, or nothing at all: both are seen from routes that have nothing to say. */
export function nothing(world: World): SimReply {
  if (world.state.settings.emptyBodies) return { status: 200, headers: {}, body: '' }
  return json(200, {})
}
