import { json } from '../../kit/controlled.ts'
import type { SimReply, SimRequest } from '../../kit/simulator.ts'
import { type ApiError, failed, replyFrom } from '../errors.ts'
import type { Caller, Endpoint } from '../gate.ts'
import type { World } from '../state.ts'

export interface Call {
  world: World
  request: SimRequest
  /** What the parentheses of the path matched. */
  params: string[]
  caller: Caller
}

export interface Route {
  method: string
  /** Without the trailing slash; both forms are answered. */
  path: RegExp
  endpoint: Endpoint
  answer(call: Call): SimReply
}

export function ok(body: unknown): SimReply {
  return json(200, body)
}

export function refuse(status: number, error: string, msg: string): SimReply {
  return replyFrom(failed(status, error, msg))
}

/** The JSON body; an empty one is `{}`, a broken one undefined. */
export function bodyOf(request: SimRequest): unknown {
  if (request.body.trim() === '') return {}
  try {
    return JSON.parse(request.body)
  } catch {
    return undefined
  }
}

export function objectBody(request: SimRequest): Record<string, unknown> {
  const body = bodyOf(request)
  return typeof body === 'object' && body !== null && !Array.isArray(body) ? (body as Record<string, unknown>) : {}
}

/** A query parameter that holds JSON; undefined when it is missing or broken. */
export function jsonParam(request: SimRequest, name: string): unknown {
  const text = request.query.get(name)
  if (text === null) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export function isError(answer: object): answer is ApiError {
  return 'status' in answer && 'body' in answer
}

/** Keyset tokens look like `eyJ2YWx1ZXMiOiB7ImlkIjogMTIzfX0=`: base64 of `{"values": {"id": 123}}`. */
export function tokenFrom(values: Record<string, unknown>): string {
  const inner = Object.entries(values).map(([name, value]) => `${JSON.stringify(name)}: ${JSON.stringify(value)}`)
  return Buffer.from(`{"values": {${inner.join(', ')}}}`).toString('base64')
}

export function valuesFrom(token: string): Record<string, unknown> | undefined {
  try {
    const { values } = JSON.parse(Buffer.from(token, 'base64').toString('utf8')) as { values?: unknown }
    return typeof values === 'object' && values !== null ? (values as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

export const invalidToken = failed(400, 'invalid_token', 'Invalid pagination token')
