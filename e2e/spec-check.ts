/**
 * Holds requests and replies against an OpenAPI document. It finds differences and judges none: which of them are meant
 * is for the test to list.
 */

import { readFileSync } from 'node:fs'
import Ajv, { type ErrorObject } from 'ajv'
import Ajv2020 from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { parse } from 'yaml'

export interface Exchange {
  method: string
  path: string
  query: URLSearchParams
  headers: Record<string, string>
  /** Text as sent; empty without a body. */
  body: string
  reply: { status: number; headers: Record<string, string>; body: string }
}

export interface Difference {
  side: 'request' | 'reply'
  /** `POST /v2/pods`, with the document's template, or the path as sent when it has none. */
  call: string
  what: string
}

export interface Spec {
  differencesOf(exchange: Exchange): Difference[]
}

// biome-ignore lint/suspicious/noExplicitAny: a document of somebody else's making
type Json = any

export function readDocument(file: string): Json {
  const text = readFileSync(file, 'utf8')
  return file.endsWith('.json') ? JSON.parse(text) : parse(text)
}

/** RFC 7386. */
export function mergePatched(target: Json, patch: Json): Json {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch
  const merged = typeof target === 'object' && target !== null && !Array.isArray(target) ? { ...target } : {}
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key]
    else merged[key] = mergePatched(merged[key], value)
  }
  return merged
}

/** @param document OpenAPI 3.0 or 3.1 */
export function specFrom(document: Json): Spec {
  const is30 = String(document.openapi).startsWith('3.0')
  const root = { ...(is30 ? asJsonSchema(document) : document), $id: 'https://spec.test/' }
  const options = { strict: false, allErrors: true, logger: false, validateFormats: true } as const
  const ajv = is30 ? new Ajv.default(options) : new Ajv2020.default(options)
  addFormats.default(ajv)
  ajv.addSchema(root)
  const base = new URL(document.servers?.[0]?.url ?? '/', 'https://spec.test').pathname.replace(/\/$/, '')
  const compiled = new Map<string, ReturnType<typeof ajv.compile>>()

  function wrongIn(pointer: string, value: unknown): string[] {
    const validate = compiled.get(pointer) ?? ajv.compile({ $ref: `https://spec.test/#${pointer}` })
    compiled.set(pointer, validate)
    return validate(value) ? [] : inWords(validate.errors ?? [])
  }

  /** Follows references, so that a pointer can go on behind one. */
  function at(pointer: string): { pointer: string; node: Json } {
    let node = root
    let path = ''
    for (const part of pointer.split('/').slice(1)) {
      node = node?.[part.replaceAll('~1', '/').replaceAll('~0', '~')]
      path += `/${part}`
      while (typeof node?.$ref === 'string' && node.$ref.startsWith('#/')) {
        path = node.$ref.slice(1)
        node = path
          .split('/')
          .slice(1)
          .reduce((inner: Json, step: string) => inner?.[step.replaceAll('~1', '/').replaceAll('~0', '~')], root)
      }
    }
    return { pointer: path, node }
  }

  function declaredKeys(pointer: string, depth = 0): Set<string> | null {
    const { node, pointer: real } = at(pointer)
    if (!node || depth > 4) return null
    const keys = new Set(Object.keys(node.properties ?? {}))
    for (const word of ['allOf', 'oneOf', 'anyOf'] as const) {
      for (const index of (node[word] ?? []).keys()) {
        for (const key of declaredKeys(`${real}/${word}/${index}`, depth + 1) ?? []) keys.add(key)
      }
    }
    return keys.size === 0 ? null : keys
  }

  function requestDifferences(exchange: Exchange, pointer: string): string[] {
    const { path } = pathIn(pointer)
    const shared: Json[] = at(`/paths/${path}`).node.parameters ?? []
    const parameters = [
      ...shared.map((_, index) => at(`/paths/${path}/parameters/${index}`)),
      ...(at(pointer).node.parameters ?? []).map((_: Json, index: number) => at(`${pointer}/parameters/${index}`)),
    ].filter(({ node }) => node.in === 'query')
    const found: string[] = []
    for (const { node, pointer: own } of parameters) {
      const text = exchange.query.get(node.name)
      if (text === null) {
        if (node.required) found.push(`query ${node.name} is missing`)
        continue
      }
      const wrong = wrongIn(`${own}/schema`, typed(text, at(`${own}/schema`).node))
      found.push(...wrong.map((what) => `query ${node.name}: ${what}`))
    }
    const names = new Set(parameters.map(({ node }) => node.name))
    for (const name of new Set(exchange.query.keys())) {
      if (!names.has(name)) found.push(`query ${name} is not declared`)
    }
    return [...found, ...bodyDifferences(exchange, pointer)]
  }

  function bodyDifferences({ body }: Exchange, pointer: string): string[] {
    const { node, pointer: real } = at(`${pointer}/requestBody`)
    if (body === '') return node?.required ? ['body is missing'] : []
    const json = JSON.parse(body)
    if (!node) return Object.keys(json).length === 0 ? ['an empty body is not declared'] : ['body is not declared']
    const schema = `${real}/content/application~1json/schema`
    if (!at(schema).node) return ['body is not declared as JSON']
    const declared = declaredKeys(schema)
    const undeclared = declared === null ? [] : Object.keys(json).filter((key) => !declared.has(key))
    return [
      ...undeclared.map((key) => `body ${key} is not declared`),
      ...wrongIn(schema, json).map((what) => `body${what}`),
    ]
  }

  function replyDifferences({ reply }: Exchange, pointer: string): string[] {
    const { responses = {} } = at(pointer).node
    const key = [String(reply.status), `${String(reply.status)[0]}XX`, 'default'].find((one) => one in responses)
    if (key === undefined) return [`status ${reply.status} is not declared`]
    const { node, pointer: real } = at(`${pointer}/responses/${key}`)
    const types = Object.keys(node.content ?? {})
    const type = types.find((one) => /json/.test(one))
    const sent = (reply.headers['content-type'] ?? '').split(';')[0] ?? ''
    if (type === undefined) {
      const isFine = types.length === 0 || types.includes(sent) || reply.body === ''
      return isFine ? [] : [`${reply.status}: ${sent} is not declared`]
    }
    if (!/json/.test(sent)) return [`${reply.status}: not JSON, but ${type} is declared`]
    const schema = `${real}/content/${type.replaceAll('~', '~0').replaceAll('/', '~1')}/schema`
    if (!at(schema).node) return []
    return wrongIn(schema, JSON.parse(reply.body)).map((what) => `${reply.status}${what}`)
  }

  return {
    differencesOf(exchange) {
      const relative = exchange.path.startsWith(`${base}/`) ? exchange.path.slice(base.length) : null
      const found = relative === null ? null : operationOf(document, exchange.method, relative)
      const call = `${exchange.method} ${found?.template ?? exchange.path.replace(/\/(?=[^/]*\d)[0-9a-z]{6,}(?=\/|\.|$)/g, '/…')}`
      if (found === null) return [{ side: 'request', call, what: 'the path is not in the document' }]
      if (!found.hasMethod) return [{ side: 'request', call, what: 'the method is not in the document' }]
      const pointer = `/paths/${found.template.replaceAll('~', '~0').replaceAll('/', '~1')}/${exchange.method.toLowerCase()}`
      const request = requestDifferences(exchange, pointer)
      if (found.slash) request.unshift('a slash at the end of the path')
      return [
        ...request.map((what): Difference => ({ side: 'request', call, what })),
        ...replyDifferences(exchange, pointer).map((what): Difference => ({ side: 'reply', call, what })),
      ]
    },
  }
}

