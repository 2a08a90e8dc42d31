import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { hourMs, isoFrom, minuteMs } from '../../../core/time.ts'
import { adminKey, type HttpWorld, httpWorld } from '../../../testing/http-world.ts'

let world: HttpWorld
beforeEach(async () => {
  world = await httpWorld()
})
afterEach(() => world.close())

const admin = { 'x-api-key': adminKey }
const create = (body: object) => world.ask('POST', '/api/v1/keys', body, admin)
const whoami = (key: string, remoteAddress = '203.0.113.9') =>
  world.send({ method: 'GET', url: '/api/v1/whoami', headers: { authorization: `Bearer ${key}` }, remoteAddress })

describe('a new key', () => {
  test('opens what its role and project say, is shown once and kept as a hash', async () => {
    const { status, json } = await create({ name: 'ci', role: 'operator', project: 'vision' })
    expect(status).toBe(201)
    const { key, id } = json.data
    expect(key).toMatch(/^gpf_[0-9a-z]{12}_[A-Za-z0-9_-]{43}$/)
    expect((await whoami(key)).json.data).toEqual({
      kind: 'key',
      key_id: id,
      name: 'ci',
      role: 'operator',
      project: 'vision',
    })
    const secret = key.split('_').slice(2).join('_')
    const kept = JSON.stringify(await world.database.selectFrom('api_keys').selectAll().execute())
    expect(kept).not.toContain(secret)
    expect((await world.ask('GET', '/api/v1/keys', undefined, admin)).text).not.toContain(secret)
    expect(JSON.stringify(await world.listEvents())).not.toContain(secret)
  })

  test('leaves an event that names who made it', async () => {
    await create({ name: 'ci', role: 'viewer' })
    expect((await world.listEvents()).at(-1)).toMatchObject({
      kind: 'changed',
      message: 'key ci was made',
      actor: 'admin',
      data: { what: 'key_created', key: { name: 'ci', role: 'viewer', project: null } },
    })
  })

  test('tells the audit log what it opened before and after each change, and never its secret', async () => {
    const { id, key } = (await create({ name: 'ci', role: 'viewer' })).json.data
    await world.ask('POST', `/api/v1/keys/${id}/rotate`, undefined, admin)
    await world.ask('DELETE', `/api/v1/keys/${id}`, undefined, admin)
    const { json, text } = await world.ask('GET', '/api/v1/audit?kind=changed', undefined, admin)
    expect(json.data).toMatchObject([
      { before: { name: 'ci', revoked_at: null }, after: { revoked_at: expect.any(String) } },
      { before: { role: 'viewer', rotated_at: null }, after: { role: 'viewer', rotated_at: expect.any(String) } },
      { before: null, after: { name: 'ci', role: 'viewer', project: null, expires_at: null } },
    ])
    expect(text).not.toContain(key.split('_').slice(2).join('_'))
  })

  test.each([
    [{ name: 'ci', role: 'root' }, 'role'],
    [{ name: 'a\nb', role: 'viewer' }, 'name'],
    [{ name: 'ci', role: 'viewer', project: '../x' }, 'project'],
    [{ name: 'ci', role: 'viewer', expires_at: 'soon' }, 'expires_at'],
  ])('is refused with its mistakes named: %j', async (body, field) => {
    const { status, json } = await create(body)
    expect(status).toBe(400)
    expect(json.details.mistakes.map((one: { field: string }) => one.field)).toEqual([field])
  })

  test('an admin key takes no project, and nobody takes a name that is in use or reserved', async () => {
    expect((await create({ name: 'boss', role: 'admin', project: 'vision' })).status).toBe(400)
    expect((await create({ name: 'old', role: 'viewer', expires_at: '2020-01-01T00:00:00Z' })).status).toBe(400)
    expect((await create({ name: 'admin', role: 'viewer' })).status).toBe(409)
    expect((await create({ name: 'ci', role: 'viewer' })).status).toBe(201)
    expect((await create({ name: 'ci', role: 'viewer' })).json).toMatchObject({ code: 'not_allowed_now' })
  })
})

describe('a key ends', () => {
  test('when it expires', async () => {
    const { json } = await create({
      name: 'ci',
      role: 'viewer',
      expires_at: isoFrom(world.clock.now() + hourMs),
    })
    expect((await whoami(json.data.key)).status).toBe(200)
    await world.clock.advance(hourMs)
    expect(await whoami(json.data.key)).toMatchObject({ status: 401, json: { error: 'this API key has expired' } })
  })

  test('when it is revoked, and its name is free again', async () => {
    const { id, key } = (await create({ name: 'ci', role: 'viewer' })).json.data
    expect((await world.ask('DELETE', `/api/v1/keys/${id}`, undefined, admin)).json.data.revoked_at).not.toBeNull()
    expect(await whoami(key)).toMatchObject({ status: 401, json: { error: 'this API key has been revoked' } })
    expect((await world.ask('POST', `/api/v1/keys/${id}/rotate`, undefined, admin)).status).toBe(409)
    expect((await world.ask('GET', '/api/v1/keys', undefined, admin)).json.data).toEqual([])
    expect((await world.ask('GET', '/api/v1/keys?revoked=true', undefined, admin)).json.data).toHaveLength(1)
    expect((await create({ name: 'ci', role: 'viewer' })).status).toBe(201)
  })

  test('its old secret, when it is rotated', async () => {
    const old = (await create({ name: 'ci', role: 'viewer' })).json.data
    const { json } = await world.ask('POST', `/api/v1/keys/${old.id}/rotate`, undefined, admin)
    expect((await whoami(old.key)).status).toBe(401)
    expect((await whoami(json.data.key)).json.data).toMatchObject({ key_id: old.id, name: 'ci' })
  })

  test('404 for one that there is not', async () => {
    expect((await world.ask('DELETE', '/api/v1/keys/key_none', undefined, admin)).status).toBe(404)
    expect((await world.ask('POST', '/api/v1/keys/key_none/rotate', undefined, admin)).status).toBe(404)
  })
})

test('its last use is shown, written at most once a minute', async () => {
  const { key } = (await create({ name: 'ci', role: 'viewer' })).json.data
  const lastUsed = async () => (await world.ask('GET', '/api/v1/keys', undefined, admin)).json.data[0].last_used_at
  expect(await lastUsed()).toBeNull()
  const first = isoFrom(world.clock.now())
  await whoami(key)
  await world.clock.advance(minuteMs - 1)
  await whoami(key)
  expect(await lastUsed()).toBe(first)
  await world.clock.advance(1)
  await whoami(key)
  expect(await lastUsed()).toBe(isoFrom(world.clock.now()))
})

test('without a key, from the own machine, one is admin of all projects', async () => {
  expect((await world.ask('GET', '/api/v1/whoami')).json.data).toEqual({
    kind: 'keyless',
    key_id: null,
    name: 'keyless',
    role: 'admin',
    project: null,
  })
})
