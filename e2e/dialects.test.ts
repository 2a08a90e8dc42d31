/** Whatever goes wrong on a path of another API is said in that API's shape, and in no other. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { aWorld, type Reply, type World } from './world.ts'

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE'

const key = 'the-control-key-of-this-test'

interface Dialect {
  name: string
  owns: RegExp
  isProblem(body: unknown): boolean
}

const isDetail = (body: unknown) => keysOf(body).join() === 'detail' && typeof fieldOf(body, 'detail') === 'string'
const dialects: readonly Dialect[] = [
  { name: 'contract 000', owns: /^\/api\/vast(\/|$)/, isProblem: isDetail },
  { name: 'contract 001', owns: /^\/infra\/vast(\/|$)/, isProblem: isDetail },
  {
    name: 'contract 002',
    owns: /^\/(api\/(instances|metrics|cache)|health)(\/|$)/,
    isProblem: (body) => {
      const error = fieldOf(body, 'error')
      return (
        keysOf(body).join() === 'error' &&
        ['code', 'message', 'timestamp', 'requestId'].every((name) => typeof fieldOf(error, name) === 'string')
      )
    },
  },
]

let world: World & { dataDir: string }
let routes: { path: string; methods: readonly Method[] }[]
beforeAll(async () => {
  world = await aWorld({ settings: { CONTROL_API_KEY: key } })
  routes = routesOf(world.application.http.printRoutes({ commonPrefix: false }))
})
afterAll(() => world.close())

const nonsense: readonly unknown[] = [
  [],
  '"text"',
  7,
  null,
  { name: { deep: [1] }, productName: 5, templateId: [], gpuNum: 'many', webhookUrl: 'javascript:1' },
  { offer_id: {}, template_name: 7, custom_config: 'none', limit: 'x', max_price: -1, wait_for_health: 'perhaps' },
]

describe.each(dialects)('$name', ({ owns, isProblem }) => {
  const own = () => {
    const found = routes.filter(({ path }) => owns.test(path))
    expect(found.length).toBeGreaterThan(2)
    return found
  }
  const expectProblem = (reply: Reply, what: string, status?: number) => {
    const said = `${what}: ${reply.status} ${JSON.stringify(reply.body).slice(0, 300)}`
    if (status !== undefined) expect(reply.status, said).toBe(status)
    expect(isProblem(reply.body), said).toBe(true)
    expect(said).not.toMatch(/\bat .*\.[jt]s:\d+|node_modules|SQLITE/)
  }

  test('a path that is not there, a method that it does not take', async () => {
    for (const { path, methods } of own()) {
      const missing = `${addressOf(path)}/no/such/thing`
      expectProblem(await call('GET', missing), `GET ${missing}`, 404)
      for (const method of ['PUT', 'DELETE', 'POST', 'GET'] as const) {
        if (methods.includes(method) || isTaken(addressOf(path), method)) continue
        expectProblem(await call(method, addressOf(path)), `${method} ${path}`, 405)
      }
    }
  })

  test('a wrong key', async () => {
    for (const { path, methods } of own()) {
      for (const method of methods) {
        const reply = await call(method, addressOf(path), undefined, { 'x-api-key': `wrong-for-${method}-${path}` })
        if (reply.status !== 429 && !isOpen(reply)) expectProblem(reply, `${method} ${path}`, 401)
        else if (reply.status === 429) expectProblem(reply, `${method} ${path}`)
      }
    }
  })

  test('a body that is no JSON, or too large', async () => {
    for (const { path, methods } of own()) {
      for (const method of methods.filter((one) => one === 'POST' || one === 'PUT')) {
        expectProblem(await call(method, addressOf(path), '{"name": '), `${method} ${path} malformed`, 400)
        const huge = JSON.stringify({ name: 'x'.repeat(11 * 1024 * 1024) })
        expectProblem(await call(method, addressOf(path), huge), `${method} ${path} huge`, 413)
      }
    }
  })

  test('a body of nonsense is refused or understood, and never our fault', async () => {
    for (const { path, methods } of own()) {
      for (const method of methods.filter((one) => one === 'POST' || one === 'PUT')) {
        for (const body of nonsense) {
          const reply = await call(method, addressOf(path), body === '"text"' ? body : JSON.stringify(body))
          if (reply.status < 400) continue
          expectProblem(reply, `${method} ${path} ${JSON.stringify(body)}`)
          if (!path.startsWith('/infra/')) expect(reply.status, `${method} ${path}`).toBeLessThan(500)
        }
      }
    }
  })
})

function call(method: Method, path: string, body?: unknown, headers: Record<string, string> = { 'x-api-key': key }) {
  return world.call(method, path, body, headers)
}

/** Served without a key. */
function isOpen({ status }: Reply): boolean {
  return status < 400 || status === 404 || status === 503
}

function isTaken(address: string, method: Method): boolean {
  return routes.some(({ path, methods }) => methods.includes(method) && patternOf(path).test(address))
}

function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replace(/:\w+/g, '[^/]+')}$`)
}

function addressOf(path: string): string {
  return path.replace(/:\w+/g, 'inst_0000000000000000')
}

/** The router's own tree, as lines of full paths. */
function routesOf(tree: string): typeof routes {
  const above: string[] = []
  return tree.split('\n').flatMap((line) => {
    const found = /^([│├└─\s]*)(\S+)(?: \(([A-Z, ]+)\))?/.exec(line)
    if (!found?.[2]?.startsWith('/') && !found?.[2]?.startsWith('.')) return []
    const depth = Math.floor((found[1] ?? '').length / 4)
    above[depth - 1] = found[2]
    const path = above.slice(0, depth).join('')
    const methods = (found[3] ?? '')
      .split(', ')
      .filter((method): method is Method => method !== 'HEAD' && method !== '')
    return methods.length === 0 ? [] : [{ path, methods }]
  })
}

function keysOf(value: unknown): string[] {
  return typeof value === 'object' && value !== null ? Object.keys(value) : []
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined
}