function pathIn(pointer: string): { path: string } {
  return { path: pointer.split('/')[2] ?? '' }
}

/** A path without variables wins over one with. */
function operationOf(document: Json, method: string, path: string) {
  const slash = path.length > 1 && path.endsWith('/')
  const plain = slash ? path.slice(0, -1) : path
  const fitting = Object.keys(document.paths)
    .filter((template) => new RegExp(`^${template.replace(/\{[^}]+\}/g, '[^/]+')}$`).test(plain))
    .sort((one, other) => one.split('{').length - other.split('{').length)
  const template = fitting.find((one) => method.toLowerCase() in document.paths[one]) ?? fitting[0]
  if (template === undefined) return null
  return { template, slash, hasMethod: method.toLowerCase() in document.paths[template] }
}

/** What a text in a query stands for. */
function typed(text: string, schema: Json): unknown {
  const types = [schema?.type, ...(schema?.anyOf ?? []).map((one: Json) => one.type)].flat()
  if ((types.includes('integer') || types.includes('number')) && /^-?\d+(\.\d+)?$/.test(text)) return Number(text)
  if (types.includes('boolean') && /^(true|false)$/.test(text)) return text === 'true'
  if (types.includes('array')) return text.split(',')
  if (types.includes('object')) {
    try {
      return JSON.parse(text)
    } catch {
      return text
    }
  }
  return text
}

/** OpenAPI 3.0's way of saying "or null" and "more than", as JSON Schema says it today. */
function asJsonSchema(node: Json): Json {
  if (Array.isArray(node)) return node.map(asJsonSchema)
  if (typeof node !== 'object' || node === null) return node
  const plain = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, asJsonSchema(value)]))
  for (const [bound, word] of [
    ['minimum', 'exclusiveMinimum'],
    ['maximum', 'exclusiveMaximum'],
  ] as const) {
    if (typeof plain[word] !== 'boolean') continue
    if (plain[word] && plain[bound] !== undefined) plain[word] = plain[bound]
    else delete plain[word]
  }
  // A property may have the keyword's name; only the keyword is a boolean.
  if (plain.nullable === undefined || typeof plain.nullable !== 'boolean') return plain
  const { nullable, ...rest } = plain
  if (!nullable) return rest
  if (typeof rest.type !== 'string') return { anyOf: [rest, { type: 'null' }] }
  return { ...rest, type: [rest.type, 'null'], ...(rest.enum && { enum: [...(rest.enum as unknown[]), null] }) }
}

/** Places without the numbers in them, so that a hundred rows with the same difference are one. */
function inWords(errors: readonly ErrorObject[]): string[] {
  const said = errors
    .filter(({ keyword }) => keyword !== 'if')
    .map(({ instancePath, message, params }) => {
      const place = instancePath.replace(/\/\d+(?=\/|$)/g, '[]').replaceAll('/', '.')
      const which = params.additionalProperty ?? params.unevaluatedProperty ?? params.allowedValues?.join(', ')
      return `${place} ${message}${which === undefined ? '' : `: ${which}`}`
    })
  return [...new Set(said)]
}
