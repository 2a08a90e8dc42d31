import { describe, expect, test } from 'vitest'
import { nanosFromUsd } from '../../core/money.ts'
import { dayMs, hourMs } from '../../core/time.ts'
import { ProviderError } from '../provider.ts'
import { createVastProvider } from './provider.ts'
import { aMarketplace, json, seenAt, text } from './testing.ts'

/** As the official document and client name the fields of a volume; values are ours. */
const volume = {
  id: 20118481,
  label: 'gf-home-inst_7d0c1a-1',
  machine_id: 41207,
  disk_space: 100.0,
  storage_total_cost: 0.0277777778,
  start_date: 1795241401.53,
  geolocation: 'Quebec, CA',
  status: 'online',
  instances: [{ id: 27453221 }],
}

/** The example of providers/vast.md 4.4. */
const charge = {
  start: 1795241401,
  end: 1795245001,
  type: 'instance',
  source: 'instance-27453221',
  description: 'Instance 27453221 Charges - 1 hours',
  amount: 0.378,
  metadata: { label: 'gp-7d0c1a' },
  items: [
    { start: 1795241401, end: 1795245001, type: 'gpu', source: null, amount: 0.347, metadata: {}, items: [] },
    { start: 1795241401, end: 1795245001, type: 'disk', source: null, amount: 0.028, metadata: {}, items: [] },
    { start: 1795241401, end: 1795245001, type: 'bwd', source: null, amount: 0.002, metadata: {}, items: [] },
  ],
}
const chargePage = (results: unknown[], changes: Record<string, unknown> = {}) =>
  json({ success: true, count: results.length, total: results.length, next_token: null, results, ...changes })
const aDay = { from: 1_795_241_000_000, until: 1_795_241_000_000 + 24 * hourMs }

function aProvider(...answers: Parameters<typeof aMarketplace>) {
  const marketplace = aMarketplace(...answers)
  return { ...marketplace, vast: createVastProvider(marketplace.deps) }
}

const kindOf = (attempt: Promise<unknown>) =>
  attempt.then(
    () => 'done',
    (error) => (error instanceof ProviderError ? error.kind : error),
  )

describe('what bills beside machines', () => {
  test('a volume, with its rate for the whole and the instance that uses it', async () => {
    const { vast, requests } = aProvider(json({ volumes: [volume] }))
    expect(await vast.lookAround()).toEqual([
      {
        kind: 'volume',
        externalId: '20118481',
        name: 'gf-home-inst_7d0c1a-1',
        attachedTo: '27453221',
        region: 'canada',
        sizeGb: 100,
        ratePerHour: nanosFromUsd('0.027777778'),
        createdAt: 1_795_241_401_530,
      },
    ])
    expect(requests[0]).toMatchObject({
      method: 'GET',
      url: 'https://vast.test/api/v0/volumes/?owner=me&type=all_volume',
      limits: [{ name: 'vast.volumes', windowMs: 5_775 }],
    })
  })

  test('what is only informative may be missing', async () => {
    const { vast } = aProvider(json({ volumes: [{ id: 7, instances: 'none' }] }))
    expect(await vast.lookAround()).toEqual([
      {
        kind: 'volume',
        externalId: '7',
        name: null,
        attachedTo: null,
        region: null,
        sizeGb: null,
        ratePerHour: null,
        createdAt: null,
      },
    ])
  })

  test.each([
    ['an error', json({ success: false, error: 'auth_error', msg: 'Invalid user key' }, 404), 'unauthorized'],
    ['no list', json({ success: true }), 'unexpected_reply'],
    ['null for a list', json({ volumes: null }), 'unexpected_reply'],
    ['a volume without an id', json({ volumes: [{ label: 'x' }] }), 'unexpected_reply'],
    ['a page', text('<html>'), 'unexpected_reply'],
    ['a 410', json({ success: false, error: 'deprecated_endpoint' }, 410), 'unexpected_reply'],
  ])('%s is never an empty list', async (_, answer, kind) => {
    expect(await kindOf(aProvider(answer).vast.lookAround())).toBe(kind)
  })

  test('a volume is ended by its id; an unknown one counts as ended, a bad key does not', async () => {
    const { vast, requests } = aProvider(
      json({ success: true }),
      json({ success: false, error: 'no_such_volume', msg: 'Volume with that ID does not exist.' }, 404),
      json({ success: false, error: 'auth_error', msg: 'Invalid user key' }, 404),
    )
    await vast.endThing({ kind: 'volume', externalId: '20118481' })
    await vast.endThing({ kind: 'volume', externalId: '20118481' })
    expect(await kindOf(vast.endThing({ kind: 'volume', externalId: '20118481' }))).toBe('unauthorized')
    expect(requests[0]).toMatchObject({
      method: 'DELETE',
      url: 'https://vast.test/api/v0/volumes/?id=20118481',
      json: { id: 20118481 },
    })
  })

  test('other kinds, and ids that are none, are refused without a call', async () => {
    const { vast, requests } = aProvider(json({ success: true }))
    expect(await kindOf(vast.endThing({ kind: 'static_ip', externalId: '1' }))).toBe('rejected')
    expect(await kindOf(vast.endThing({ kind: 'volume', externalId: '1&id=2' }))).toBe('rejected')
    expect(requests).toEqual([])
  })
})

