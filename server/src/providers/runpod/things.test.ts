import { describe, expect, test } from 'vitest'
import { nanos, nanosFromUsd } from '../../core/money.ts'
import { hourMs } from '../../core/time.ts'
import { createRunpodProvider } from './provider.ts'
import { aMarketplace, aPodRow, failureOf, json, seenAt, text } from './testing.ts'
import { rateOf } from './things.ts'

/** The example of the official document. */
const volume = { id: '2q9m7x4c', name: 'training-dataset', size: 100, dataCenter: 'US-KS-2', type: 'STANDARD' }
const volumes = (...rows: unknown[]) => json({ networkVolumes: rows })
const problem = (status: number, detail: string) => json({ title: 'No', status, detail }, status)

function aProvider(apiVersion: 'v2' | 'graphql', ...answers: Parameters<typeof aMarketplace>) {
  const marketplace = aMarketplace(...answers)
  return { ...marketplace, runpod: createRunpodProvider({ ...marketplace.deps, apiVersion }) }
}

// REST knows these, whichever API rents the pods.
describe.each(['v2', 'graphql'] as const)('with %s', (api) => {
  test('a network volume is told with its rate and the pod that mounts it', async () => {
    const pod = aPodRow({ mounts: { network: [{ volumeId: volume.id, path: '/workspace' }] } })
    const { runpod, requests } = aProvider(api, volumes(volume), json({ pods: [pod] }))
    expect(await runpod.lookAround()).toEqual([
      {
        kind: 'volume',
        externalId: '2q9m7x4c',
        name: 'training-dataset',
        attachedTo: pod.id,
        region: 'us-central',
        sizeGb: 100,
        ratePerHour: nanos(9_722_222n),
        createdAt: null,
      },
    ])
    expect(requests[0]).toMatchObject({
      method: 'GET',
      url: 'https://runpod.test/v2/network-volumes',
      limits: [{ name: 'runpod.all' }],
    })
  })

  test('is ended by its id; an unknown one counts as ended, a page does not', async () => {
    const { runpod, requests } = aProvider(
      api,
      text('', 204),
      problem(404, 'resource not found'),
      problem(409, 'volume in use'),
      text('<html>', 404),
    )
    const end = () => runpod.endThing({ kind: 'volume', externalId: '2q9m7x4c' })
    await end()
    await end()
    expect((await failureOf(end())).kind).toBe('not_now')
    expect((await failureOf(end())).kind).toBe('unexpected_reply')
    expect(requests[0]).toMatchObject({ method: 'DELETE', url: 'https://runpod.test/v2/network-volumes/2q9m7x4c' })
  })

  test('other kinds, and ids that are none, are refused without a call', async () => {
    const { runpod, requests } = aProvider(api, text('', 204))
    expect((await failureOf(runpod.endThing({ kind: 'static_ip', externalId: '1' }))).kind).toBe('rejected')
    expect((await failureOf(runpod.endThing({ kind: 'volume', externalId: '../pods' }))).kind).toBe('rejected')
    expect(requests).toEqual([])
  })
})

test.each([
  ['a refused key', problem(401, 'missing bearer token'), 'unauthorized'],
  ['an error', problem(500, 'oops'), 'unavailable'],
  ['no list', json({}), 'unexpected_reply'],
  ['null for a list', json({ networkVolumes: null }), 'unexpected_reply'],
  ['a volume without a size', volumes({ ...volume, size: undefined }), 'unexpected_reply'],
  ['a page', text('<html>'), 'unexpected_reply'],
])('%s is never an empty list', async (_, answer, kind) => {
  expect((await failureOf(aProvider('v2', answer).runpod.lookAround())).kind).toBe(kind)
})

