import { beforeEach, describe, expect, test } from 'vitest'
import { isSupported, nextEnd } from '../core/provider-health.ts'
import { collectingLog } from '../observability/collecting-log.ts'
import { createMetrics, type Metrics } from '../observability/metrics.ts'
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

function aWatch({ known = [], metrics = createMetrics() }: { known?: string[]; metrics?: Metrics } = {}) {
  const knowing = { ...vast, describe: () => ({ ...vast.describe(), expectedVersions: known }) }
  return createHealthWatch({
    store: createProviderHealthStore(stores.database),
    providers: () => ({ all: () => [knowing, runpod] }),
    isEnabled: () => true,
    clock,
    log: collectingLog(),
    metrics,
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
  since: null,
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

test('S004-76 a refusal with an error code that we have not met is told once, logged and counted', async () => {
  const metrics = createMetrics()
  const watch = aWatch({ metrics })
  const refused = failure('vast', { kind: 'rejected', newCode: 'moon_phase' })
  watch.failed(vast, 'launch', refused)
  watch.failed(vast, 'launch', refused)
  await watch.flush()
  expect(await events()).toEqual([
    'vast_ai refused launch with a code that we have not met: moon_phase; taken for rejected',
  ])
  expect(await metrics.text()).toContain('gpufleet_provider_new_error_codes_total{provider="vast",verb="launch"} 2')
  expect(isSupported(watch.of('vast'), clock.now())).toBe(true)
})

test('S004-73 a deprecation is told once, also over a restart, and ends the support at its sunset', async () => {
  const watch = aWatch()
  watch.noticed(deprecation)
  await watch.flush()
  expect(isSupported(watch.of('vast'), clock.now())).toBe(true)
  expect(isSupported(watch.of('vast'), clock.now() + 3_600_000)).toBe(false)

  const next = aWatch()
  await next.begin()
  next.noticed(deprecation)
  await next.flush()
  expect(nextEnd(next.of('vast'))?.text).toContain('what we use for search deprecated')
  expect(await events()).toEqual([expect.stringContaining('Can be used instead: runpod')])
})

test('one end of several calls is told once, with the calls named', async () => {
  const watch = aWatch()
  for (const operation of ['search', 'look', 'search', 'launch']) watch.noticed({ ...deprecation, operation })
  await watch.flush()
  watch.noticed({ ...deprecation, operation: 'stop' })
  await watch.flush()
  expect(await events()).toEqual([expect.stringContaining('what we use for search, look, launch deprecated')])
  expect(nextEnd(watch.of('vast'))?.operations).toEqual(['search', 'look', 'launch', 'stop'])

  watch.noticed({ ...deprecation, operation: 'stop', sunsetAt: clock.now() + 60_000 })
  await watch.flush()
  expect(await events()).toHaveLength(2)
  expect(nextEnd(watch.of('vast'))?.operations).toEqual(['stop'])
})

describe('a version', () => {
  const said = (operation: string, version: string): Notice => ({
    ...deprecation,
    kind: 'version',
    operation,
    version,
    sunsetAt: null,
  })

  test('S004-74 that the client is not written for is told once with what was expected, until it is gone', async () => {
    const metrics = createMetrics()
    const watch = aWatch({ known: ['v1'], metrics })
    watch.noticed(said('search', 'v1'))
    watch.noticed(said('search', 'v9'))
    watch.noticed(said('look', 'v9'))
    await watch.flush()
    expect(await events()).toEqual([
      expect.stringMatching(/vast_ai answers search from API version v9; expected v1; look for a newer gpufleet/),
    ])
    expect(isSupported(watch.of('vast'), clock.now(), ['v1'])).toBe(false)
    expect(await metrics.text()).toContain('gpufleet_provider_version_mismatch{provider="vast"} 1')

    const next = aWatch({ known: ['v1'], metrics })
    await next.begin()
    for (const operation of ['search', 'look']) next.noticed(said(operation, '1.10'))
    await next.flush()
    expect(isSupported(next.of('vast'), clock.now(), ['v1'])).toBe(true)
    expect(await metrics.text()).toContain('gpufleet_provider_version_mismatch{provider="vast"} 0')
  })

  test('of two that answer side by side is no change, also after a restart', async () => {
    const watch = aWatch({ known: ['v0', 'v1'] })
    watch.noticed(said('search', 'v0'))
    watch.noticed(said('look', 'v1'))
    await watch.flush()
    const next = aWatch({ known: ['v0', 'v1'] })
    await next.begin()
    next.noticed(said('look', 'v1'))
    next.noticed(said('search', 'v0'))
    for (const version of ['v1', 'v0', 'v1']) next.noticed({ ...said('search', version), kind: 'version_change' })
    await next.flush()
    expect(await events()).toEqual([])
  })
})

test('S004-78 a version that changed while we were away is told', async () => {
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
