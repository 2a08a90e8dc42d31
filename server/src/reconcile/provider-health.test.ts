import { beforeEach, describe, expect, test } from 'vitest'
import { isSupported } from '../core/provider-health.ts'
import { collectingLog } from '../observability/collecting-log.ts'
import { createMetrics } from '../observability/metrics.ts'
import type { Notice } from '../outbound/notices.ts'
import { createProviderHealthStore } from '../store/provider-health.ts'
import { type TestStores, testStores } from '../testing/database.ts'
import { failure, fakeProvider } from '../testing/fake-provider.ts'
import { virtualClock } from '../testing/virtual-clock.ts'
import { createHealthWatch } from './provider-health.ts'

let stores: TestStores
const clock = virtualClock()
const vast = fakeProvider({ clock, name: 'vast' })
const runpod = fakeProvider({ clock, name: 'runpod' })

beforeEach(async () => {
  stores = await testStores()
})

function aWatch() {
  return createHealthWatch({
    store: createProviderHealthStore(stores.database),
    providers: () => ({ all: () => [vast, runpod] }),
    isEnabled: () => true,
    clock,
    log: collectingLog(),
    metrics: createMetrics(),
  })
}

const unreadable = failure('vast', { kind: 'unexpected_reply' }, 'the list is missing')
const deprecation: Notice = {
  target: 'vast',
  account: 'main',
  operation: 'search',
  kind: 'deprecation',
  text: 'vast calls what we use for search deprecated.',
  version: null,
  sunsetAt: clock.now() + 3_600_000,
  link: null,
}
const events = async () => (await stores.events.list({ limit: 100 })).map(({ message }) => message)

describe('an answer that we cannot read', () => {
  test('is told once with who could be used instead, and makes the provider unsupported until it is readable', async () => {
    const watch = aWatch()
    watch.failed(vast, 'look', unreadable)
    watch.failed(vast, 'look', unreadable)
    await watch.flush()
    expect(isSupported(watch.of('vast'), clock.now())).toBe(false)
    expect(await events()).toEqual([
      expect.stringMatching(/vast_ai answered look.*the list is missing.*can be used instead: runpod/),
    ])

    watch.answered(vast, 'searchOffers')
    expect(isSupported(watch.of('vast'), clock.now())).toBe(false)
    watch.answered(vast, 'look')
    await watch.flush()
    expect(isSupported(watch.of('vast'), clock.now())).toBe(true)
    expect(await events()).toHaveLength(2)
  })

  test('another trouble says nothing about the API', () => {
    const watch = aWatch()
    watch.failed(vast, 'look', failure('vast', { kind: 'unavailable' }))
    expect(watch.of('vast').unreadable).toEqual({})
  })
})

test('a deprecation is told once, also over a restart, and ends the support at its sunset', async () => {
  const watch = aWatch()
  watch.noticed(deprecation)
  await watch.flush()
  expect(isSupported(watch.of('vast'), clock.now())).toBe(true)
  expect(isSupported(watch.of('vast'), clock.now() + 3_600_000)).toBe(false)

  const next = aWatch()
  await next.begin()
  next.noticed(deprecation)
  await next.flush()
  expect(next.of('vast').deprecation?.text).toBe(deprecation.text)
  expect(await events()).toEqual([expect.stringContaining('Can be used instead: runpod')])
})

test('a version that changed while we were away is told', async () => {
  const watch = aWatch()
  const version = (text: string): Notice => ({ ...deprecation, kind: 'version', version: text, sunsetAt: null })
  watch.noticed(version('2026-01-01'))
  await watch.flush()
  expect(await events()).toEqual([])

  const next = aWatch()
  await next.begin()
  next.noticed(version('2026-09-01'))
  await next.flush()
  expect(next.of('vast').observedVersion).toBe('2026-09-01')
  expect(await events()).toHaveLength(1)
})

test('what could not be written down is written at the next flush', async () => {
  const store = createProviderHealthStore(stores.database)
  let isBroken = true
  const watch = createHealthWatch({
    store: { ...store, put: (...given) => (isBroken ? Promise.reject(new Error('disk full')) : store.put(...given)) },
    providers: () => ({ all: () => [vast] }),
    isEnabled: () => true,
    clock,
    log: collectingLog(),
    metrics: createMetrics(),
  })
  watch.failed(vast, 'look', unreadable)
  await watch.flush()
  isBroken = false
  await watch.flush()
  expect(await events()).toEqual([expect.stringContaining('no other provider is configured here')])
})