describe('the bill', () => {
  test('is a line for each item, and one for what rounding leaves, together the amount of the row', async () => {
    const { vast, requests, passMs } = aProvider(chargePage([charge]))
    passMs(48 * hourMs)
    const bill = await vast.bill(aDay)
    const owner = { externalId: '27453221', label: 'gp-7d0c1a', from: 1_795_241_401_000, until: 1_795_245_001_000 }
    expect(bill?.lines).toEqual([
      { ...owner, kind: 'gpu', amount: nanosFromUsd('0.347') },
      { ...owner, kind: 'disk', amount: nanosFromUsd('0.028') },
      { ...owner, kind: 'traffic', amount: nanosFromUsd('0.002') },
      { ...owner, kind: 'other', amount: nanosFromUsd('0.001') },
    ])
    expect(bill?.completeUntil).toBe(aDay.until)
    const query = new URL(requests[0]?.url ?? '').searchParams
    expect(JSON.parse(query.get('select_filters') ?? '')).toEqual({
      day: { gte: 1_795_219_200, lte: 1_795_391_999 },
      type: { in: ['instance', 'volume'] },
    })
    expect(query.get('limit')).toBe('500')
  })

  test('a row without items is one line, and one of a volume names the volume', async () => {
    const row = { ...charge, type: 'volume', source: 'volume-20118481', metadata: {}, items: [] }
    const later = aProvider(chargePage([row]))
    later.passMs(24 * hourMs)
    expect((await later.vast.bill(aDay))?.lines).toMatchObject([
      { externalId: '20118481', label: null, kind: 'all', amount: nanosFromUsd('0.378') },
    ])
  })

  test('is complete for the days that are over, and costs no call for the one that runs', async () => {
    const { vast, requests, passMs } = aProvider(chargePage([charge]))
    const today = Math.floor(seenAt / dayMs) * dayMs
    expect(await vast.bill({ from: today + hourMs, until: seenAt })).toEqual({ lines: [], completeUntil: today })
    expect(requests).toEqual([])
    passMs(today + dayMs + hourMs - 1 - seenAt)
    expect((await vast.bill({ from: today, until: today + dayMs }))?.completeUntil).toBe(today)
    passMs(1)
    const { lines, completeUntil } = (await vast.bill({ from: today, until: today + dayMs })) ?? {}
    expect([lines?.length, completeUntil]).toEqual([4, today + dayMs])
  })

  test('reads all pages', async () => {
    const { vast, requests, passMs } = aProvider(
      chargePage([charge], { total: 2, next_token: 'more' }),
      chargePage([{ ...charge, source: 'instance-2' }], { total: 2 }),
    )
    passMs(48 * hourMs)
    const ids = new Set((await vast.bill(aDay))?.lines.map(({ externalId }) => externalId))
    expect([...ids]).toEqual(['27453221', '2'])
    expect(new URL(requests[1]?.url ?? '').searchParams.get('after_token')).toBe('more')
  })

  test.each([
    ['a page with fewer rows than it says', chargePage([charge], { count: 2 })],
    ['pages with fewer rows than announced', chargePage([charge], { total: 2 })],
    ['a page that leads to itself', chargePage([charge], { total: 9, next_token: 'again' })],
    ['no rows', json({ success: true, count: 0, total: 0 })],
    ['an amount that is none', chargePage([{ ...charge, amount: 'much' }])],
  ])('%s is an error', async (_, answer) => {
    expect(await kindOf(aProvider(answer).vast.bill({ from: 0, until: seenAt }))).toBe('unexpected_reply')
  })
})
