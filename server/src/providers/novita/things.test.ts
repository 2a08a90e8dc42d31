import { describe, expect, test } from 'vitest'
import { nanos, nanosFromUsd } from '../../core/money.ts'
import { hourMs } from '../../core/time.ts'
import { ProviderError } from '../provider.ts'
import billing from './fixtures/billing.json' with { type: 'json' }
import { createNovitaProvider } from './provider.ts'
import { aListedRow, aMarketplace, aPage, json, now, refused, text } from './testing.ts'

/** Field names of novita.md 2.5; values are ours. */
const storage = {
  storageId: 'ns-4f1c',
  storageName: 'gf-home-models',
  storageSize: 120,
  clusterId: 'us-ca-6',
  clusterName: 'US-CA-06 (California)',
  price: '200',
}
const page = (rows: unknown[], total: number | string = rows.length) => json({ data: rows, total })

function novita(answers: Parameters<typeof aMarketplace>[0]) {
  const marketplace = aMarketplace(answers)
  return { ...marketplace, provider: createNovitaProvider(marketplace.deps) }
}

const kindOf = (attempt: Promise<unknown>) =>
  attempt.then(
    () => 'done',
    (error) => (error instanceof ProviderError ? error.kind : error),
  )

describe('network storage', () => {
  test('is told with its rate, and with the instance that mounts it', async () => {
    const mounted = aListedRow({
      volumeMounts: [
        { type: 'local', size: 20 },
        { type: 'network', id: 'ns-4f1c' },
      ],
    })
    const { provider, sent } = novita({ storages: page([storage]), list: aPage([mounted]) })
    expect(await provider.lookAround()).toEqual([
      {
        kind: 'volume',
        externalId: 'ns-4f1c',
        name: 'gf-home-models',
        attachedTo: mounted.id,
        region: 'us-west',
        sizeGb: 120,
        // 0.002 $ per GB and day: 0.01 $ an hour for 120 GB.
        ratePerHour: nanosFromUsd('0.01'),
        createdAt: null,
      },
    ])
    expect(sent('storages')[0]).toMatchObject({
      url: 'https://novita.test/gpu-instance/openapi/v1/networkstorages/list?pageNo=1&pageSize=100',
      limits: [{ name: 'novita.look' }],
    })
  })

  test('without any the instances are not asked for', async () => {
    const { provider, requests } = novita({ storages: page([]) })
    expect(await provider.lookAround()).toEqual([])
    expect(requests).toHaveLength(1)
  })

  test('all pages are read, and read again when the list moved', async () => {
    const rows = [1, 2, 3].map((n) => ({ ...storage, storageId: `ns-${n}` }))
    const pages = [
      page(rows.slice(0, 2), 4),
      page(rows.slice(2), 3),
      page(rows.slice(0, 2), 3),
      page(rows.slice(2), '3'),
    ]
    const { provider, sent } = novita({ storages: pages, list: aPage([]) })
    expect((await provider.lookAround()).map(({ externalId }) => externalId)).toEqual(['ns-1', 'ns-2', 'ns-3'])
    expect(sent('storages')).toHaveLength(4)
  })

  test.each([
    ['a refused key', refused(401, 'UNAUTHORIZED'), 'unauthorized'],
    ['an error', refused(500, 'UNKNOWN'), 'unavailable'],
    ['null for a list', json({ data: null, total: 0 }), 'unexpected_reply'],
    ['no total', json({ data: [] }), 'unexpected_reply'],
    ['a page too few', [page([storage], 2), page([], 2)], 'unexpected_reply'],
    ['a row without an id', page([{ storageName: 'x' }]), 'unexpected_reply'],
    ['a list that never rests', (request: { url: string }) => page([storage], request.url.length), 'unavailable'],
  ])('%s is never an empty list', async (_, storages, kind) => {
    expect(await kindOf(novita({ storages, list: aPage([]) }).provider.lookAround())).toBe(kind)
  })

  test('is ended by its id; an unknown one counts as ended, one in use does not', async () => {
    const { provider, sent } = novita({
      endStorage: [
        json({}),
        text(''),
        refused(400, 'RESOURCE_NOT_FOUND'),
        refused(400, 'NETWORK_STORAGE_IN_USE'),
        text('404 page not found', 404),
        refused(401, 'UNAUTHORIZED'),
      ],
    })
    const end = () => kindOf(provider.endThing({ kind: 'volume', externalId: 'ns-4f1c' }))
    const ended: unknown[] = []
    for (let time = 0; time < 6; time += 1) ended.push(await end())
    expect(ended).toEqual(['done', 'done', 'done', 'not_now', 'unexpected_reply', 'unauthorized'])
    expect(sent('endStorage')[0]).toMatchObject({ method: 'POST', json: { storageId: 'ns-4f1c' } })
    expect(await kindOf(provider.endThing({ kind: 'snapshot', externalId: 'x' }))).toBe('rejected')
  })
})

describe('the bill', () => {
  const [bill] = billing.bills.bills
  const atHour = Math.floor(now / hourMs) * hourMs

  test('is asked by whole hours, without the one that runs and the one before', async () => {
    const { provider, sent } = novita({ bills: json(billing.bills) })
    const { lines, completeUntil } = (await provider.bill({ from: atHour - 2 * hourMs + 5, until: now })) ?? {}
    expect(completeUntil).toBe(atHour - hourMs)
    const query = new URL(sent('bills')[0]?.url ?? '').searchParams
    expect([query.get('cycleType'), query.get('startTime'), query.get('endTime')]).toEqual([
      'Hour',
      String((atHour - 2 * hourMs) / 1000),
      String((atHour - hourMs) / 1000),
    ])
    expect(lines).toEqual([])
  })

  test('is divided by the precision that each bill names', async () => {
    const finer = { ...bill, amount: '17550', pricePrecision: '1000000' }
    const { provider, clock } = novita({ bills: json({ bills: [bill, finer, { ...bill, ownerID: '' }] }) })
    clock.at += 24 * hourMs
    const answer = await provider.bill({ from: 1_767_222_000_000, until: 1_767_225_600_000 })
    expect(answer?.lines.map(({ externalId, kind, amount }) => [externalId, kind, amount])).toEqual([
      ['3560b7fec915bbf9', 'all', nanos(175_500_000n)],
      ['3560b7fec915bbf9', 'all', nanos(17_550_000n)],
      [null, 'all', nanos(175_500_000n)],
    ])
    expect(answer?.completeUntil).toBe(1_767_225_600_000)
  })

  test.each(['pricePrecision', 'startTime', 'endTime', 'amount'])(
    'a bill without its %s is an error',
    async (field) => {
      const { provider, clock } = novita({ bills: json({ bills: [{ ...bill, [field]: null }] }) })
      clock.at += 24 * hourMs
      expect(await kindOf(provider.bill({ from: 0, until: now }))).toBe('unexpected_reply')
    },
  )

  test('a period that is not settled yet costs no call', async () => {
    const { provider, requests } = novita({})
    expect(await provider.bill({ from: now - 1_000, until: now })).toEqual({
      lines: [],
      completeUntil: atHour - hourMs,
    })
    expect(requests).toEqual([])
  })
})
