import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ProviderFailure } from '../../../providers/provider.ts'
import { failure, fakeProvider } from '../../../testing/fake-provider.ts'
import { type HttpWorld, httpWorld } from '../../../testing/http-world.ts'
import { virtualClock } from '../../../testing/virtual-clock.ts'

let world: HttpWorld
beforeEach(async () => {
  const vast = fakeProvider({ clock: virtualClock(), abilities: { hasLogs: true } })
  vast.logs = async (externalId, { tail }) => [`${externalId} of ${tail}`]
  world = await httpWorld({ providers: [vast] })
})
afterEach(() => world.close())

const logs = (id: string, query = '') => world.ask('GET', `/api/v1/instances/${id}/logs${query}`)

describe('200', () => {
  test('the lines as the marketplace has them', async () => {
    const { id } = await world.hasInstance({ status: 'ready' }, {})
    expect((await logs(id)).json.data).toEqual(['m-1 of 100'])
    expect((await logs(id, '?tail=5')).json.data).toEqual(['m-1 of 5'])
  })
})

describe('400', () => {
  test('a tail that is none', async () => {
    const { id } = await world.hasInstance({ status: 'ready' }, {})
    for (const tail of ['0', '5001', 'all', '']) expect((await logs(id, `?tail=${tail}`)).status).toBe(400)
  })

  test('a marketplace without logs', async () => {
    await world.close()
    world = await httpWorld()
    const { id } = await world.hasInstance({ status: 'ready' }, {})
    expect((await logs(id)).json).toMatchObject({ code: 'not_possible_here', error: 'vast_ai has no logs to fetch' })
  })

  test('its key is not set any more', async () => {
    await world.close()
    world = await httpWorld({ providers: [] })
    const { id } = await world.hasInstance({ status: 'ready' }, {})
    expect((await logs(id)).json).toMatchObject({ code: 'provider_not_configured', details: { provider: 'vast_ai' } })
  })
})

describe('404', () => {
  test('no such instance', async () => {
    expect((await logs('nope')).json.code).toBe('not_found')
  })
})

describe('409', () => {
  test('there is no machine yet', async () => {
    const { id } = await world.hasInstance()
    expect((await logs(id)).json).toMatchObject({ code: 'not_allowed_now', details: { status: 'requested' } })
    const asked = await world.hasInstance({ status: 'launching' }, { externalId: null })
    expect((await logs(asked.id)).json.code).toBe('not_allowed_now')
  })
})

describe('502 and 503', () => {
  const troubles: [ProviderFailure, number, string][] = [
    [{ kind: 'unavailable' }, 503, 'provider_unavailable'],
    [{ kind: 'rate_limited', retryAfterMs: 1000 }, 503, 'provider_unavailable'],
    [{ kind: 'outcome_unknown' }, 503, 'provider_unavailable'],
    [{ kind: 'unauthorized' }, 502, 'provider_refused'],
    [{ kind: 'no_money' }, 502, 'provider_refused'],
    [{ kind: 'unexpected_reply' }, 502, 'provider_unreadable'],
    [{ kind: 'not_now' }, 409, 'not_allowed_now'],
    [{ kind: 'no_capacity' }, 409, 'offer_gone'],
    [{ kind: 'rejected' }, 400, 'not_possible_here'],
  ]
  test.each(troubles)('%j: the provider is named', async (trouble, status, code) => {
    world.providerNamed('vast').logs = async () => {
      throw failure('vast', trouble, 'upstream words')
    }
    const { id } = await world.hasInstance({ status: 'ready' }, {})
    const answer = await logs(id)
    expect(answer.status).toBe(status)
    expect(answer.json).toMatchObject({ code, details: { provider: 'vast_ai', kind: trouble.kind } })
    expect(answer.json.error).toContain('vast_ai')
    expect(answer.json.fix.length).toBeGreaterThan(5)
  })
})
