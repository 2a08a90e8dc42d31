import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Instance } from '../core/instances/instance.ts'
import { noPolicies } from '../core/instances/instance.ts'
import { type Nanos, nanos, nanosFromUsd } from '../core/money.ts'
import type { Budget } from '../core/policies/budget.ts'
import { hourMs, minuteMs } from '../core/time.ts'
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
import { BudgetRefused } from './budgets.ts'

const usd = nanosFromUsd
let stores: TestStores

beforeEach(async () => {
  stores = await testStores()
})
afterEach(() => stores.close())

const aBudget = (change: Partial<Budget> = {}): Budget => ({
  id: 'bud_0000000000000001',
  scope: 'project',
  key: 'default',
  project: 'default',
  period: 'total',
  limit: usd('1'),
  action: 'none',
  createdAt: testStart,
  ...change,
})

async function setBudget(change: Partial<Budget> = {}): Promise<Budget> {
  const budget = aBudget(change)
  await stores.budgets.add(budget, anEvent({ instanceId: null, kind: 'changed' }))
  return budget
}

async function wished(number: number, change: Partial<Instance> = {}): Promise<Instance> {
  const instance = anInstance({ id: anInstanceId(number), ...change })
  await stores.instances.add(anEntry({ instance }))
  return instance
}

/** As the reconciler does it; what a budget does not pay for is answered as false. */
async function launched(number: number, price: Nanos, now = testStart): Promise<boolean> {
  const claims = await stores.instances.claimDue(now, { limit: 100, forMs: 0 })
  const claim = claims.find(({ id }) => id === anInstanceId(number))
  if (claim === undefined) throw new Error('it is not due')
  const { attempt } = (await stores.instances.get(claim.id)) as Instance
  const launch = aLaunch({ instanceId: claim.id, attempt: attempt + 1, comparablePrice: price, intendedAt: now })
  return stores.instances.recordIntent(claim, launch, aDecided({ dueAt: now }), []).catch((error: unknown) => {
    if (error instanceof BudgetRefused) return false
    throw error
  })
}

const spending = async () => stores.budgets.spending(aBudget(), testStart)

describe('funds for a launch', () => {
  test('are held in the step that writes it down: of two at the same moment one is refused', async () => {
    await setBudget()
    await wished(1)
    await wished(2)
    const claims = await stores.instances.claimDue(testStart, { limit: 2, forMs: 0 })
    const outcomes = await Promise.allSettled(
      claims.map((claim) =>
        stores.instances.recordIntent(
          claim,
          aLaunch({ instanceId: claim.id, comparablePrice: usd('0.6') }),
          aDecided(),
          [],
        ),
      ),
    )

    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    expect(await spending()).toMatchObject({ spent: 0n, held: usd('0.6') })
  })

  test('refused leave nothing behind', async () => {
    await setBudget({ limit: usd('0.5') })
    const { id } = await wished(1)
    expect(await launched(1, usd('0.6'))).toBe(false)
    expect(await stores.launches.ofInstance(id)).toEqual([])
    expect(await stores.instances.get(id)).toMatchObject({ status: 'requested', attempt: 0 })
    expect((await spending()).held).toBe(0n)
  })

  test('come free when the launch is settled without a cost', async () => {
    await setBudget()
    const { id } = await wished(1)
    await wished(2)
    await launched(1, usd('0.6'))
    expect(await launched(2, usd('0.6'))).toBe(false)
    await stores.launches.recordFacts({ instanceId: id, attempt: 1 }, { abandonedAt: testStart, settledAt: testStart })
    expect(await launched(2, usd('0.6'))).toBe(true)
  })

  test('give way to charges, and are not held for what is stopped', async () => {
    await setBudget()
    const { id } = await wished(1)
    await launched(1, usd('0.6'))
    const charge = aCharge({
      instanceId: id,
      ratePerHour: usd('0.6'),
      endedAfter: testStart + 10 * minuteMs,
      endedBefore: testStart + 10 * minuteMs,
    })
    await stores.charges.put([charge])
    expect(await spending()).toMatchObject({ spent: usd('0.1'), held: usd('0.5') })

    const [claim] = await stores.instances.claimDue(testStart, { limit: 1, forMs: 0 })
    if (claim === undefined) throw new Error('it is not due')
    await stores.instances.recordDecision(claim, aDecided({ status: 'stopped', because: 'machine_stopped' }), [])
    expect(await spending()).toMatchObject({ spent: usd('0.1'), held: 0n })
  })

  test('are held for a start again, beside what the machine has cost', async () => {
    await setBudget({ limit: usd('0.65') })
    const { id } = await wished(1)
    await launched(1, usd('0.6'))
    const [claim] = await stores.instances.claimDue(testStart, { limit: 1, forMs: 0 })
    if (claim === undefined) throw new Error('it is not due')
    await stores.instances.recordDecision(claim, aDecided({ status: 'stopped', because: 'machine_stopped' }), [])
    const start = () =>
      stores.instances.want(
        id,
        { from: ['stopped'], wanted: 'up', status: 'starting', because: 'asked', at: testStart },
        anEvent(),
      )

    const charge = aCharge({
      instanceId: id,
      ratePerHour: usd('0.6'),
      endedAfter: testStart + 10 * minuteMs,
      endedBefore: testStart + 10 * minuteMs,
    })
    await stores.charges.put([charge])
    await expect(start()).rejects.toThrow(BudgetRefused)
    expect(await stores.instances.get(id)).toMatchObject({ status: 'stopped' })

    await stores.charges.put([{ ...charge, endedAfter: testStart + minuteMs, endedBefore: testStart + minuteMs }])
    expect(await start()).toBe(true)
    expect(await spending()).toMatchObject({ spent: usd('0.01'), held: usd('0.6') })
  })

  test('come out of the instance’s own budget as well', async () => {
    const budget = { limit: usd('0.5'), action: 'stop' as const }
    await wished(1, { wish: aWish({ policies: { ...noPolicies, budget } }) })
    await wished(2)
    expect(await launched(1, usd('0.6'))).toBe(false)
    expect(await launched(2, usd('0.6'))).toBe(true)
  })

  test('come only out of the budgets that are meant', async () => {
    await setBudget({ scope: 'label', key: 'small', limit: usd('0.1') })
    await wished(1, { label: 'small' })
    await wished(2, { label: 'large' })
    await wished(3, { label: 'small', project: 'other' })
    expect(await launched(1, usd('0.6'))).toBe(false)
    expect(await launched(2, usd('0.6'))).toBe(true)
    expect(await launched(3, usd('0.6'))).toBe(true)
  })
})

