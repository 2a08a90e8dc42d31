import { beforeEach, describe, expect, test } from 'vitest'
import type { Charge } from '../core/charges/charge.ts'
import { nanos, nanosFromUsd } from '../core/money.ts'
import { dayMs, hourMs } from '../core/time.ts'
import {
  aCharge,
  aDecided,
  aLaunch,
  anEntry,
  anEvent,
  anInstance,
  anInstanceId,
  aWish,
  testStart,
} from '../testing/builders.ts'
import { type TestStores, testStores } from '../testing/database.ts'
import type { BilledLine, BillRead } from './bills.ts'

let stores: TestStores
beforeEach(async () => {
  stores = await testStores()
})

const account = { provider: 'vast', account: 'main' } as const
const read: BillRead = {
  ...account,
  hasBill: true,
  coveredFrom: testStart,
  completeUntil: testStart + dayMs,
  readAt: testStart + dayMs,
  triedAt: testStart + dayMs,
  error: null,
}
const aLine = (change: Partial<BilledLine> = {}): BilledLine => ({
  externalId: 'm-1',
  label: null,
  kind: 'gpu',
  from: testStart,
  until: testStart + hourMs,
  amount: nanosFromUsd('1'),
  ...change,
})
const always = { from: 0, until: testStart + 100 * dayMs }

async function machines(range = always) {
  const found = []
  for await (const one of stores.bills.machines(account, range)) found.push(one)
  return found
}

async function launched(
  number: number,
  { externalId, wish = {} }: { externalId: string | null; wish?: object },
  charges: Partial<Charge>[] = [{}],
) {
  const instance = anInstance({ id: anInstanceId(number), wish: aWish(wish) })
  await stores.instances.add(anEntry({ instance, event: anEvent({ instanceId: instance.id }), dueAt: -1 }))
  const [claim] = await stores.instances.claimDue(testStart, { limit: 1, forMs: 0 })
  if (claim === undefined) throw new Error('it is not due')
  const launch = aLaunch({ instanceId: instance.id, externalId })
  await stores.instances.recordIntent(claim, launch, aDecided({ dueAt: testStart + 1e9 }), [])
  await stores.instances.recordDecision(claim, { ...aDecided({ dueAt: testStart + 1e9 }), launch }, [])
  await stores.charges.put(charges.map((change) => aCharge({ instanceId: instance.id, ...change })))
  return instance.id
}

describe('what is read again', () => {
  test('takes the place of what was read before, and is never added to it', async () => {
    const growing = (hours: number) => aLine({ until: testStart + hours * hourMs, amount: nanosFromUsd(String(hours)) })
    for (const hours of [1, 5, 5, 9]) {
      await stores.bills.record(read, { from: testStart, lines: [growing(hours), aLine({ kind: 'disk' })] })
    }
    const [one] = await machines()
    expect(one?.lines).toMatchObject({ total: nanosFromUsd('10'), count: 2, until: testStart + 9 * hourMs })
  })

  test('leaves alone what ended before, and other accounts', async () => {
    await stores.bills.record(read, {
      from: 0,
      lines: [aLine(), aLine({ externalId: 'm-2', from: testStart + hourMs, until: testStart + 2 * hourMs })],
    })
    await stores.bills.record({ ...read, account: 'second' }, { from: 0, lines: [aLine({ externalId: 'm-3' })] })
    await stores.bills.record(read, { from: testStart + hourMs, lines: [] })
    expect((await machines()).map(({ machine }) => machine)).toEqual(['m-1'])
  })

  test('a bill that could not be read changes no line', async () => {
    await stores.bills.record(read, { from: 0, lines: [aLine()] })
    await stores.bills.record({ ...read, error: 'it is down' }, null)
    expect(await machines()).toHaveLength(1)
    expect(await stores.bills.readOf(account)).toMatchObject({ error: 'it is down' })
    expect(await stores.bills.reads()).toHaveLength(1)
  })
})

