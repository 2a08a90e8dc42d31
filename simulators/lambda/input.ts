/** Reads request bodies; what does not fit is refused with 400 `global/invalid-parameters` naming the field. */

import type { SimRequest } from '../kit/simulator.ts'
import { invalidParameters } from './errors.ts'

export type Body = Record<string, unknown>

export function bodyOf(request: SimRequest): Body {
  let parsed: unknown
  try {
    parsed = JSON.parse(request.body)
  } catch {
    throw invalidParameters()
  }
  if (!isObject(parsed)) throw invalidParameters()
  return parsed
}

export const isObject = (value: unknown): value is Body =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

interface TextRules {
  min?: number
  max?: number
  pattern?: RegExp
}

export function text(body: Body, field: string, rules: TextRules = {}): string {
  const value = body[field]
  if (value === undefined) throw invalidParameters(`${field}: Field required`)
  if (typeof value !== 'string') throw invalidParameters(`${field}: Input should be a valid string`)
  const { min = 0, max = Number.POSITIVE_INFINITY, pattern } = rules
  if (value.length < min) throw invalidParameters(`${field}: String should have at least ${min} characters`)
  if (value.length > max) throw invalidParameters(`${field}: String should have at most ${max} characters`)
  if (pattern && !pattern.test(value)) {
    throw invalidParameters(`${field}: String should match pattern '${pattern.source}'`)
  }
  return value
}

/** Absent is null; so is a JSON null, which clients send for what they leave out. */
export function optionalText(body: Body, field: string, rules: TextRules = {}): string | null {
  return body[field] === undefined || body[field] === null ? null : text(body, field, rules)
}

export function texts(body: Body, field: string): string[] {
  const value = body[field]
  if (value === undefined) throw invalidParameters(`${field}: Field required`)
  if (!Array.isArray(value) || value.some((item) => typeof item !== 'string')) {
    throw invalidParameters(`${field}: Input should be a valid list of strings`)
  }
  return value as string[]
}

export function optionalTexts(body: Body, field: string): string[] {
  return body[field] === undefined || body[field] === null ? [] : texts(body, field)
}

export function optionalObjects(body: Body, field: string): Body[] {
  const value = body[field]
  if (value === undefined || value === null) return []
  if (!Array.isArray(value) || !value.every(isObject)) {
    throw invalidParameters(`${field}: Input should be a valid list`)
  }
  return value
}
