import { readFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { keyBehind } from '../../app/keys.ts'
import { includes, roles } from '../../core/roles.ts'
import { hourMs } from '../../core/time.ts'
import { addressOf, adminKey, type HttpWorld, httpWorld } from '../../testing/http-world.ts'
import { elsewhere, operations, ruleOf, statusOf } from '../../testing/operations.ts'
import { requireAccessRules } from '../access-rules.ts'

describe('every operation', () => {
  let world: HttpWorld
  const keys: Record<string, Record<string, string>> = {}
  beforeAll(async () => {
    world = await httpWorld()
    for (const role of roles) keys[role] = (await world.keyOf({ role })).headers
    keys.bound = (await world.keyOf({ role: 'operator', project: 'vision' })).headers
    const revoked = await world.keyOf({ role: 'admin' })
    keys.revoked = revoked.headers
    const event = { at: 0, instanceId: null, kind: 'changed' as const, status: null, because: null, message: '' }
    await world.keys.revoke(revoked.id, world.clock.now(), event)
    const expired = await world.keyOf({ role: 'admin' })
    keys.expired = expired.headers
    await world.database
      .updateTable('api_keys')
      .set({ expires_at: world.clock.now() - hourMs })
      .where('id', '=', expired.id)
      .execute()
    const right = keys.admin?.authorization ?? ''
    keys.foreign = { authorization: `${right.slice(0, -43)}${'A'.repeat(43)}` }
    keys.cut = { authorization: right.slice(0, -1) }
  })
  afterAll(() => world.close())

  test.each(operations)('$method $template has a rule', ({ operationId }) => {
    expect(ruleOf.has(operationId)).toBe(true)
  })

  for (const bad of ['missing', 'foreign', 'cut', 'expired', 'revoked']) {
    test.each(operations)(`$method $template is closed to a key that is ${bad}`, async ({ method, template }) => {
      const url = addressOf(template)
      const headers = bad === 'missing' ? {} : keys[bad]
      expect(headers).toBeDefined()
      expect(await statusOf(world, { method, url, headers: headers ?? {}, remoteAddress: elsewhere })).toBe(401)
    })
  }

  test.each(operations)('$method $template takes the role that it says', async ({ method, template, operationId }) => {
    const rule = ruleOf.get(operationId)
    if (rule === undefined) throw new Error('it has no rule')
    const ask = (name: string) =>
      statusOf(world, { method, url: addressOf(template), headers: keys[name] ?? {}, remoteAddress: elsewhere })
    for (const role of roles) {
      const status = await ask(role)
      if (includes(role, rule.access)) expect([401, 403, 500], role).not.toContain(status)
      else expect(status, role).toBe(403)
    }
    const isOpen = includes('operator', rule.access) && !rule.allProjects
    if (isOpen) expect([401, 403, 500]).not.toContain(await ask('bound'))
    else expect(await ask('bound')).toBe(403)
  })
})

describe('what is no operation', () => {
  let world: HttpWorld
  afterEach(() => world.close())

  test('metrics are for viewers of all projects; probes and docs for everybody', async () => {
    world = await httpWorld()
    const viewer = (await world.keyOf({ role: 'viewer' })).headers
    const bound = (await world.keyOf({ role: 'operator', project: 'vision' })).headers
    const ask = (url: string, headers = {}) =>
      statusOf(world, { method: 'GET', url, headers, remoteAddress: elsewhere })
    expect(await ask('/metrics')).toBe(401)
    expect(await ask('/metrics', viewer)).toBe(200)
    expect(await ask('/metrics', bound)).toBe(403)
    for (const open of ['/healthz', '/readyz', '/docs/', '/openapi.json']) expect(await ask(open), open).toBe(200)
  })

  test('a refusal says which role is enough', async () => {
    world = await httpWorld()
    const viewer = await world.keyOf({ role: 'viewer', name: 'dashboard' })
    const { status, json } = await world.ask('DELETE', '/api/v1/instances/inst_1', undefined, viewer.headers)
    expect(status).toBe(403)
    expect(json).toMatchObject({
      code: 'forbidden',
      error: 'this takes the role operator; the key dashboard is viewer',
      fix: 'use a key with the role operator or admin',
    })
  })

  test('a route that says nothing about access stops the start', async () => {
    world = await httpWorld()
    const { default: fastify } = await import('fastify')
    const app = fastify()
    requireAccessRules(app)
    app.get('/ruled', { config: { access: 'open' } }, async () => 'ok')
    app.get('/forgotten', async () => 'everything')
    await expect(app.ready()).rejects.toThrow('GET /forgotten')
  })
})

describe('comparing keys', () => {
  let world: HttpWorld
  afterEach(() => world.close())

  test('an unknown id is refused like a wrong secret, in constant time', async () => {
    world = await httpWorld()
    const { id, headers } = await world.keyOf({ role: 'viewer' })
    const token = (headers.authorization ?? '').slice('Bearer '.length)
    expect(await keyBehind(`${token.slice(0, -43)}${'A'.repeat(43)}`, world)).toEqual({ refused: 'unknown' })
    expect(await keyBehind(`gpf_${'0'.repeat(12)}_${'A'.repeat(43)}`, world)).toEqual({ refused: 'unknown' })
    expect(await keyBehind(token, world)).toMatchObject({ key: { id } })
    // What a clock could hardly show in a test, the source does.
    const source = readFileSync(new URL('../../app/keys.ts', import.meta.url), 'utf8')
    expect(source).toContain('timingSafeEqual(')
    expect(source).not.toMatch(/hash\w*(\([^)]*\))?\s*[!=]==/i)
  })

  test('the admin key is not found letter by letter', async () => {
    world = await httpWorld()
    for (const length of [1, 8, adminKey.length - 1]) {
      const headers = { 'x-api-key': adminKey.slice(0, length) }
      expect(await statusOf(world, { method: 'GET', url: '/api/v1/whoami', headers })).toBe(401)
    }
  })
})
