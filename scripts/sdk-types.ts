/**
 * The SDK's types, from the OpenAPI file. It knows the words that our own file uses and stops at any other, so that a new
 * one is noticed here and not by somebody whose types are quietly wrong.
 */

export interface OpenApi {
  components: { schemas: Record<string, Schema> }
  paths: Record<string, Record<string, Operation>>
}

interface Operation {
  operationId: string
  summary?: string
  parameters?: Parameter[]
  requestBody?: { content: Record<string, { schema: Schema }> }
  responses: Record<string, { content?: Record<string, { schema: Schema }> }>
}

interface Parameter {
  name: string
  in: string
  required?: boolean
  description?: string
  schema: Schema
}

interface Schema {
  $ref?: string
  type?: string | string[]
  enum?: unknown[]
  const?: unknown
  anyOf?: Schema[]
  oneOf?: Schema[]
  items?: Schema
  properties?: Record<string, Schema>
  required?: string[]
  additionalProperties?: boolean | Schema
  description?: string
}

/** `sent` values may leave a field undefined; `received` ones are exactly what the server promises. */
type Direction = 'sent' | 'received'

const header = `// Made from docs/reference/openapi.json by \`npm run generate\`. Do not edit.
`

export function sdkTypes({ components, paths }: OpenApi): string {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  )
  const sent = reachedFrom(
    operations.map(({ operation }) => bodyOf(operation)),
    components.schemas,
  )
  const named = Object.entries(components.schemas).map(([name, schema]) =>
    declaration(name, schema, sent.has(name) ? 'sent' : 'received'),
  )
  return [
    header,
    ...named.map((text) => `${text}\n`),
    '/** What each operation takes and answers, by its operationId. */',
    'export interface Operations {',
    ...operations.map(({ operation }) => indented(operationType(operation))),
    '}',
    '',
    'export type OperationId = keyof Operations',
    '',
    '/** Where each operation lives. */',
    'export const routes: { readonly [Id in OperationId]: { readonly method: string; readonly path: string } } = {',
    ...operations.map(
      ({ operation, method, path }) => `  ${operation.operationId}: { method: '${method}', path: '${path}' },`,
    ),
    '}',
    '',
  ].join('\n')
}

function declaration(name: string, schema: Schema, direction: Direction): string {
  const type = typeOf(schema, direction)
  const about = comment(schema.description)
  return type.startsWith('{') ? `${about}export interface ${name} ${type}` : `${about}export type ${name} = ${type}`
}

function operationType(operation: Operation): string {
  const { operationId, summary, parameters = [] } = operation
  const body = bodyOf(operation)
  const lines = [
    `params: ${parametersType(parameters.filter((one) => one.in === 'path'))}`,
    `query: ${parametersType(parameters.filter((one) => one.in === 'query'))}`,
    `body: ${body === undefined ? 'undefined' : typeOf(body, 'sent')}`,
    `reply: ${replyType(operation)}`,
  ]
  return `${comment(summary)}${operationId}: {\n${lines.map(indented).join('\n')}\n}`
}

function parametersType(parameters: Parameter[]): string {
  if (parameters.length === 0) return 'undefined'
  return objectType(
    {
      properties: Object.fromEntries(
        parameters.map(({ name, schema, description }) => [
          name,
          { ...schema, ...(description !== undefined && { description }) },
        ]),
      ),
      required: parameters.filter((one) => one.required === true).map((one) => one.name),
    },
    'sent',
  )
}

/** A call without a described answer is a stream; the client has its own method for it. */
function replyType({ responses, operationId }: Operation): string {
  const good = Object.keys(responses).filter((status) => status.startsWith('2'))
  if (good.length !== 1) throw new Error(`${operationId} has ${good.length} good answers; the SDK expects one`)
  const schema = responses[good[0] as string]?.content?.['application/json']?.schema
  return schema === undefined ? 'undefined' : typeOf(schema, 'received')
}

function bodyOf({ requestBody }: Operation): Schema | undefined {
  return requestBody?.content['application/json']?.schema
}

function typeOf(schema: Schema, direction: Direction): string {
  if (schema.$ref !== undefined) return nameOf(schema.$ref)
  if (schema.const !== undefined) return literal(schema.const)
  if (schema.enum !== undefined) return schema.enum.map(literal).join(' | ')
  const choices = schema.anyOf ?? schema.oneOf
  if (choices !== undefined) return [...new Set(choices.map((one) => typeOf(one, direction)))].join(' | ')
  if (Array.isArray(schema.type)) {
    return schema.type.map((type) => typeOf({ ...schema, type }, direction)).join(' | ')
  }
  switch (schema.type) {
    case 'string':
      return 'string'
    case 'number':
    case 'integer':
      return 'number'
    case 'boolean':
      return 'boolean'
    case 'null':
      return 'null'
    case 'array':
      return arrayOf(typeOf(schema.items ?? {}, direction))
    case 'object':
      return objectType(schema, direction)
    case undefined:
      if (Object.keys(schema).every((key) => key === 'description')) return 'unknown'
  }
  throw new Error(`sdk-types.ts does not know this schema: ${JSON.stringify(schema)}`)
}

function arrayOf(type: string): string {
  return /^[\w]+$/.test(type) ? `${type}[]` : `Array<${type}>`
}

function objectType({ properties = {}, required = [], additionalProperties }: Schema, direction: Direction): string {
  const fields = Object.entries(properties)
  if (fields.length === 0) {
    return typeof additionalProperties === 'object'
      ? `Record<string, ${typeOf(additionalProperties, direction)}>`
      : 'Record<string, never>'
  }
  const lines = fields.map(([name, schema]) => {
    const optional = !required.includes(name)
    const key = /^[A-Za-z_]\w*$/.test(name) ? name : `'${name}'`
    const missing = optional && direction === 'sent' ? ' | undefined' : ''
    return indented(
      `${comment(schema.description)}${key}${optional ? '?' : ''}: ${typeOf(schema, direction)}${missing}`,
    )
  })
  return `{\n${lines.join('\n')}\n}`
}

function reachedFrom(roots: (Schema | undefined)[], schemas: Record<string, Schema>): Set<string> {
  const found = new Set<string>()
  const waiting = roots.map((root) => JSON.stringify(root ?? null))
  for (let text = waiting.pop(); text !== undefined; text = waiting.pop()) {
    for (const [, name = ''] of text.matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
      if (!found.has(name)) waiting.push(JSON.stringify(schemas[name] ?? null))
      found.add(name)
    }
  }
  return found
}

function nameOf(ref: string): string {
  return ref.slice('#/components/schemas/'.length)
}

function literal(value: unknown): string {
  return typeof value === 'string' ? `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'` : String(value)
}

function comment(text: string | undefined): string {
  return text === undefined ? '' : `/** ${text.replaceAll('*/', '*∕').replaceAll('\n', ' ')} */\n`
}

function indented(text: string): string {
  return text.replace(/^(?=.)/gm, '  ')
}
