import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { forgetAnswers } from '../app/once.ts'
import { hourMs, minuteMs } from '../core/time.ts'
import { failure } from '../testing/fake-provider.ts'
import { adminKey, type HttpWorld, httpWorld, openApi } from '../testing/http-world.ts'

let world: HttpWorld
beforeEach(async () => {
  world = await httpWorld()
})
afterEach(() => world.close())

const once = { 'idempotency-key': 'order-66' }
const newKey = (name: string, headers: Record<string, string> = once) =>
  world.ask('POST', '/api/v1/keys', { name, role: 'viewer' }, headers)

describe('the same key with the same request', () => {
  test('gets the same answer, secrets included, and changes nothing again', async () => {
    const first = await newKey('ci')
    const second = await newKey('ci')
    expect(second.json).toEqual(first.json)
    expect(second.status).toBe(201)
    expect(first.headers['idempotency-replayed']).toBeUndefined()
    expect(second.headers['idempotency-replayed']).toBe('true')
    expect(await world.keys.list({ revoked: true })).toHaveLength(1)
  })

  test('whatever the order of its names', async () => {
    await newKey('ci')
    const turned = {
      method: 'POST' as const,
      url: '/api/v1/keys',
      headers: once,
      payload: '{"role":"viewer","name":"ci"}',
    }
    expect((await world.send(turned)).headers['idempotency-replayed']).toBe('true')
  })

  test('is kept sealed', async () => {
    const { key } = (await newKey('ci')).json.data
    const kept = JSON.stringify(await world.database.selectFrom('idempotent_answers').selectAll().execute())
    expect(kept).not.toContain(key)
  })

  test('of another caller is another key', async () => {
    await newKey('ci')
    const { status, json } = await newKey('ci', { ...once, 'x-api-key': adminKey })
    expect([status, json.code]).toEqual([409, 'not_allowed_now'])
  })

  test('for another thing is another request', async () => {
    const [one, other] = [
      await world.hasInstance({ status: 'ready' }, {}),
      await world.hasInstance({ status: 'ready' }, {}),
    ]
    expect((await world.ask('POST', `/api/v1/instances/${one.id}/stop`, undefined, once)).status).toBe(200)
    expect((await world.ask('POST', `/api/v1/instances/${other.id}/stop`, undefined, once)).json.code).toBe(
      'idempotency_key_reused',
    )
    expect(await world.instances.get(other.id)).toMatchObject({ status: 'ready' })
  })

  test('with another body is a mistake', async () => {
    await newKey('ci')
    expect((await newKey('cd')).json).toMatchObject({ code: 'idempotency_key_reused' })
    expect(await world.keys.list({ revoked: true })).toHaveLength(1)
  })

  test('after an error may try again', async () => {
    const { id } = await world.hasInstance({ status: 'stopping' }, {})
    const start = () => world.ask('POST', `/api/v1/instances/${id}/start`, undefined, once)
    expect((await start()).status).toBe(409)
    await world.database.updateTable('instances').set({ status: 'stopped' }).where('id', '=', id).execute()
    expect((await start()).status).toBe(200)
  })
})

describe('while the first call is under way', () => {
  test('the second is told so, and a marketplace is asked once', async () => {
    const { id } = await world.hasInstance({ status: 'ready' }, { externalId: 'm-1' })
    let restarts = 0
    let finish = () => {}
    world.providerNamed('vast').restart = async () => {
      restarts += 1
      await new Promise<void>((resolve) => {
        finish = resolve
      })
    }
    const restart = () => world.ask('POST', `/api/v1/instances/${id}/restart`, undefined, once)
    const first = restart()
    await until(() => restarts === 1)
    expect((await restart()).json).toMatchObject({ code: 'idempotency_in_progress' })
    finish()
    expect((await first).status).toBe(200)
    expect((await restart()).headers['idempotency-replayed']).toBe('true')
    expect(restarts).toBe(1)
  })

  test('and died with its process, the key works again after the claim has run out', async () => {
    const key = { scope: 'createKey keyless', key: 'order-66' }
    const fingerprint = 'fingerprint of {"body":{"name":"ci","role":"viewer"},"params":{},"query":{}}'
    await world.answers.claim(key, { fingerprint, now: world.clock.now(), forMs: 3 * minuteMs })
    expect((await newKey('ci')).json.code).toBe('idempotency_in_progress')
    await world.clock.advance(3 * minuteMs)
    expect((await newKey('ci')).status).toBe(201)
    // What the dead one would have answered is not written over the living one's answer.
    await world.answers.finish(key, 1, 'too late')
    expect((await newKey('ci')).headers['idempotency-replayed']).toBe('true')
  })

  test('and died with its process, the next process runs it at once', async () => {
    const key = { scope: 'createKey keyless', key: 'order-66' }
    const fingerprint = 'fingerprint of {"body":{"name":"ci","role":"viewer"},"params":{},"query":{}}'
    await world.answers.claim(key, { fingerprint, now: world.clock.now(), forMs: 3 * minuteMs })
    await world.answers.forgetClaims()
    const first = await newKey('ci')
    expect(first.status).toBe(201)
    // What is answered stays answered.
    await world.answers.forgetClaims()
    expect((await newKey('ci')).json).toEqual(first.json)
  })
})

