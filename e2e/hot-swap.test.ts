import { afterEach, expect, test } from 'vitest'
import { type Config, configFrom } from '../server/src/config/config.ts'
import { aWorld, type World } from './world.ts'

const minute = 60_000
let world: (World & { dataDir: string }) | undefined
afterEach(() => world?.close())

interface Switched {
  is_enabled: boolean
  is_configured: boolean
}

async function provider(of: World, name: string): Promise<Switched> {
  const { body } = await of.call('GET', '/api/v1/providers')
  return body.data.find((one: { name: string }) => one.name === name)
}

test('a provider key that is set later is used without a restart, and one that is taken away is not used any more', async () => {
  let read: () => Config = () => {
    throw new Error('read before it was set')
  }
  world = await aWorld({ providers: ['vast'], surroundings: { readConfig: () => read() } })
  expect((await provider(world, 'lambda_labs')).is_configured).toBe(false)

  const settings = (extra: Record<string, string>) => configFrom({ ...world?.settings, ...extra })
  read = () => settings({ LAMBDA_API_KEY: 'sim-lambda', LAMBDA_API_BASE_URL: 'http://lambda.simulated' })
  const report = await world.call('POST', '/api/v1/admin/reload')
  expect(report.body.data).toMatchObject({ changed: ['LAMBDA_API_KEY', 'LAMBDA_API_BASE_URL'], need_restart: [] })
  expect((await provider(world, 'lambda_labs')).is_configured).toBe(true)

  const launched = await world.call('POST', '/api/v1/instances', {
    provider: 'lambda_labs',
    gpu_model: 'A10',
    image: 'x',
    ssh_public_key: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBPHBBY9g95Ent3NuTSyHmmyYwl0B97xDmIgQ097342Y me@example.com',
  })
  expect(launched.status, JSON.stringify(launched.body)).toBe(201)
  await world.untilStatus(launched.body.data.id, 'ready', 40 * minute)

  read = () => settings({ PORT: '9999' })
  const second = await world.call('POST', '/api/v1/admin/reload')
  expect(second.body.data).toMatchObject({ need_restart: ['PORT'] })
  expect((await provider(world, 'lambda_labs')).is_configured).toBe(false)
  const third = await world.call('POST', '/api/v1/admin/reload')
  expect(third.body.data.need_restart).toEqual(['PORT'])

  // Its machine is not forgotten: it is looked after again as soon as the key is there.
  await world.call('DELETE', `/api/v1/instances/${launched.body.data.id}`)
  await world.pass(minute)
  expect(world.simulators.lambda.marketplace.machines().some((machine) => machine.billing)).toBe(true)
  read = () => settings({ LAMBDA_API_KEY: 'sim-lambda', LAMBDA_API_BASE_URL: 'http://lambda.simulated' })
  await world.call('POST', '/api/v1/admin/reload')
  await world.untilStatus(launched.body.data.id, 'terminated', 20 * minute)
  expect(world.simulators.lambda.marketplace.machines().filter((machine) => machine.billing)).toEqual([])
})

test('wrong settings are refused with each mistake, and change nothing', async () => {
  world = await aWorld({
    providers: ['vast'],
    surroundings: { readConfig: () => configFrom({ PORT: 'many', LAMBDA_API_BASE_URL: 'nowhere' }) },
  })
  const refused = await world.call('POST', '/api/v1/admin/reload')
  expect(refused.status).toBe(400)
  expect(refused.body.error).toMatch(/PORT.*LAMBDA_API_BASE_URL/)
  expect((await provider(world, 'vast_ai')).is_configured).toBe(true)
})

test('S004-79 a provider that is switched off is not rented from, over a restart too, and what runs there is looked after', async () => {
  world = await aWorld({ providers: ['vast', 'runpod'] })
  const launched = await world.call('POST', '/api/v1/instances', {
    provider: 'runpod',
    gpu_model: 'RTX 4090',
    image: 'x',
  })
  await world.untilStatus(launched.body.data.id, 'ready', 20 * minute)
  expect((await world.call('PUT', '/api/v1/providers/runpod', { enabled: false })).body.data.is_enabled).toBe(false)
  const refused = await world.call('POST', '/api/v1/instances', {
    provider: 'runpod',
    gpu_model: 'RTX 4090',
    image: 'x',
  })
  expect(refused.body.code).toBe('provider_not_configured')

  await world.clock.drive(world.application.stop())
  world = await aWorld({ providers: ['vast', 'runpod'], after: world })
  expect((await provider(world, 'runpod')).is_enabled).toBe(false)
  await world.call('DELETE', `/api/v1/instances/${launched.body.data.id}`)
  await world.untilStatus(launched.body.data.id, 'terminated', 20 * minute)
  await world.call('PUT', '/api/v1/providers/runpod', { enabled: null })
  expect((await provider(world, 'runpod')).is_enabled).toBe(true)
})