test('whatever happens, the launches that a budget lets through never hold and cost more than it has', async () => {
  const step = fc.oneof(
    fc.record({
      kind: fc.constant('launch' as const),
      who: fc.integer({ min: 1, max: 4 }),
      cents: fc.integer({ min: 1, max: 70 }),
    }),
    fc.record({
      kind: fc.constant('bill' as const),
      who: fc.integer({ min: 1, max: 4 }),
      minutes: fc.integer({ min: 1, max: 60 }),
    }),
    fc.record({ kind: fc.constant('settle' as const), who: fc.integer({ min: 1, max: 4 }) }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 14 }), async (steps) => {
      await stores.close()
      stores = await testStores()
      const limit = (await setBudget()).limit
      for (const number of [1, 2, 3, 4]) await wished(number)
      for (const one of steps) {
        const id = anInstanceId(one.who)
        const launches = await stores.launches.ofInstance(id)
        const last = launches.at(-1)
        if (one.kind === 'launch' && (last === undefined || last.settledAt !== null)) {
          await launched(one.who, nanos(BigInt(one.cents) * 10_000_000n))
        }
        if (one.kind === 'bill' && last !== undefined && last.settledAt === null) {
          const until = testStart + one.minutes * minuteMs
          const { comparablePrice: ratePerHour, attempt } = last
          await stores.charges.put([
            aCharge({
              instanceId: id,
              attempt,
              ratePerHour,
              lastOnAt: testStart,
              endedAfter: until,
              endedBefore: until,
            }),
          ])
        }
        if (one.kind === 'settle' && last !== undefined && last.settledAt === null) {
          await stores.launches.recordFacts(last, { settledAt: testStart, abandonedAt: testStart })
        }
        const { spent, held } = await stores.budgets.spending(aBudget(), testStart + hourMs)
        expect(spent + held).toBeLessThanOrEqual(limit)
      }
    }),
    { numRuns: 40 },
  )
}, 60_000)

describe('a threshold', () => {
  const mark = { budgetId: 'bud_1', period: '2026-11', threshold: 80 }
  const event = anEvent({ instanceId: null, kind: 'budget', message: '80 %' })

  test('is told once in a period', async () => {
    expect(await stores.budgets.tellOnce(mark, event)).toBe(true)
    expect(await stores.budgets.tellOnce(mark, event)).toBe(false)
    expect(await stores.budgets.tellOnce({ ...mark, period: '2026-12' }, event)).toBe(true)
    expect((await stores.events.list({ limit: 10 })).filter(({ kind }) => kind === 'budget')).toHaveLength(2)
  })

  test('is told anew after the budget was changed', async () => {
    const { id } = await setBudget()
    await stores.budgets.tellOnce({ ...mark, budgetId: id }, event)
    expect(await stores.budgets.change(id, aBudget({ limit: usd('2') }), anEvent({ instanceId: null }))).toBe(true)
    expect(await stores.budgets.get(id)).toMatchObject({ limit: usd('2') })
    expect(await stores.budgets.tellOnce({ ...mark, budgetId: id }, event)).toBe(true)
  })
})

test('a budget that is removed is gone, and removing it again says so', async () => {
  const { id } = await setBudget()
  expect(await stores.budgets.remove(id, anEvent({ instanceId: null }))).toBe(true)
  expect(await stores.budgets.list()).toEqual([])
  expect(await stores.budgets.remove(id, anEvent({ instanceId: null }))).toBe(false)
})
