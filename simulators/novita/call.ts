/** One request being answered, and how its parts are read. */

import type { SimReply, SimRequest } from '../kit/simulator.ts'
import { invalid, refuse, unknownId } from './replies.ts'
import type { KeyValue, Machine, Port, World } from './state.ts'

export interface Call {
  world: World
  request: SimRequest
  query: URLSearchParams
  /** The parts of the path in braces. */
  params: Record<string, string>
}

export interface Route {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** `/gpus/v2/instances/{id}` */
  path: string
  answer(call: Call): SimReply
}

export type Fields = Record<string, unknown>

export function bodyOf(call: Call): Fields {
  if (call.request.body.trim() === '') return {}
  try {
    return fieldsIn(JSON.parse(call.request.body))
  } catch {
    return refuse('REQUEST', 'body is not a JSON object')
  }
}

export function fieldsIn(value: unknown): Fields {
  if (value === undefined || value === null) return {}
  if (typeof value !== 'object' || Array.isArray(value)) invalid('object expected')
  return value as Fields
}

export function textIn(fields: Fields, name: string, limits: { min?: number; max: number }): string {
  const value = fields[name] ?? ''
  if (typeof value !== 'string') invalid(`${name} must be a string`)
  const { min = 0, max } = limits
  if (value.length < min || value.length > max) invalid(`${name} must have ${min} to ${max} characters`)
  return value
}

/** An integer; numeric strings pass, as with protobuf's JSON. */
export function wholeIn(fields: Fields, name: string, limits: { min: number; max: number; orElse?: number }): number {
  const given = fields[name]
  if (given === undefined || given === null) {
    if (limits.orElse !== undefined) return limits.orElse
    return invalid(`${name} is required`)
  }
  const value = typeof given === 'string' && given !== '' ? Number(given) : given
  if (typeof value !== 'number' || !Number.isInteger(value) || value < limits.min || value > limits.max) {
    return invalid(`${name} must be between ${limits.min} and ${limits.max}`)
  }
  return value
}

export function wordIn<T extends string>(fields: Fields, name: string, words: readonly T[], orElse?: T): T {
  const value = fields[name]
  if ((value === undefined || value === null || value === '') && orElse !== undefined) return orElse
  if (!words.includes(value as T)) invalid(`${name} must be one of ${words.join(', ')}`)
  return value as T
}

export function listIn(fields: Fields, name: string, max: number): Fields[] {
  const value = fields[name] ?? []
  if (!Array.isArray(value)) return invalid(`${name} must be a list`)
  if (value.length > max) invalid(`${name} must have at most ${max} items`)
  return value.map(fieldsIn)
}

export function envsIn(fields: Fields): KeyValue[] {
  return listIn(fields, 'envs', 100).map((env) => ({
    key: textIn(env, 'key', { min: 1, max: 511 }),
    value: textIn(env, 'value', { max: 4095 }),
  }))
}

/** 2222 to 2224 belong to the platform's own SSH component. */
export function portFrom(port: unknown, type: unknown): Port {
  const number = wholeIn({ port }, 'port', { min: 1, max: 65_535 })
  if (number >= 2222 && number <= 2224) invalid('ports 2222-2224 are reserved')
  return { port: number, type: wordIn({ type }, 'type', ['tcp', 'http'] as const) }
}

export function queryNumber(call: Call, name: string, orElse: number): number {
  const given = call.query.get(name)
  if (given === null || given === '') return orElse
  const value = Number(given)
  if (!Number.isInteger(value) || value < 0) return invalid(`${name} must be an integer from 0`)
  return value
}

/** Both 0 and 1 are the first page; a page of 10 unless told otherwise. Unknown page parameters change nothing. */
export function pageOf<T>(
  call: Call,
  items: readonly T[],
  pageName = 'pageNum',
): { items: T[]; total: number | string } {
  const { pageCap, totalAs } = call.world.state.settings
  const size = Math.min(queryNumber(call, 'pageSize', 10) || 10, pageCap ?? Number.POSITIVE_INFINITY)
  const page = Math.max(1, queryNumber(call, pageName, 1))
  return {
    items: items.slice((page - 1) * size, page * size),
    total: totalAs === 'string' ? String(items.length) : items.length,
  }
}

export function contains(text: string, part: string | null): boolean {
  return !part || text.toLowerCase().includes(part.toLowerCase())
}

/** The machine that a request names, if that API can see it. */
export function machineOf(call: Call, id: string, via: 'v1' | 'v2'): Machine {
  const { machines, settings } = call.world.state
  const machine = machines.find((one) => one.id === id && (settings.sharedIds || one.via === via))
  if (!machine || machine.status === 'gone') return unknownId(call.world)
  return machine
}
