/**
 * Reading requests as strictly as the API: an unknown field is a 400. The texts of the issues are those of Zod, which
 * the "Required" of a reply seen in the field suggests.
 */

import type { SimRequest } from '../kit/simulator.ts'
import { ApiError, issue } from './errors.ts'

export interface Field {
  type: 'string' | 'number' | 'boolean' | 'strings'
  required?: true
  nullable?: true
  values?: readonly string[]
  nonEmpty?: true
  positive?: true
}

export type Fields = Record<string, Field>

const isJson = (request: SimRequest) => /^application\/json\b/i.test(request.headers['content-type'] ?? '')

/** A body that is not called JSON counts as none. */
export function readBody<T>(request: SimRequest, fields: Fields): T {
  const sent = isJson(request) ? parsed(request.body) : {}
  if (typeof sent !== 'object' || sent === null || Array.isArray(sent)) {
    throw issue(`Expected object, received ${zodType(sent)}`)
  }
  const body = sent as Record<string, unknown>
  const issues = Object.entries(fields).flatMap(([name, field]) => problems(body[name], field))
  const unknown = Object.keys(body).filter((name) => !Object.hasOwn(fields, name))
  if (unknown.length > 0) {
    issues.push(`Unrecognized key(s) in object: ${unknown.map((name) => `'${name}'`).join(', ')}`)
  }
  if (issues.length > 0) throw issue(...issues)
  return body as T
}

/** PATCH calls take nothing, and yet an empty body that calls itself JSON is refused. */
export function readNothing(request: SimRequest): void {
  readBody(request, {})
}

export function requiredQuery(query: URLSearchParams, ...names: readonly string[]): string[] {
  const missing = names.filter((name) => !query.has(name))
  if (missing.length > 0) throw issue(...missing.map(() => 'Required'))
  return names.map((name) => query.get(name) ?? '')
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    throw new ApiError('PARSE_ERROR', 'Failed to parse request body')
  }
}

function problems(value: unknown, field: Field): string[] {
  if (value === undefined) return field.required ? ['Required'] : []
  if (value === null && field.nullable) return []
  const wanted = field.type === 'strings' ? 'array' : field.type
  if (zodType(value) !== wanted) return [`Expected ${wanted}, received ${zodType(value)}`]
  if (Array.isArray(value)) {
    return value.filter((each) => typeof each !== 'string').map((each) => `Expected string, received ${zodType(each)}`)
  }
  if (field.values && !field.values.includes(String(value))) {
    const choice = field.values.map((each) => `'${each}'`).join(' | ')
    return [`Invalid enum value. Expected ${choice}, received '${String(value)}'`]
  }
  if (field.nonEmpty && value === '') return ['String must contain at least 1 character(s)']
  if (field.positive && Number(value) <= 0) return ['Number must be greater than 0']
  return []
}

function zodType(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'array' : typeof value
}
