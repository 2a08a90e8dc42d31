import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { nanosFromUsd } from '../../../core/money.ts'
import { dayMs, hourMs } from '../../../core/time.ts'
import type { BillRead } from '../../../store/bills.ts'
import { aCharge, testStart } from '../../../testing/builders.ts'
import { type HttpWorld, httpWorld } from '../../../testing/http-world.ts'

let world: HttpWorld
beforeEach(async () => {
  world = await httpWorld()
})
afterEach(() => world.close())

const get = (query = '') => world.ask('GET', `/api/v1/costs/reconciliation${query}`)
const aRead = (change: Partial<BillRead> = {}): BillRead => ({
  provider: 'vast',
  account: 'main',
  hasBill: true,
  coveredFrom: testStart,
  completeUntil: testStart + dayMs,
  readAt: testStart + dayMs,
  triedAt: testStart + dayMs,
  error: null,
  ...change,
})

/** An hour at a dollar, and what the bill says of it. */
async function aBill(usd: string) {
  const { id } = await world.hasInstance({ status: 'terminated' }, { externalId: 'm-1' })
  const end = testStart + hourMs
  await world.charges.put([
    aCharge({ instanceId: id, ratePerHour: nanosFromUsd('1'), lastOnAt: end, endedAfter: end, endedBefore: end }),
  ])
  await world.clock.advance(2 * dayMs)
  const line = { label: null, kind: 'gpu' as const, from: testStart, until: end }
  await world.bills.record(aRead(), {
    from: 0,
    lines: [
      { ...line, externalId: 'm-1', amount: nanosFromUsd(usd) },
      { ...line, externalId: 'x', amount: nanosFromUsd('7') },
    ],
  })
  return id
}

describe('200', () => {
  test('each machine of each account, with the bill, our ledger and every part of the difference', async () => {
    const id = await aBill('1.25')
    const { status, json } = await get()
    expect(status).toBe(200)
    expect(json.data).toMatchObject({ unexplained_usd: '0.25', at: '2026-10-03T12:00:00.000Z' })
    const [vast] = json.data.accounts
    expect(vast).toEqual({
      provider: 'vast_ai',
      account: 'main',
      has_bill: true,
      note: null,
      read_at: '2026-10-02T12:00:00.000Z',
      covered_from: '2026-10-01T12:00:00.000Z',
      complete_until: '2026-10-02T12:00:00.000Z',
      error: null,
      bill_usd: '8.25',
      ledger_usd: '1',
      ledger_at_least_usd: '1',
      difference_usd: '7.25',
      because: [
        { reason: 'foreign_machine', amount_usd: '7' },
        { reason: 'unexplained', amount_usd: '0.25' },
      ],
      machines: [
        {
          id: 'm-1',
          label: expect.stringMatching(/^gf-/),
          instance_ids: [id],
          bill_usd: '1.25',
          ledger_usd: '1',
          ledger_at_least_usd: '1',
          difference_usd: '0.25',
          because: [{ reason: 'unexplained', amount_usd: '0.25' }],
        },
        {
          id: 'x',
          label: null,
          instance_ids: [],
          bill_usd: '7',
          ledger_usd: '0',
          ledger_at_least_usd: '0',
          difference_usd: '7',
          because: [{ reason: 'foreign_machine', amount_usd: '7' }],
        },
      ],
      machines_left_out: 0,
    })
  })

  test('an account that was not read yet, one without a bill, and one that did not answer say so', async () => {
    const noteOf = async () => (await get()).json.data.accounts.map((one: { note: string | null }) => one.note)
    expect(await noteOf()).toEqual([
      expect.stringContaining('not been asked'),
      expect.stringContaining('not been asked'),
    ])
    const nothing = { coveredFrom: null, completeUntil: null, readAt: null }
    await world.bills.record(aRead({ ...nothing, error: 'it is down' }), null)
    await world.bills.record(aRead({ ...nothing, provider: 'runpod', hasBill: false }), null)
    expect(await noteOf()).toEqual(['its bill could not be read yet', expect.stringContaining('runpod has no API')])
    const [vast, runpod] = (await get()).json.data.accounts
    expect(vast).toMatchObject({ error: 'it is down', machines: [], bill_usd: '0' })
    expect(runpod).toMatchObject({ has_bill: false })
  })

  test('of one provider; machines beyond the limit are in the sums', async () => {
    await aBill('1')
    const { accounts } = (await get('?provider=vast&limit=1')).json.data
    expect(accounts).toHaveLength(1)
    expect(accounts[0]).toMatchObject({ machines: [{ id: 'x' }], machines_left_out: 1, bill_usd: '8' })
  })

  test('machines that ran outside of the range are left out', async () => {
    await aBill('1')
    expect((await get('?from=2026-10-02')).json.data.accounts[0].machines).toEqual([])
  })

  test('an account whose key is gone is shown as long as a bill of it is known', async () => {
    await world.bills.record(aRead({ provider: 'novita' }), { from: 0, lines: [] })
    const { accounts } = (await get()).json.data
    expect(accounts.map((one: { provider: string }) => one.provider)).toEqual(['vast_ai', 'runpod', 'novita'])
  })
})

describe('400', () => {
  test.each(['provider=acme', 'from=now', 'limit=x', 'from=2026-10-02&until=2026-10-01'])('%s', async (query) => {
    expect((await get(`?${query}`)).json.code).toBe('invalid_request')
  })
})

describe('403', () => {
  test('a key of one project', async () => {
    const { headers } = await world.keyOf({ role: 'viewer', project: 'vision' })
    const { status } = await world.ask('GET', '/api/v1/costs/reconciliation', undefined, headers)
    expect(status).toBe(403)
  })
})