test('the part above 1 TB is cheaper; the price of the fast tier is not told', () => {
  expect(rateOf({ size: 2_000, type: 'STANDARD' })).toBe(nanos(nanosFromUsd(120) / 720n + 1n))
  expect(rateOf({ size: 100, type: 'HIGH_PERFORMANCE' })).toBeNull()
  expect(rateOf({ size: 100, type: null })).toBeNull()
})

describe('the bill', () => {
  /** providers/runpod.md 6.4; two cents more in the total. */
  const record = {
    podId: '5xpma5eg46tqjq',
    startTime: '2026-11-20T08:00:00Z',
    endTime: '2026-11-20T09:00:00Z',
    totalAmount: 0.5512,
    gpuAmount: 0.529,
    cpuAmount: 0,
    diskAmount: 0.0022,
  }
  const ofVolume = {
    networkVolumeId: '2q9m7x4c',
    startTime: record.startTime,
    endTime: record.endTime,
    totalAmount: 0.0097,
    standardAmount: 0.0097,
    highPerformanceAmount: 0,
  }
  const charges = (records: unknown[], recordCount = records.length) =>
    json({ records, metadata: { query: {}, recordCount, totals: {} } })
  const at = Date.parse('2026-11-20T08:00:00Z')

  test('has a line for each part, one for what the parts leave, and the volumes', async () => {
    const { runpod, requests } = aProvider('v2', charges([record]), charges([ofVolume]))
    const stretch = { label: null, from: at, until: at + hourMs }
    expect(await runpod.bill({ from: at + 60_000, until: seenAt })).toEqual({
      lines: [
        { externalId: record.podId, kind: 'gpu', ...stretch, amount: nanosFromUsd('0.529') },
        { externalId: record.podId, kind: 'disk', ...stretch, amount: nanosFromUsd('0.0022') },
        { externalId: record.podId, kind: 'other', ...stretch, amount: nanosFromUsd('0.02') },
        { externalId: '2q9m7x4c', kind: 'disk', ...stretch, amount: nanosFromUsd('0.0097') },
      ],
      // 09:24 now, of which ten minutes may not be there: the hour that runs is left out.
      completeUntil: at + hourMs,
    })
    expect(requests.map(({ url }) => url.replace('https://runpod.test', ''))).toEqual(
      ['pods', 'network-volumes'].map(
        (what) =>
          `/v2/billing/${what}?startTime=2026-11-20T08%3A00%3A00.000Z&endTime=2026-11-20T09%3A00%3A00.000Z&bucketSize=hour`,
      ),
    )
  })

  test('a period that is not settled yet costs no call', async () => {
    const { runpod, requests } = aProvider('v2', charges([]))
    expect(await runpod.bill({ from: at + 80 * 60_000, until: seenAt })).toEqual({
      lines: [],
      completeUntil: at + hourMs,
    })
    expect(requests).toEqual([])
  })

  test.each([
    ['fewer records than announced', charges([record], 2)],
    ['no count', json({ records: [record] })],
    ['no records', json({ metadata: { recordCount: 0 } })],
    ['an amount that is missing', charges([{ ...record, gpuAmount: undefined }])],
    ['a time that is none', charges([{ ...record, startTime: 'yesterday' }])],
  ])('%s is an error', async (_, answer) => {
    const { runpod } = aProvider('v2', answer)
    expect((await failureOf(runpod.bill({ from: at, until: seenAt }))).kind).toBe('unexpected_reply')
  })
})

test('a page that does not say whether it is the last is not taken for it', async () => {
  const first = json({ pods: [aPodRow()], pagination: { nextCursor: 'more', hasNextPage: true } })
  const cut = aProvider('v2', first, json({ pods: [aPodRow({ id: 'second' })] }))
  expect((await failureOf(cut.runpod.look())).kind).toBe('unexpected_reply')
  const full = Array.from({ length: 1_000 }, (_, n) => aPodRow({ id: `pod${n}` }))
  expect((await failureOf(aProvider('v2', json({ pods: full })).runpod.look())).kind).toBe('unexpected_reply')
})