describe('machines', () => {
  test('each once, with its lines and its charges of its whole life', async () => {
    const id = await launched(1, { externalId: 'm-1' }, [{}, { sequence: 2, startedAfter: testStart + 10 * hourMs }])
    await stores.bills.record(read, {
      from: 0,
      lines: [aLine(), aLine({ kind: 'traffic', amount: nanosFromUsd('0.1') })],
    })
    const [one, ...others] = await machines({ from: testStart, until: testStart + 1 })
    expect(others).toEqual([])
    expect(one).toMatchObject({
      machine: 'm-1',
      lines: { total: nanosFromUsd('1.1'), traffic: nanosFromUsd('0.1'), beforeTaken: 0n },
      launches: [{ instanceId: id, attempt: 1 }],
    })
    expect(one?.charges).toHaveLength(2)
  })

  test('of somebody else, without a machine, and in our ledger alone', async () => {
    await launched(1, { externalId: 'm-1' })
    const lost = await launched(2, { externalId: null })
    await stores.bills.record(read, {
      from: 0,
      lines: [aLine({ externalId: 'x', label: 'my notebook' }), aLine({ externalId: null, kind: 'other' })],
    })
    expect(
      (await machines()).map(({ machine, label, lines, launches }) => [
        machine,
        label,
        lines !== null,
        launches.length,
      ]),
    ).toEqual([
      ['m-1', expect.stringMatching(/^gf-/), false, 1],
      ['x', 'my notebook', true, 0],
      [null, null, true, 0],
      [null, expect.stringContaining(lost.slice(5)), false, 1],
    ])
  })

  test('only what ran, or is billed, within the range', async () => {
    await launched(1, { externalId: 'm-1' }, [{ endedAfter: testStart + 5, endedBefore: testStart + 5 }])
    await stores.bills.record(read, { from: 0, lines: [aLine({ externalId: 'x' })] })
    expect(await machines({ from: testStart + 2 * hourMs, until: testStart + dayMs })).toEqual([])
    expect(await machines({ from: 0, until: testStart })).toEqual([])
  })

  test('lines from before a machine was taken over are told apart', async () => {
    await launched(1, { externalId: 'm-1', wish: { adopted: true } })
    await launched(2, { externalId: 'm-2' })
    const early = aLine({ from: testStart - hourMs, until: testStart })
    await stores.bills.record(read, { from: 0, lines: [early, aLine(), { ...early, externalId: 'm-2' }] })
    expect((await machines()).map(({ lines }) => lines?.beforeTaken)).toEqual([nanosFromUsd('1'), 0n])
  })
})

test('people are told of a difference once, and again when it has doubled or turned round', async () => {
  const tell = (amount: bigint) =>
    stores.bills.tellOnce({ ...account, machine: 'm-1', amount: nanos(amount) }, anEvent({ instanceId: null }))
  const told = []
  for (const amount of [11n, 11n, 4n, 21n, 22n, 43n, -5n, -9n, -10n, 1n]) told.push(await tell(amount))
  expect(told).toEqual([true, false, false, false, true, false, true, false, true, true])
  expect(await stores.events.list({ limit: 10 })).toHaveLength(5)
})

describe('charges within a range', () => {
  const all = async (during: () => Promise<void> = async () => {}) => {
    const found: Charge[] = []
    for await (const page of stores.charges.within({ from: testStart, until: testStart + dayMs }, {})) {
      found.push(...page.map(({ charge }) => charge))
      await during()
    }
    return found.map(({ sequence }) => sequence).sort()
  }
  const until = (at: number) => ({ endedAfter: at, endedBefore: at })

  test('those that touch it, each once', async () => {
    await launched(1, { externalId: 'm-1' }, [
      { sequence: 1 },
      { sequence: 2, ...until(testStart + 1) },
      { sequence: 3, startedAfter: testStart - 9, ...until(testStart) },
      { sequence: 4, startedAfter: testStart + dayMs },
      { sequence: 5, startedAfter: testStart - 9, ...until(testStart + 2 * dayMs) },
    ])
    expect(await all()).toEqual([1, 2, 5])
  })

  test('one that ends while they are read is counted once', async () => {
    const id = await launched(1, { externalId: 'm-1' }, [{ sequence: 1 }, { sequence: 2, ...until(testStart + 1) }])
    const end = () => stores.charges.put([aCharge({ instanceId: id, sequence: 1, ...until(testStart + hourMs) })])
    expect(await all(end)).toEqual([1, 2])
  })

  test('are found by an index, however many there are', async () => {
    const { database } = stores
    const plan = await database.executeQuery<{ detail: string }>({
      sql: 'explain query plan select * from charges where ended_before > 5 and started_after < 9 order by ended_before, instance_id, attempt, kind, sequence limit 9',
      parameters: [],
      query: { kind: 'RawNode' } as never,
      queryId: { queryId: 'plan' },
    })
    expect(plan.rows.map(({ detail }) => detail)).toEqual([
      expect.stringMatching(/^SEARCH charges USING INDEX charges_ended/),
    ])
  })
})
