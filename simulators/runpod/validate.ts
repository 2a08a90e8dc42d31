/**
 * The part of JSON Schema that the request bodies of REST v2 use, with the wording of its validator. Two of the texts
 * were recorded (`additional properties … not allowed`, `value must be one of …`); they are those of the Go library
 * santhosh-tekuri/jsonschema, from which the other texts are taken.
 */

export type Schema =
  | { kind: 'string'; min?: number; max?: number; pattern?: string; oneOf?: readonly string[]; nullable?: boolean }
  | { kind: 'integer'; min?: number; max?: number }
  | { kind: 'boolean' }
  | { kind: 'array'; items: Schema; max?: number }
  | { kind: 'map'; values: Schema }
  | { kind: 'object'; fields: Record<string, Schema>; required?: readonly string[]; notEmpty?: boolean }

/** Every violation as the API lists it under `errors`; empty when the value fits. */
export function violations(schema: Schema, value: unknown, at = '$'): string[] {
  switch (schema.kind) {
    case 'string': {
      if (schema.nullable && value === null) return []
      if (typeof value !== 'string') return [wrongType(at, value, schema.nullable ? 'null or string' : 'string')]
      const found: string[] = []
      const length = [...value].length
      if (schema.oneOf && !schema.oneOf.includes(value))
        found.push(`${at}: value must be one of ${quoted(schema.oneOf)}`)
      if (schema.min !== undefined && length < schema.min)
        found.push(`${at}: minLength: got ${length}, want ${schema.min}`)
      if (schema.max !== undefined && length > schema.max)
        found.push(`${at}: maxLength: got ${length}, want ${schema.max}`)
      if (schema.pattern && !new RegExp(schema.pattern).test(value))
        found.push(`${at}: '${value}' does not match pattern '${schema.pattern}'`)
      return found
    }
    case 'integer':
      if (typeof value !== 'number' || !Number.isInteger(value)) return [wrongType(at, value, 'integer')]
      if (schema.min !== undefined && value < schema.min) return [`${at}: minimum: got ${value}, want ${schema.min}`]
      if (schema.max !== undefined && value > schema.max) return [`${at}: maximum: got ${value}, want ${schema.max}`]
      return []
    case 'boolean':
      return typeof value === 'boolean' ? [] : [wrongType(at, value, 'boolean')]
    case 'array':
      if (!Array.isArray(value)) return [wrongType(at, value, 'array')]
      return [
        ...(schema.max !== undefined && value.length > schema.max
          ? [`${at}: maxItems: got ${value.length}, want ${schema.max}`]
          : []),
        ...value.flatMap((item, index) => violations(schema.items, item, `${at}[${index}]`)),
      ]
    case 'map':
      if (!isObject(value)) return [wrongType(at, value, 'object')]
      return Object.entries(value).flatMap(([key, item]) => violations(schema.values, item, `${at}.${key}`))
    case 'object':
      return objectViolations(schema, value, at)
  }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function objectViolations(schema: Extract<Schema, { kind: 'object' }>, value: unknown, at: string): string[] {
  if (!isObject(value)) return [wrongType(at, value, 'object')]
  const found: string[] = []
  const missing = (schema.required ?? []).filter((name) => !Object.hasOwn(value, name))
  if (missing.length === 1) found.push(`${at}: missing property ${quoted(missing)}`)
  if (missing.length > 1) found.push(`${at}: missing properties ${quoted(missing)}`)
  if (schema.notEmpty && Object.keys(value).length === 0) found.push(`${at}: minProperties: got 0, want 1`)
  const unknown = Object.keys(value).filter((name) => !Object.hasOwn(schema.fields, name))
  if (unknown.length > 0) found.push(`${at}: additional properties ${quoted(unknown)} not allowed`)
  for (const [name, field] of Object.entries(schema.fields)) {
    if (Object.hasOwn(value, name)) found.push(...violations(field, value[name], `${at}.${name}`))
  }
  return found
}

function wrongType(at: string, value: unknown, wanted: string): string {
  return `${at}: got ${typeName(value)}, want ${wanted}`
}

function typeName(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'array' : typeof value
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `'${name}'`).join(', ')
}