test('S004-73 S004-83 a deprecation in the replies is shown with alternatives, and an event tells of it', async () => {
  world = await aWorld({ providers: ['vast', 'runpod'] })
  world.order('runpod', 'faults', {
    kind: 'header',
    headers: { deprecation: '@1790000000', sunset: 'Fri, 01 Jan 2027 00:00:00 GMT' },
  })
  await world.call('GET', '/api/v1/offers/search?gpu_model=RTX%204090')
  await world.pass(minute)
  const { body } = await world.call('GET', '/api/v1/providers/versions')
  const shown = body.data.find((one: { provider: string }) => one.provider === 'runpod')
  expect(shown).toMatchObject({
    version: 'v2',
    is_supported: true,
    sunset_at: '2027-01-01T00:00:00.000Z',
    alternatives: ['vast_ai'],
  })
  expect(shown.deprecated_at).not.toBeNull()
  const search = await world.call('GET', '/api/v1/offers/search?gpu_model=RTX%204090')
  expect(search.body.warnings).toContainEqual(
    expect.objectContaining({ provider: 'runpod', message: expect.stringContaining('Can be used instead: vast_ai') }),
  )
  const events = await world.call('GET', '/api/v1/audit?kind=provider')
  const told = events.body.data.map((event: { message: string }) => event.message)
  expect(told.filter((message: string) => message.includes('it ends on 2027-01-01'))).toHaveLength(1)
})

test('a key that is set through the API is used at once and after a restart, and is nowhere to be read', async () => {
  world = await aWorld({
    providers: ['vast'],
    settings: { LAMBDA_API_BASE_URL: 'http://lambda.simulated' },
  })
  const path = '/api/v1/providers/lambda_labs/accounts/main'
  expect((await world.call('PUT', path, { api_key: 'sim-lambda' })).status).toBe(200)
  expect((await provider(world, 'lambda_labs')).is_configured).toBe(true)
  const search = '/api/v1/offers/search?gpu_model=A10&provider=lambda_labs'
  await world.until(async () => (await world?.call('GET', search))?.body.data.length > 0, minute)

  await world.clock.drive(world.application.stop())
  world = await aWorld({
    providers: ['vast'],
    settings: { LAMBDA_API_BASE_URL: 'http://lambda.simulated' },
    after: world,
  })
  expect((await provider(world, 'lambda_labs')).is_configured).toBe(true)
  const seen = JSON.stringify([
    world.log.lines,
    (await world.call('GET', '/api/v1/audit')).body,
    (await world.call('GET', '/api/v1/providers')).body,
  ])
  expect(seen).not.toContain('sim-lambda')

  expect((await world.call('DELETE', path)).status).toBe(200)
  expect((await provider(world, 'lambda_labs')).is_configured).toBe(false)
})

test('S004-72 S004-74 S004-84 an answer from a version that the client is not written for is told once, and makes the provider unsupported', async () => {
  world = await aWorld({ providers: ['vast', 'lambda'] })
  const lambda = async () =>
    (await world?.call('GET', '/api/v1/providers/versions'))?.body.data.find(
      (one: { provider: string }) => one.provider === 'lambda_labs',
    )
  await world.pass(minute)
  expect(await lambda()).toMatchObject({ is_supported: true, notice: null, observed_version: null })
  expect(await lambda()).not.toHaveProperty('deprecated_at')

  world.order('lambda', 'faults', { kind: 'header', headers: { 'api-version': 'v9' } })
  await world.pass(10 * minute)
  expect(await lambda()).toMatchObject({
    is_supported: false,
    observed_version: 'v9',
    notice: expect.stringMatching(/API version v9; gpufleet is written for v1.*newer gpufleet.*launch at vast_ai/),
  })
  const events = (await world.call('GET', '/api/v1/audit?kind=provider')).body.data
  expect(events).toMatchObject([{ data: { what: 'version_mismatch', expected: ['v1'], got: 'v9' } }])
  expect((await world.call('GET', '/metrics')).body).toContain(
    'gpufleet_provider_version_mismatch{provider="lambda"} 1',
  )
})

test('the audit log says what was and what is for a budget, a switch, a key and a reload, and shows no secret', async () => {
  let read: () => Config = () => {
    throw new Error('read before it was set')
  }
  world = await aWorld({ providers: ['vast'], surroundings: { readConfig: () => read() } })
  const settings = world.settings
  read = () => configFrom({ ...settings, RUNPOD_API_KEY: 'sim-runpod-secret' })
  const budget = { scope: 'all', period: 'total', limit_usd: '10' }
  const { id } = (await world.call('POST', '/api/v1/budgets', budget)).body.data
  await world.call('PUT', `/api/v1/budgets/${id}`, { limit_usd: '20' })
  await world.call('DELETE', `/api/v1/budgets/${id}`)
  await world.call('PUT', '/api/v1/providers/vast', { enabled: false })
  const path = '/api/v1/providers/lambda_labs/accounts/main'
  await world.call('PUT', path, { api_key: 'a-marketplace-key-0123456789-wxyz' })
  await world.call('DELETE', path)
  await world.call('POST', '/api/v1/admin/reload')

  const { body } = await world.call('GET', '/api/v1/audit?kind=changed')
  expect(body.data.reverse()).toMatchObject([
    { before: null, after: { limit_usd: '10.000000000' } },
    { before: { limit_usd: '10.000000000' }, after: { limit_usd: '20.000000000' } },
    { before: { limit_usd: '20.000000000' }, after: null },
    { before: { enabled: true }, after: { enabled: false } },
    { before: null, after: { ending: 'wxyz', set_by: 'keyless' } },
    { before: { ending: 'wxyz' }, after: null },
    { after: { changed: ['RUNPOD_API_KEY'], after_restart: [] } },
  ])
  expect(JSON.stringify(body)).not.toMatch(/sim-runpod-secret|0123456789-wxyz/)
})
