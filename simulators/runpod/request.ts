/** What the routes read from a request: body, flags, lists, pages. Anything malformed is a 422, as everywhere in v2. */

import type { SimRequest } from '../kit/simulator.ts'
import { badRequest, invalid } from './problem.ts'
import type { World } from './state.ts'
import { isObject, type Schema, violations } from './validate.ts'

export interface Call {
  world: World
  request: SimRequest
  /** The path's variable part, decoded; empty where there is none. */
  id: string
}

export function bodyOf(
  request: SimRequest,
  schema: Schema,
  more: (body: Record<string, unknown>) => string[] = () => [],
): Record<string, unknown> {
  let body: unknown
  try {
    body = JSON.parse(request.body)
  } catch {
    throw badRequest('request body is not valid JSON')
  }
  const errors = violations(schema, body)
  if (isObject(body)) errors.push(...more(body))
  if (errors.length > 0) throw invalid(errors)
  return body as Record<string, unknown>
}

export function flagOf(query: URLSearchParams, name: string): boolean {
  const value = query.get(name)
  if (value === null || value === 'false') return false
  if (value === 'true') return true
  throw invalid([`$.${name}: got string, want boolean`])
}

/** A comma-separated parameter; null when it was not sent. */
export function listOf(query: URLSearchParams, name: string, allowed?: readonly string[] | RegExp): string[] | null {
  const value = query.get(name)
  if (value === null) return null
  const items = value.split(',').map((item) => item.trim())
  if (allowed instanceof RegExp) {
    const wrong = items.find((item) => !allowed.test(item))
    if (wrong !== undefined) throw invalid([`$.${name}: '${wrong}' does not match pattern '${allowed.source}'`])
  } else if (allowed && items.some((item) => !allowed.includes(item))) {
    throw invalid([`$.${name}: value must be one of ${allowed.map((one) => `'${one}'`).join(', ')}`])
  }
  return items
}

export function integerOf(query: URLSearchParams, name: string, range: { min: number; max?: number }): number | null {
  const value = query.get(name)
  if (value === null) return null
  if (!/^-?\d+$/.test(value)) throw invalid([`$.${name}: got string, want integer`])
  const number = Number(value)
  if (number < range.min) throw invalid([`$.${name}: minimum: got ${number}, want ${range.min}`])
  if (range.max !== undefined && number > range.max)
    throw invalid([`$.${name}: maximum: got ${number}, want ${range.max}`])
  return number
}

export function timeOf(query: URLSearchParams, name: string): number | null {
  const value = query.get(name)
  if (value === null) return null
  const at = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/.test(value)
    ? Date.parse(value)
    : Number.NaN
  if (Number.isNaN(at)) throw invalid([`$.${name}: '${value}' is not valid date-time`])
  return at
}

/** One page, newest first. The cursor names the last item seen, so that what comes anew meanwhile shifts nothing. */
export function pageOf<T extends { number: number }>(
  world: World,
  query: URLSearchParams,
  newestFirst: readonly T[],
  what: string,
): { page: T[]; pagination: { nextCursor: string | null; hasNextPage: boolean } } {
  if (world.state.switches.v2 === 'older') {
    return { page: [...newestFirst], pagination: { nextCursor: null, hasNextPage: false } }
  }
  const limit = integerOf(query, 'limit', { min: 1, max: 1000 }) ?? 1000
  const after = cursorOf(query, what)
  const size = Math.min(limit, world.state.switches.pageCap ?? limit)
  const left = after === null ? [...newestFirst] : newestFirst.filter((item) => item.number < after)
  const page = left.slice(0, size)
  const last = page.at(-1)
  const hasNextPage = left.length > size && last !== undefined
  return {
    page,
    pagination: {
      nextCursor: hasNextPage ? Buffer.from(`${what}:${last.number}`).toString('base64url') : null,
      hasNextPage,
    },
  }
}

function cursorOf(query: URLSearchParams, what: string): number | null {
  const cursor = query.get('cursor')
  if (cursor === null) return null
  const match = /^(\w+):(\d+)$/.exec(Buffer.from(cursor, 'base64url').toString())
  if (!match || match[1] !== what) throw invalid(['$.cursor: invalid cursor'])
  return Number(match[2])
}
