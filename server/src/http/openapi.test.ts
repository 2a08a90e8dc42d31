import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { describe, expect, test } from 'vitest'
import packageJson from '../../package.json' with { type: 'json' }
import { openApi } from '../testing/http-world.ts'
import { openApiDocument } from './openapi.ts'
import { statusOf } from './problem.ts'
import { v1Routes } from './v1/routes.ts'

// biome-ignore lint/suspicious/noExplicitAny: the document is read as plain JSON
const document: any = await openApiDocument(packageJson.version)
// biome-ignore lint/suspicious/noExplicitAny: the document is read as plain JSON
const operations: [string, any][] = Object.entries<any>(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]): [string, unknown] => [
    `${method.toUpperCase()} ${path}`,
    operation,
  ]),
)

test('the file in docs/reference is this one: npm run generate makes it', () => {
  expect(openApi).toEqual(JSON.parse(JSON.stringify(document)))
})

test('names its version, its licence, where it is served and how to be let in', () => {
  expect(document).toMatchObject({
    openapi: '3.1.0',
    info: { title: 'gpufleet', license: { name: 'MIT' } },
    servers: [{ url: '/' }],
    security: [{ bearer: [] }, { apiKey: [] }, {}],
  })
  expect(Object.keys(document.components.securitySchemes)).toEqual(['bearer', 'apiKey'])
})

test('every operation is there once, under its own id and a tag that is explained', () => {
  const ids = operations.map(([, operation]) => operation.operationId)
  expect(new Set(ids).size).toBe(ids.length)
  expect(ids.sort()).toEqual([...v1Routes.map(({ spec }) => spec.operationId), 'streamEvents', 'exportCosts'].sort())
  const tags = document.tags.map((tag: { name: string }) => tag.name)
  for (const [name, operation] of operations) expect(tags, name).toContain(operation.tags[0])
})

test('every reference leads somewhere, and every schema compiles', () => {
  const text = JSON.stringify(document)
  for (const [, name = ''] of text.matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)) {
    expect(Object.keys(document.components.schemas)).toContain(name)
  }
  const ajv = new Ajv2020({ strict: false })
  addFormats.default(ajv)
  ajv.addSchema({ $id: 'openapi', components: document.components })
  for (const name of Object.keys(document.components.schemas)) {
    expect(() => ajv.compile({ $ref: `openapi#/components/schemas/${name}` }), name).not.toThrow()
  }
})

describe.each(operations)('%s', (name, operation) => {
  test('says what it does, and what each answer means', () => {
    expect(operation.summary.length).toBeGreaterThan(8)
    for (const [status, answer] of Object.entries<{ description: string; content: Record<string, unknown> }>(
      operation.responses,
    )) {
      expect(answer.description, status).not.toBe('Default Response')
      expect(answer.description.length, status).toBeGreaterThan(8)
      expect(Object.keys(answer.content), status).toHaveLength(1)
    }
  })

  test('declares what any call may meet, and what its own kind may', () => {
    const declared = Object.keys(operation.responses)
    expect(declared).toEqual(expect.arrayContaining(['400', '401', '429', '500']))
    if (!name.startsWith('GET')) expect(declared).toContain('413')
    if (name.includes('{id}')) expect(declared).toContain('404')
    if (name.startsWith('POST') && name.includes('/instances')) expect(declared).toContain('409')
    const route = v1Routes.find(({ spec }) => spec.operationId === operation.operationId)
    for (const code of route?.spec.errors ?? []) {
      expect(declared).toContain(String(statusOf[code]))
      expect(operation.responses[statusOf[code]].description).toContain(`\`${code}\``)
    }
  })

  test('its path parameters are those of its path, and all its parameters are plain', () => {
    const parameters: { name: string; in: string; required?: boolean; schema: object }[] = operation.parameters ?? []
    const inPath = [...name.matchAll(/\{(\w+)\}/g)].map(([, one]) => one)
    expect(parameters.filter((one) => one.in === 'path').map((one) => one.name)).toEqual(inPath)
    for (const parameter of parameters) {
      expect(parameter.required ?? false, parameter.name).toBe(parameter.in === 'path')
      expect(parameter.schema, parameter.name).not.toEqual({})
    }
  })
})
