import { afterEach, describe, expect, test } from 'vitest'
import { anOffer } from '../../../core/offers/an-offer.ts'
import { ProviderError } from '../../../providers/provider.ts'
import { fakeProvider } from '../../../testing/fake-provider.ts'
import { type HttpWorld, httpWorld, isDown, type WorldOptions } from '../../../testing/http-world.ts'
import { virtualClock } from '../../../testing/virtual-clock.ts'

let world: HttpWorld
afterEach(() => world.close())

const minimal = { name: 'one', productName: 'RTX 4090 24GB', templateId: 'jupyter' }
const onSale = anOffer({
  provider: 'novita',
  externalId: '4090|cn-hongkong-1|1',
  market: 'spot',
  location: 'CN-HK-01 (Hong Kong)',
  region: 'asia-east',
  placeKey: 'novita:1',
  gpu: { spelling: 'RTX 4090 24GB' },
})

async function novitaHttp(options: WorldOptions = {}) {
  const novita = fakeProvider({ clock: virtualClock(), name: 'novita' })
  world = await httpWorld({ offers: [onSale], providers: [novita], ...options })
  return novita
}

/** In this contract's shape and in no other, without a stack. */
async function expectRefused(asked: Parameters<HttpWorld['ask']>, status: number, code: string) {
  const reply = await world.ask(...asked)
  expect(reply.json).toEqual({
    error: expect.objectContaining({
      code,
      message: expect.stringMatching(/./),
      details: expect.any(Object),
      timestamp: expect.stringMatching(/^20.*Z$/),
      requestId: reply.headers['x-request-id'],
    }),
  })
  expect(reply.status).toBe(status)
  expect(reply.text).not.toMatch(/"success"|"detail"|\bat .*\.ts:\d/)
  return reply.json.error
}

describe('400', () => {
  test.each([
    ['name', undefined],
    ['name', 7],
    ['productName', undefined],
    ['productName', ['RTX']],
    ['templateId', undefined],
    ['templateId', {}],
    ['gpuNum', '1'],
    ['gpuNum', 9],
    ['rootfsSize', 5],
    ['region', 7],
    ['region', 'MARS-01'],
    ['webhookUrl', 'mailto:a@example.com'],
    ['webhookUrl', 'http://169.254.169.254/latest'],
    ['webhookUrl', 'https://user:pass@example.com/'],
  ])('%s as %j is named', async (field, value) => {
    await novitaHttp()
    const error = await expectRefused(
      ['POST', '/api/instances', { ...minimal, [field]: value }],
      400,
      'VALIDATION_ERROR',
    )
    expect(error.details.field).toBe(field)
    expect((await world.ask('GET', '/api/instances')).json.total).toBe(0)
  })

  test('a body that is no object, or no JSON', async () => {
    await novitaHttp()
    for (const body of [[], 7, 'text', null])
      await expectRefused(['POST', '/api/instances', body], 400, 'VALIDATION_ERROR')
    const { status, json } = await world.send({ method: 'POST', url: '/api/instances', payload: '{"name":' })
    expect([status, json.error.code]).toEqual([400, 'VALIDATION_ERROR'])
  })

  test('a query and an id that cannot be', async () => {
    await novitaHttp()
    for (const query of ['limit=0', 'limit=x', 'offset=-1', 'status=sleeping']) {
      await expectRefused(['GET', `/api/instances?${query}`], 400, 'VALIDATION_ERROR')
    }
    await expectRefused(['GET', '/api/instances/a%20b'], 400, 'VALIDATION_ERROR')
    await expectRefused(['GET', '/api/instances/%zz'], 400, 'VALIDATION_ERROR')
  })
})

test('fields that are not known here are passed over: other people’s clients send more', async () => {
  await novitaHttp()
  const { status } = await world.ask('POST', '/api/instances', { ...minimal, color: 'blue' })
  expect(status).toBe(201)
})

