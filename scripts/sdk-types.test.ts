import { expect, test } from 'vitest'
import { type OpenApi, sdkTypes } from './sdk-types.ts'

type Schemas = OpenApi['components']['schemas']

function typesOf(schemas: Schemas, paths: OpenApi['paths'] = {}): string {
  return sdkTypes({ components: { schemas }, paths })
}

test('writes the shapes that our OpenAPI file uses', () => {
  const thing: Schemas[string] = {
    type: 'object',
    properties: {
      id: { type: 'string', description: 'Unique.' },
      kind: { type: 'string', enum: ['a', "b's"] },
      size: { type: ['number', 'null'] },
      other: { anyOf: [{ $ref: '#/components/schemas/Other' }, { type: 'null' }] },
      tags: { type: 'array', items: { type: 'string' } },
      data: { type: 'object', additionalProperties: {} },
    },
    required: ['id', 'kind', 'size', 'other', 'data'],
  }

  expect(typesOf({ Thing: thing, Other: { type: 'string' } })).toContain(`export interface Thing {
  /** Unique. */
  id: string
  kind: 'a' | 'b\\'s'
  size: number | null
  other: Other | null
  tags?: string[]
  data: Record<string, unknown>
}
`)
})

test('what is sent may leave a field undefined', () => {
  const schemas = { Wish: { type: 'object', properties: { gpu: { type: 'string' } } } }
  const schema = { $ref: '#/components/schemas/Wish' }
  const operation = {
    operationId: 'wish',
    requestBody: { content: { 'application/json': { schema } } },
    responses: { 200: { content: { 'application/json': { schema: { type: 'null' } } } } },
  }

  const types = typesOf(schemas, { '/wishes/{id}': { post: operation } })

  expect(types).toContain('gpu?: string | undefined')
  expect(types).toContain("wish: { method: 'POST', path: '/wishes/{id}' }")
})

test('stops at a schema that it does not know', () => {
  expect(() => typesOf({ Odd: { not: {} } as Schemas[string] })).toThrow('does not know this schema')
})
