import type { Chance } from './chance.ts'
import { type Known, nasty, type Schema, valueFor } from './values.ts'

export interface Operation {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  template: string
  parameters: readonly { name: string; in: string; required?: boolean; schema: Schema }[]
  body: Schema | undefined
}

export interface FuzzRequest {
  method: Operation['method'] | 'PATCH'
  url: string
  headers: Record<string, string>
  payload?: string
}

export type Document = {
  paths: Readonly<Record<string, Readonly<Record<string, object>>>>
  components: { schemas: Readonly<Record<string, unknown>> }
}

export function operationsOf({ paths }: Document): Operation[] {
  return Object.entries(paths).flatMap(([template, methods]) =>
    Object.entries(methods).map(([method, operation]): Operation => {
      const { parameters = [], requestBody } = operation as {
        parameters?: Operation['parameters']
        requestBody?: { content: Record<string, { schema: Schema }> }
      }
      return {
        method: method.toUpperCase() as Operation['method'],
        template,
        parameters,
        body: requestBody?.content['application/json']?.schema,
      }
    }),
  )
}

/** A request to this operation: most are meant well, some have one thing wrong, a few are not what they say at all. */
export function requestFor(
  operation: Operation,
  { chance, known, schemas }: { chance: Chance; known: Known; schemas: Document['components']['schemas'] },
): FuzzRequest {
  const context = { chance, schemas }
  const query = new URLSearchParams()
  for (const { name, in: place, required, schema } of operation.parameters) {
    if (place !== 'query' || !(required || chance.happens(0.2))) continue
    query.append(name, textOf(chance.happens(0.08) ? chance.one(nasty) : valueFor(schema, name, context)))
  }
  if (chance.happens(0.02)) query.append(chance.one(['x', '__proto__', 'limit[]', '%']), 'y')

  const wellMeant = operation.body === undefined ? undefined : bodyFor(operation, operation.body, context)
  const body = wellMeant !== undefined && chance.happens(0.2) ? withMistake(wellMeant, chance) : wellMeant
  const payload = body === undefined ? undefined : chance.happens(0.03) ? garbled(body, chance) : JSON.stringify(body)
  const asked = query.size === 0 ? '' : `?${query}`
  return {
    method: chance.happens(0.01) ? chance.one(['GET', 'POST', 'PUT', 'DELETE', 'PATCH'] as const) : operation.method,
    url: `${pathFor(operation.template, chance, known)}${asked}`,
    headers: headersFor(operation, chance),
    ...(payload !== undefined && { payload }),
  }
}

/** Where a body drawn from the schema would hardly ever make sense as a whole, it begins with one that does. */
function bodyFor({ template }: Operation, schema: Schema, context: Parameters<typeof valueFor>[2]): unknown {
  const { chance } = context
  const drawn = valueFor(schema, '', context)
  const starts = sensibleBodies[template]
  if (starts === undefined || chance.happens(0.3) || typeof drawn !== 'object' || drawn === null) return drawn
  const more = Object.entries(drawn).filter(() => chance.happens(0.3))
  return { ...Object.fromEntries(more), ...chance.one(starts) }
}

const launches = [
  { provider: 'vast', offer_id: '4090' },
  { gpu_model: 'RTX 4090', market: 'any' },
  { gpu_models: ['A100', 'H100'], min_vram_gb: undefined },
  { min_vram_gb: 24, disk_gb: 20 },
]

const sensibleBodies: Readonly<Record<string, readonly object[]>> = {
  '/api/v1/instances': launches,
  '/api/v1/instances/plan': launches,
  '/api/v1/instances/adopt': [{ provider: 'vast', machine_id: 'stray-1' }],
  '/api/v1/webhooks': [{ url: 'https://hooks.example/in' }],
}

function pathFor(template: string, chance: Chance, { ids }: Known): string {
  const path = template.replace(/\{(\w+)\}/g, (_, name: string) => {
    const odd = chance.happens(0.06)
    if (odd) return encodeURIComponent(wellFormed(textOf(chance.one(nasty)) || '-').slice(0, 400))
    const collection = template.slice('/api/v1/'.length).split('/{', 1)[0] ?? ''
    const found = ids.get(name === 'id' ? collection : name) ?? []
    return encodeURIComponent(found.length > 0 && chance.happens(0.9) ? chance.one(found) : `${name}_unknown`)
  })
  return chance.happens(0.01) ? chance.one([`${path}/`, `/${path}`, `${path}/..`, `${path}%2f`, `${path}%`]) : path
}

function headersFor(operation: Operation, chance: Chance): Record<string, string> {
  const headers: Record<string, string> = {}
  if (operation.body !== undefined) {
    headers['content-type'] = chance.happens(0.95) ? 'application/json' : chance.one(['text/plain', 'x', 'a/b; c'])
  }
  if (operation.method !== 'GET' && chance.happens(0.25)) {
    // Few enough that some meet again.
    headers['idempotency-key'] = chance.happens(0.9)
      ? `again-${chance.whole(1, 40)}`
      : chance.one(['a b', 'x'.repeat(256), '1'])
  }
  if (chance.happens(0.03))
    headers[chance.one(['accept', 'last-event-id', 'x-request-id', 'range'])] = chance.one(['*', '1', 'z'])
  return headers
}

/** One thing of it changed, taken away or added, at any depth. */
function withMistake(value: unknown, chance: Chance): unknown {
  if (typeof value !== 'object' || value === null || chance.happens(0.15)) return chance.one(nasty)
  if (Array.isArray(value)) {
    const at = chance.whole(0, Math.max(0, value.length - 1))
    return value.length === 0
      ? [chance.one(nasty)]
      : value.map((one, index) => (index === at ? withMistake(one, chance) : one))
  }
  const names = Object.keys(value)
  const added = { ...value, [chance.one(['extra', '__proto__', 'constructor', 'id', ''])]: chance.one(nasty) }
  if (names.length === 0 || chance.happens(0.2)) return added
  const name = chance.one(names)
  const { [name]: inner, ...others } = value as Record<string, unknown>
  return chance.happens(0.25) ? others : { ...others, [name]: withMistake(inner, chance) }
}

function garbled(body: unknown, chance: Chance): string {
  const text = JSON.stringify(body)
  return chance.one([
    text.slice(0, -1),
    `${text}}`,
    '',
    '{',
    'null',
    '[]',
    '"text"',
    text.replaceAll('"', "'"),
    '[['.repeat(500),
  ])
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : Array.isArray(value) ? value.join(',') : String(JSON.stringify(value))
}

function wellFormed(text: string): string {
  return text.toWellFormed()
}