describe('401 and 403', () => {
  test('a wrong key, and a key that may only look', async () => {
    await novitaHttp()
    await expectRefused(['GET', '/api/instances', undefined, { 'x-api-key': 'x' }], 401, 'AUTHENTICATION_ERROR')
    const { headers } = await world.keyOf({ role: 'viewer' })
    await expectRefused(['POST', '/api/instances', minimal, headers], 403, 'FORBIDDEN')
    await expectRefused(['POST', '/api/metrics/reset', {}, headers], 403, 'FORBIDDEN')
  })

  test('Novita refuses our key: the caller is told so, and not which key', async () => {
    await novitaHttp({ offers: [] })
    world.market.warnings = [
      { ...isDown('novita'), isRefusal: true, message: 'Novita could not be searched (HTTP 401)' },
    ]
    await expectRefused(['POST', '/api/instances', minimal], 401, 'AUTHENTICATION_ERROR')
  })
})

describe('404', () => {
  test('unknown product, template, instance, route', async () => {
    await novitaHttp()
    await expectRefused(['POST', '/api/instances', { ...minimal, productName: 'RTX 1 1GB' }], 404, 'PRODUCT_NOT_FOUND')
    await expectRefused(['POST', '/api/instances', { ...minimal, templateId: 'nope' }], 404, 'TEMPLATE_NOT_FOUND')
    await expectRefused(['GET', '/api/instances/inst_none'], 404, 'INSTANCE_NOT_FOUND')
    await expectRefused(['DELETE', '/api/instances/inst_none'], 404, 'INSTANCE_NOT_FOUND')
    await expectRefused(['POST', '/api/instances/stop', { instanceName: 'nobody' }], 404, 'INSTANCE_NOT_FOUND')
    await expectRefused(['GET', '/api/metrics/none'], 404, 'NOT_FOUND')
    await expectRefused(['GET', '/api/cache/none/stats'], 404, 'NOT_FOUND')
  })

  test('a product that is not free now says where it is', async () => {
    const elsewhere = { ...onSale, externalId: '4090|us-ca-6|1', location: 'US-CA-06 (California)', region: 'us-west' }
    await novitaHttp({ offers: [{ ...onSale, available: false }, elsewhere] })
    const error = await expectRefused(['POST', '/api/instances', minimal], 404, 'NO_AVAILABLE_PRODUCTS')
    expect(error.details).toMatchObject({ region: 'CN-HK-01', available_in: ['US-CA-06'] })
  })

  test('what is another project’s, or another marketplace’s', async () => {
    await novitaHttp()
    const theirs = await world.hasInstance({ project: 'speech' }, { provider: 'novita', externalId: 'm-1' })
    const { headers } = await world.keyOf({ role: 'operator', project: 'vision' })
    await expectRefused(['GET', `/api/instances/${theirs.id}`, undefined, headers], 404, 'INSTANCE_NOT_FOUND')
    // What somebody else has looked at a moment ago is no more theirs.
    await world.ask('GET', `/api/instances/${theirs.id}`)
    await expectRefused(['GET', `/api/instances/${theirs.id}`, undefined, headers], 404, 'INSTANCE_NOT_FOUND')
    const atVast = await world.hasInstance({}, { provider: 'vast', externalId: 'm-2' })
    await expectRefused(['GET', `/api/instances/${atVast.id}`], 404, 'INSTANCE_NOT_FOUND')
  })
})

test('405: another method', async () => {
  await novitaHttp()
  await expectRefused(['PUT', '/api/instances', {}], 405, 'METHOD_NOT_ALLOWED')
})

test('409: what its status forbids', async () => {
  await novitaHttp()
  const { json } = await world.ask('POST', '/api/instances', minimal)
  await expectRefused(['POST', `/api/instances/${json.instanceId}/stop`], 409, 'RESOURCE_CONFLICT')
})

test('413: an oversized body', async () => {
  await novitaHttp()
  const name = 'x'.repeat(2 * 1024 * 1024)
  await expectRefused(['POST', '/api/instances', { ...minimal, name }], 413, 'PAYLOAD_TOO_LARGE')
})