describe('a call whose process died after it had written down what it did', () => {
  /** The first call commits and is never answered; a new process answers the repetition. */
  async function askedTwice(ask: () => ReturnType<HttpWorld['ask']>, between: () => Promise<unknown> = async () => {}) {
    const { finish, release } = world.answers
    world.answers.finish = async () => {
      throw new Error('killed')
    }
    world.answers.release = async () => {}
    expect((await ask()).status).toBe(500)
    Object.assign(world.answers, { finish, release })
    await world.answers.forgetClaims()
    await between()
    const second = await ask()
    expect(second.headers['idempotency-replayed']).toBe('true')
    expect((await ask()).json).toEqual(second.json)
    return second
  }

  test('a stop and a start are answered with what has become of the instance, and not done again', async () => {
    const { id } = await world.hasInstance({ status: 'ready' }, { externalId: 'm-1' })
    const setStatus = (status: string) =>
      world.database.updateTable('instances').set({ status, wanted: 'up' }).where('id', '=', id).execute()

    const stopped = await askedTwice(
      () => world.ask('POST', `/api/v1/instances/${id}/stop`, undefined, once),
      () => setStatus('ready'),
    )
    expect(stopped).toMatchObject({ status: 200, json: { data: { status: 'ready' } } })

    await setStatus('stopped')
    const started = await askedTwice(
      () => world.ask('POST', `/api/v1/instances/${id}/start`, undefined, once),
      () => setStatus('failed'),
    )
    expect(started).toMatchObject({ status: 200, json: { data: { status: 'failed' } } })
  })

  test('a machine is restarted once', async () => {
    const { id } = await world.hasInstance({ status: 'ready' }, { externalId: 'm-1' })
    let restarts = 0
    world.providerNamed('vast').restart = async () => {
      restarts += 1
    }
    await askedTwice(() => world.ask('POST', `/api/v1/instances/${id}/restart`, undefined, once))
    expect(restarts).toBe(1)
  })

  test('a key is made once, and the secret that is answered opens', async () => {
    const { json } = await askedTwice(() => newKey('ci'))
    expect(await world.keys.list({ revoked: true })).toHaveLength(1)
    const me = await world.ask('GET', '/api/v1/whoami', undefined, { authorization: `Bearer ${json.data.key}` })
    expect(me.status).toBe(200)
  })

  test('a webhook is made once, and answered with the secret that signs', async () => {
    const body = { url: 'https://hooks.example.com/1' }
    const { json } = await askedTwice(() => world.ask('POST', '/api/v1/webhooks', body, once))
    const [only, ...others] = await world.webhooks.list()
    expect(others).toEqual([])
    expect((await world.webhooks.secretsOf(only?.id ?? '')).current).toBe(json.data.secret)
  })

  test('a webhook’s secret is replaced once: the one before still signs', async () => {
    const made = await world.ask('POST', '/api/v1/webhooks', { url: 'https://hooks.example.com/1' })
    const { id, secret } = made.json.data
    const { json } = await askedTwice(() => world.ask('POST', `/api/v1/webhooks/${id}/rotate`, undefined, once))
    expect(await world.webhooks.secretsOf(id)).toMatchObject({ current: json.data.secret, previous: { secret } })
  })

  test('a budget is set once', async () => {
    const body = { scope: 'all', period: 'month', limit_usd: '10' }
    const { json } = await askedTwice(() => world.ask('POST', '/api/v1/budgets', body, once))
    expect(await world.budgets.list()).toMatchObject([{ id: json.data.id }])
  })

  test('a life is made longer once', async () => {
    const { id } = await world.hasInstance({ status: 'ready' }, { externalId: 'm-1' })
    await world.ask('POST', `/api/v1/instances/${id}/policies`, { max_lifetime_hours: 10 })
    await askedTwice(() => world.ask('POST', `/api/v1/instances/${id}/extend`, { hours: 5 }, once))
    expect((await world.instances.get(id))?.wish.policies.maxLifetimeMs).toBe(15 * hourMs)
  })
})

test('a marketplace that failed is asked again', async () => {
  const { id } = await world.hasInstance({ status: 'ready' }, { externalId: 'm-1' })
  const vast = world.providerNamed('vast')
  vast.restart = async () => {
    throw failure('vast', { kind: 'unavailable' })
  }
  const restart = () => world.ask('POST', `/api/v1/instances/${id}/restart`, undefined, once)
  expect((await restart()).status).toBe(503)
  vast.restart = async () => {}
  expect((await restart()).status).toBe(200)
})

test('a day later the key is forgotten, those of launches as well', async () => {
  const deps = { answers: world.answers, clock: world.clock }
  const launch = () => world.ask('POST', '/api/v1/instances', { provider: 'vast', offer_id: '4090' }, once)
  await newKey('ci')
  await launch()
  await world.clock.advance(24 * hourMs)
  await forgetAnswers(deps)
  expect((await newKey('ci')).headers['idempotency-replayed']).toBe('true')
  await world.clock.advance(1)
  await forgetAnswers(deps)
  expect((await newKey('ci')).json.code).toBe('not_allowed_now')
  await launch()
  expect(await world.instances.list({ limit: 9 })).toHaveLength(2)
})

test('a launch keeps its own key, and answers what has become of the instance', async () => {
  const launch = () => world.ask('POST', '/api/v1/instances', { provider: 'vast', offer_id: '4090' }, once)
  const { id } = (await launch()).json.data
  await world.ask('DELETE', `/api/v1/instances/${id}`)
  expect((await launch()).json.data).toMatchObject({ id, wanted: 'ended' })
})

test('every operation that changes something takes an Idempotency-Key', () => {
  const looks = new Set(['planInstance', 'searchOffersAdvanced'])
  for (const methods of Object.values(openApi.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const { parameters = [] } = operation as { parameters?: { name: string }[] }
      const takesKey = parameters.some(({ name }) => name === 'idempotency-key')
      expect(takesKey, operation.operationId).toBe(method !== 'get' && !looks.has(operation.operationId))
    }
  }
})

async function until(holds: () => boolean): Promise<void> {
  for (let turn = 0; !holds(); turn += 1) {
    if (turn > 1_000) throw new Error('it does not come')
    await new Promise((resolve) => setImmediate(resolve))
  }
}
