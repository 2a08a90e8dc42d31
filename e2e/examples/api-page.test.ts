import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { root } from '../kit/server-process.ts'
import { aWorld } from '../world.ts'

/** By their names in the routes of the faces. */
const parameters = [':id', ':name', ':instance_id', ':instanceId', ':template_name']

let world: Awaited<ReturnType<typeof aWorld>>

beforeAll(async () => {
  world = await aWorld({ providers: ['novita'] })
})
afterAll(() => world.close())

test('every operation that docs/API.md names is served', () => {
  const operations = operationsOf(readFileSync(join(root, 'docs/API.md'), 'utf8'))
  expect(operations.length).toBeGreaterThan(50)
  expect(operations.filter(({ method, path }) => !isServed(method, path))).toEqual([])
  expect(isServed('GET', '/api/vast/nothing')).toBe(false)
})

/** What the tables below a heading name: below `/api/v1` as seen from there, below `/api/instances` in full. */
function operationsOf(page: string): { method: string; path: string }[] {
  let prefix = ''
  return page.split('\n').flatMap((line) => {
    const heading = /^## `?([^`]*)`?$/.exec(line)?.[1]
    if (heading !== undefined) prefix = heading === '/api/instances' || !heading.startsWith('/') ? '' : heading
    if (!line.startsWith('|')) return []
    return [...line.matchAll(/`(GET|POST|PUT|DELETE) (\/[^`?]*)(?:\?[^`]*)?`/g)].map(([, method = '', path = '']) => ({
      method,
      path: prefix + path,
    }))
  })
}

function isServed(method: string, path: string): boolean {
  return parameters.some((parameter) =>
    world.application.http.hasRoute({ method: method as 'GET', url: path.replaceAll(/\{\w+\}/g, parameter) }),
  )
}
