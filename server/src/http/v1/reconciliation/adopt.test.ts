import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { launchLabel } from '../../../core/ids.ts'
import { nanosFromUsd } from '../../../core/money.ts'
import { aMachine, anInstanceId, installation } from '../../../testing/builders.ts'
import { failure } from '../../../testing/fake-provider.ts'
import { type HttpWorld, httpWorld } from '../../../testing/http-world.ts'

let world: HttpWorld
beforeEach(async () => {
  world = await httpWorld()
})
afterEach(() => world.close())

const adopt = (body: object = {}) =>
  world.ask('POST', '/api/v1/instances/adopt', { provider: 'vast', machine_id: 'x', ...body })
const isThere = (change: Parameters<typeof aMachine>[0] = {}) =>
  world.providerNamed('vast').machines.set('x', aMachine({ externalId: 'x', label: 'my notebook', ...change }))

describe('201', () => {
  test('a machine that somebody else made becomes an instance, known by its id', async () => {
    isThere({ pricePerHour: nanosFromUsd('1.5'), market: 'spot' })
    const { status, json } = await adopt({ label: 'mine now', project: 'research' })
    expect(status).toBe(201)
    expect(json.data).toMatchObject({
      label: 'mine now',
      status: 'running',
      because: 'adopted',
      provider: 'vast_ai',
      provider_id: 'x',
      attempt: 1,
      market: 'spot',
      gpu_model: 'RTX 4090',
      image: 'unknown',
      price_per_hour_usd: '1.5',
    })
    expect(world.rung).toBe(1)
    expect((await world.instances.get(json.data.id))?.project).toBe('research')
    const events = (await world.ask('GET', `/api/v1/instances/${json.data.id}/events`)).json.data
    expect(events).toMatchObject([{ kind: 'adopted', data: { id: 'x', label: 'my notebook' } }])

    await world.ask('POST', '/api/v1/reconciliation')
    const { findings } = (await world.ask('GET', '/api/v1/reconciliation')).json.data
    expect(findings).toMatchObject([{ id: 'x', verdict: 'wanted', instance_id: json.data.id }])
  })

  test('the report knows at once', async () => {
    isThere()
    await world.ask('POST', '/api/v1/reconciliation')
    const { json } = await adopt()
    const { findings } = (await world.ask('GET', '/api/v1/reconciliation')).json.data
    expect(findings).toMatchObject([{ id: 'x', verdict: 'wanted', instance_id: json.data.id }])
  })

  test('what its label tells of us is kept', async () => {
    const id = anInstanceId(70)
    isThere({ label: launchLabel(installation, id, 4) })
    expect((await adopt()).json.data).toMatchObject({ id, attempt: 4 })
  })
})

describe('400', () => {
  test('a marketplace that nobody knows, or without a key', async () => {
    expect((await adopt({ provider: 'acme' })).json.code).toBe('invalid_request')
    expect((await adopt({ provider: 'lambda' })).json.code).toBe('provider_not_configured')
    expect((await adopt({ account: 'second' })).json.code).toBe('provider_not_configured')
  })
})

describe('404', () => {
  test('a machine that the marketplace does not show', async () => {
    expect((await adopt()).json).toMatchObject({ code: 'not_found', details: { machine_id: 'x' } })
  })
})

describe('409', () => {
  test('one that is known already, with whose it is', async () => {
    isThere()
    const { id } = (await adopt()).json.data
    expect((await adopt()).json).toMatchObject({ code: 'not_allowed_now', details: { instance_id: id } })
    const other = await world.hasInstance({ status: 'ready', attempt: 1 }, { externalId: null })
    isThere({ label: launchLabel(installation, other.id, 1) })
    expect((await adopt()).json.details).toMatchObject({ instance_id: id })
  })

  test('of two calls at once, one', async () => {
    isThere()
    const answers = await Promise.all([adopt(), adopt()])
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409])
  })

  test('one that is being deleted', async () => {
    isThere({ phase: 'ending' })
    expect((await adopt()).json.code).toBe('not_allowed_now')
  })
})

describe('503', () => {
  test('a marketplace that does not answer', async () => {
    isThere()
    world.providerNamed('vast').before.lookAt = () => {
      throw failure('vast', { kind: 'unavailable' })
    }
    expect((await adopt()).json.code).toBe('provider_unavailable')
  })
})