describe('5xx', () => {
  test('Novita is not configured, and any marketplace may be asked for', async () => {
    await novitaHttp({ providers: [] })
    await expectRefused(['POST', '/api/instances', minimal], 503, 'SERVICE_UNAVAILABLE')
  })

  test('Novita does not answer', async () => {
    await novitaHttp({ offers: [] })
    world.market.warnings = [isDown('novita')]
    const error = await expectRefused(['POST', '/api/instances', minimal], 503, 'NOVITA_API_ERROR')
    expect(error.retryable).toBe(true)
  })

  test('Novita does not answer about a template, and nothing is rented', async () => {
    const novita = await novitaHttp()
    Object.assign(novita, {
      template: async () => {
        throw new ProviderError('novita', { kind: 'unavailable' }, 'Novita template: timeout')
      },
    })
    await expectRefused(['POST', '/api/instances', { ...minimal, templateId: '107672' }], 503, 'NOVITA_API_ERROR')
    expect((await world.ask('GET', '/api/instances')).json.total).toBe(0)
    expect(await world.novitaRequests.untold(10)).toEqual([])
  })

  test('our own fault says nothing of our insides', async () => {
    await novitaHttp()
    await world.database.schema.dropTable('novita_requests').execute()
    const error = await expectRefused(['GET', '/api/instances'], 500, 'INTERNAL_ERROR')
    expect(JSON.stringify(error)).not.toMatch(/novita_requests|sqlite/i)
  })

  test('/health says 503 without the database, and needs no key', async () => {
    await novitaHttp({ http: { access: { adminKey: undefined, keyless: 'off' } } })
    expect((await world.ask('GET', '/health')).status).toBe(200)
    world.storeAnswers = false
    const { status, json } = await world.ask('GET', '/health')
    expect([status, json.status, json.dependencies.database]).toEqual([503, 'unhealthy', 'unhealthy'])
    await expectRefused(['GET', '/api/metrics'], 401, 'AUTHENTICATION_ERROR')
  })
})

test('a repeated creation with the same Idempotency-Key is the same instance; with another body it is refused', async () => {
  await novitaHttp()
  const headers = { 'idempotency-key': 'k-1' }
  const [one, other] = [
    await world.ask('POST', '/api/instances', minimal, headers),
    await world.ask('POST', '/api/instances', minimal, headers),
  ]
  expect(other.json.instanceId).toBe(one.json.instanceId)
  expect(await world.novitaRequests.untold(10)).toHaveLength(1)
  await expectRefused(['POST', '/api/instances', { ...minimal, name: 'two' }, headers], 409, 'RESOURCE_CONFLICT')
})

test('limits are for who has no key', async () => {
  await novitaHttp({ novita: { limitsKeyless: true } })
  const { headers } = await world.keyOf({ role: 'operator' })
  for (let i = 0; i < 12; i++) expect((await world.ask('POST', '/api/instances', {}, headers)).status).toBe(400)
  for (let i = 0; i < 10; i++) expect((await world.ask('POST', '/api/instances', {})).status).toBe(400)
  await expectRefused(['POST', '/api/instances', {}], 429, 'RATE_LIMIT_EXCEEDED')
  expect((await world.ask('POST', '/api/instances', {}, headers)).status).toBe(400)
})

test('NOVITA_FACE_PROVIDER=any rents the GPU that is meant, wherever it is', async () => {
  const atVast = anOffer({ provider: 'vast' })
  const vast = fakeProvider({ clock: virtualClock(), name: 'vast' })
  await novitaHttp({ offers: [atVast], providers: [vast], novita: { provider: 'any' } })
  const { status, json } = await world.ask('POST', '/api/instances', minimal)
  expect(status).toBe(201)
  expect((await world.ask('GET', '/api/instances')).json.instances).toMatchObject([
    { id: json.instanceId, status: 'creating' },
  ])
})
