import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { launchLabel } from '../../../core/ids.ts'
import { nanosFromUsd } from '../../../core/money.ts'
import { aMachine, anInstanceId, aReading, installation } from '../../../testing/builders.ts'
import { failure } from '../../../testing/fake-provider.ts'
import { type HttpWorld, httpWorld } from '../../../testing/http-world.ts'

let world: HttpWorld
beforeEach(async () => {
  world = await httpWorld()
})
afterEach(() => world.close())

const run = () => world.ask('POST', '/api/v1/reconciliation')
const get = () => world.ask('GET', '/api/v1/reconciliation')

describe('200', () => {
  test('before the first look nothing is found, and nothing is claimed to be checked', async () => {
    expect((await get()).json.data).toMatchObject({ findings: [], accounts: [], checked_at: null })
  })

  test('every machine with its owner, verdict and price; what the totals say; and when that was', async () => {
    const { id } = await world.hasInstance({ status: 'ready', attempt: 1 }, { externalId: 'm-1' })
    const vast = world.providerNamed('vast')
    vast.machines.set('m-1', aMachine({ label: launchLabel(installation, id, 1), meters: [aReading()] }))
    vast.machines.set('x', aMachine({ externalId: 'x', label: 'my notebook', pricePerHour: nanosFromUsd('1.5') }))
    const { status, json } = await run()
    expect(status).toBe(200)
    const now = '2026-10-01T12:00:00.000Z'
    expect(json.data.findings).toMatchObject([
      {
        provider: 'vast_ai',
        account: 'main',
        kind: 'machine',
        id: 'm-1',
        verdict: 'wanted',
        instance_id: id,
        attempt: 1,
        rate_per_hour_usd: '0.36',
        since: now,
      },
      { id: 'x', label: 'my notebook', verdict: 'foreign', instance_id: null, rate_per_hour_usd: '1.5' },
    ])
    expect(json.data.totals).toMatchObject({
      machines: 2,
      per_hour_usd: '1.86',
      unexplained: 0,
      unexplained_per_hour_usd: '0',
      foreign: 1,
      foreign_per_hour_usd: '1.5',
    })
    expect(json.data.accounts).toMatchObject([
      { provider: 'runpod', checked_at: now, error: null },
      { provider: 'vast_ai', checked_at: now, error: null },
    ])
    expect(json.data.checked_at).toBe(now)
    expect((await get()).json.data).toEqual(json.data)
  })

  test('launches that no look has seen yet are listed, and are gone from there once one has', async () => {
    await run()
    const { id } = await world.hasInstance({ status: 'starting', attempt: 1 }, { externalId: null, rentedAt: null })
    const label = launchLabel(installation, id, 1)
    const unseen = async () => (await get()).json.data.unseen
    expect(await unseen()).toMatchObject([
      { instance_id: id, id: null, label, provider: 'vast_ai', state: 'launching' },
    ])
    expect((await get()).json.data.findings).toEqual([])

    world.providerNamed('vast').machines.set('m-1', aMachine({ label }))
    await world.clock.advance(2_000)
    await run()
    expect(await unseen()).toEqual([])
    expect((await get()).json.data.findings).toMatchObject([{ instance_id: id, verdict: 'wanted' }])
  })

  test('a machine that is newer than the last check was not checked; one that is older was not found', async () => {
    await run()
    const rentedAt = world.clock.now() + 1_000
    await world.hasInstance({ status: 'ready', attempt: 1 }, { externalId: 'm-1', rentedAt })
    expect((await get()).json.data.unseen).toMatchObject([{ id: 'm-1', state: 'not_checked' }])
    await world.clock.advance(5_000)
    await run()
    expect((await get()).json.data.unseen).toMatchObject([{ id: 'm-1', state: 'not_found' }])
  })

  test('run now has what nothing wants ended', async () => {
    const { id } = await world.hasInstance({ status: 'ready', attempt: 1 }, { externalId: 'm-1' })
    const vast = world.providerNamed('vast')
    for (const externalId of ['m-1', 'm-2']) {
      vast.machines.set(externalId, aMachine({ externalId, label: launchLabel(installation, id, 1) }))
    }
    await run()
    expect([...vast.machines.keys()]).toEqual(['m-1'])
  })

  test('an account that was never read leaves the whole unchecked', async () => {
    world.providerNamed('runpod').before.look = () => {
      throw failure('runpod', { kind: 'unavailable' }, 'it is down')
    }
    const { json } = await run()
    expect(json.data).toMatchObject({ checked_at: null })
    expect(json.data.accounts).toMatchObject([{ provider: 'runpod', checked_at: null, error: 'it is down' }, {}])
  })
})

test('the machine of an unknown instance is adopted', async () => {
  const id = anInstanceId(77)
  world.providerNamed('vast').machines.set('m-1', aMachine({ label: launchLabel(installation, id, 2) }))
  await run()
  expect((await world.ask('GET', `/api/v1/instances/${id}`)).json.data).toMatchObject({
    status: 'running',
    attempt: 2,
    image: 'unknown',
    gpu_model: 'RTX 4090',
  })
})
