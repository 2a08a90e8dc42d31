import { describe, expect, test } from 'vitest'
import { noPolicies, type Policies } from '../core/instances/instance.ts'
import { nanosFromUsd } from '../core/money.ts'
import { anOffer } from '../core/offers/an-offer.ts'
import type { Budget } from '../core/policies/budget.ts'
import { hourMs, minuteMs, secondMs } from '../core/time.ts'
import { anEvent, anInstanceId } from '../testing/builders.ts'
import { type FakeOptions, fakeProvider } from '../testing/fake-provider.ts'
import { aReconciler, type Reconciler } from '../testing/reconciler.ts'
import { virtualClock } from '../testing/virtual-clock.ts'
import { createBudgetBook } from './budget-book.ts'
import { watchBudgets } from './tasks/watch-budgets.ts'

const usd = nanosFromUsd
const idle = { timeoutMs: 30 * minuteMs, action: 'stop' as const, busyAbovePercent: null }

async function aWorld(options: Partial<FakeOptions> = {}) {
  const clock = virtualClock()
  const vast = fakeProvider({ clock, ...options })
  const r = await aReconciler({ clock, providers: [vast] })
  return {
    clock,
    vast,
    r,
    orders: () => vast.calls.filter((call) => /^(launch|stop|start|terminate) /.test(call)),
    async ready(policies: Partial<Policies>, number = 1) {
      const { id } = await r.wish({ policies: { ...noPolicies, ...policies } }, anInstanceId(number))
      return r.until('ready', minuteMs, id)
    },
  }
}

async function told(r: Reconciler, kind: string): Promise<string[]> {
  const events = await r.stores.events.list({ limit: 1_000 })
  return events.filter((event) => event.kind === kind).map(({ message }) => message)
}

async function setBudget(r: Reconciler, change: Partial<Budget> = {}) {
  const budget: Budget = {
    id: 'bud_0000000000000001',
    scope: 'all',
    key: '',
    project: 'default',
    period: 'total',
    limit: usd('0.72'),
    action: 'stop',
    createdAt: 0,
    ...change,
  }
  await r.stores.budgets.add(budget, anEvent({ instanceId: null, kind: 'changed' }))
  return budget
}

describe('an instance that nobody uses', () => {
  test('is warned of once, then stopped, and stays stopped', async () => {
    const { r, ready, orders } = await aWorld()
    await ready({ idle })
    await r.pass(26 * minuteMs, 5_000)
    expect(await told(r, 'warning')).toEqual([])
    await r.pass(2 * minuteMs, 5_000)
    expect(await told(r, 'warning')).toEqual([expect.stringMatching(/^idle for 27 min, stops in 3$/)])
    expect(await r.instance()).toMatchObject({ status: 'ready' })

    expect(await r.until('stopped', 3 * minuteMs)).toMatchObject({ because: 'idle_too_long', wanted: 'stopped' })
    await r.pass(5 * minuteMs, 5_000)
    expect(orders()).toEqual([expect.stringMatching(/^launch /), 'stop vast-1'])
    expect(await told(r, 'warning')).toHaveLength(1)
  })

  test('is ended where that was chosen', async () => {
    const { r, ready } = await aWorld({ abilities: { canStop: false } })
    await ready({ idle: { ...idle, action: 'terminate' } })
    await r.pass(34 * minuteMs, 5_000)
    expect(await r.instance()).toMatchObject({ status: 'terminated', because: 'idle_too_long' })
  })

  test('is only warned of, once, where the marketplace cannot stop', async () => {
    const { r, ready, orders } = await aWorld({ abilities: { canStop: false } })
    await ready({ idle })
    await r.pass(90 * minuteMs, 10_000)
    expect(await told(r, 'warning')).toEqual([expect.stringContaining('cannot stop a machine: only warns')])
    expect(orders()).toHaveLength(1)
    expect(await r.instance()).toMatchObject({ status: 'ready' })
  })

  test('goes on while work is under way, and for as long as it is snoozed', async () => {
    const { r, ready, clock } = await aWorld()
    const { id } = await ready({ idle })
    const report = (inFlight: number) =>
      r.stores.activity.note(id, {
        activeAt: clock.now(),
        activeKind: 'http',
        reportedAt: clock.now(),
        inFlight,
        inFlightUntil: inFlight > 0 ? clock.now() + 10 * minuteMs : null,
      })
    for (let round = 0; round < 6; round += 1) {
      await report(1)
      await r.pass(9 * minuteMs, 10_000)
    }
    expect(await r.instance()).toMatchObject({ status: 'ready' })
    expect(await told(r, 'warning')).toEqual([])

    await report(0)
    await r.pass(28 * minuteMs, 10_000)
    expect(await told(r, 'warning')).toHaveLength(1)
    await r.stores.activity.snooze(id, clock.now() + hourMs, ['ready'], anEvent())
    await r.pass(55 * minuteMs, 10_000)
    expect(await r.instance()).toMatchObject({ status: 'ready' })
    await r.pass(6 * minuteMs, 10_000)
    expect(await told(r, 'warning')).toHaveLength(2)
    expect(await r.until('stopped', 2 * minuteMs)).toMatchObject({ because: 'idle_too_long' })
  })

  test('is not idle while its GPU works, nor while nobody tells whether it does', async () => {
    const { r, ready, vast } = await aWorld()
    await ready({ idle: { ...idle, busyAbovePercent: 10 } })
    const utilisation = (gpuUtilisation: number | null) => {
      const [machine] = vast.machines.values()
      if (machine !== undefined) vast.machines.set(machine.externalId, { ...machine, gpuUtilisation })
    }
    utilisation(80)
    await r.pass(40 * minuteMs, 10_000)
    utilisation(null)
    await r.pass(40 * minuteMs, 10_000)
    expect(await r.instance()).toMatchObject({ status: 'ready' })
    expect(await told(r, 'warning')).toEqual([])

    utilisation(5)
    await r.pass(29 * minuteMs, 10_000)
    expect(await r.instance()).toMatchObject({ status: 'ready' })
    expect(await r.until('stopped', 3 * minuteMs)).toMatchObject({ because: 'idle_too_long' })
  })

  test('where nobody named a limit: is not idle while its GPU works, and silence about it is no sign', async () => {
    const { r, ready, vast } = await aWorld()
    await ready({ idle: { ...idle, busyAbovePercent: 10, busyByDefault: true } })
    const [machine] = vast.machines.values()
    if (machine === undefined) throw new Error('there is no machine')
    vast.machines.set(machine.externalId, { ...machine, gpuUtilisation: 80 })
    await r.pass(40 * minuteMs, 10_000)
    expect(await r.instance()).toMatchObject({ status: 'ready' })

    vast.machines.set(machine.externalId, { ...machine, gpuUtilisation: null })
    expect(await r.until('stopped', 33 * minuteMs)).toMatchObject({ because: 'idle_too_long' })
  })

  test('is stopped all the same after the process died and another took over: its time goes on', async () => {
    const { r, ready, clock, vast } = await aWorld()
    await ready({ idle })
    await r.pass(28 * minuteMs, 5_000)
    const next = await aReconciler({ clock, providers: [vast], beside: r })
    expect(await next.until('stopped', 4 * minuteMs)).toMatchObject({ because: 'idle_too_long' })
    expect(await told(next, 'warning')).toHaveLength(1)
  })

  test('is stopped all the same on the machine that came in place of another', async () => {
    const { r, ready, vast } = await aWorld()
    vast.offers = [anOffer(), anOffer({ externalId: 'other', placeKey: 'other' })]
    await ready({ idle })
    await r.pass(20 * minuteMs, 5_000)
    vast.machines.delete('vast-1')
    await r.pass(5 * minuteMs, 5_000)
    expect(await r.instance()).toMatchObject({ status: 'ready', attempt: 2 })
    await r.pass(20 * minuteMs, 5_000)
    expect(await r.instance()).toMatchObject({ status: 'ready' })
    expect(await r.until('stopped', 12 * minuteMs)).toMatchObject({ because: 'idle_too_long' })
    expect(vast.calls).toContain('stop vast-2')
  })
})

describe('a lease', () => {
  test('is warned of and then ends the instance, whatever the machine is', async () => {
    const { r, ready } = await aWorld()
    await ready({ maxLifetimeMs: 2 * hourMs })
    await r.pass(109 * minuteMs, 10_000)
    expect(await told(r, 'warning')).toEqual([expect.stringContaining('its maximum lifetime is over in 1')])
    await r.pass(12 * minuteMs, 10_000)
    expect(await r.instance()).toMatchObject({ status: 'terminated', because: 'lease_over' })
    expect(await told(r, 'warning')).toHaveLength(1)
  })

  test('counts from the first machine, not from the one that came in its place', async () => {
    const { r, ready, vast } = await aWorld()
    vast.offers = [anOffer(), anOffer({ externalId: 'other', placeKey: 'other' })]
    await ready({ maxLifetimeMs: hourMs })
    await r.pass(40 * minuteMs, 10_000)
    vast.machines.delete('vast-1')
    await r.pass(25 * minuteMs, 10_000)
    expect(await r.instance()).toMatchObject({ status: 'terminated', because: 'lease_over', attempt: 2 })
  })
})

describe('a budget', () => {
  test('stops what it pays for before it is passed by more than one look', async () => {
    const { r, ready, clock, vast } = await aWorld()
    // The fake machine costs 0.36 an hour: this is two hours of it.
    const budget = await setBudget(r)
    let spentAtStop = 0n
    vast.before.stop = async () => {
      spentAtStop = (await r.stores.budgets.spending(budget, clock.now())).spent
    }
    await ready({})
    await r.pass(118 * minuteMs, 10_000)
    expect(await r.instance()).toMatchObject({ status: 'ready' })
    await r.pass(3 * minuteMs, 10_000)

    expect(await r.instance()).toMatchObject({ status: 'stopped', because: 'budget_spent', wanted: 'stopped' })
    expect(spentAtStop).toBeGreaterThan(usd('0.71'))
    expect(spentAtStop).toBeLessThanOrEqual(usd('0.721'))
  })

  test('without an action lets what runs go on, and pays for no launch any more', async () => {
    const { r, ready } = await aWorld()
    await setBudget(r, { action: 'none' })
    await ready({})
    await r.pass(130 * minuteMs, 20_000)
    expect(await r.instance()).toMatchObject({ status: 'ready' })
    const { id } = await r.wish({}, anInstanceId(2))
    const refused = await r.until('failed', minuteMs, id)
    expect(refused.because).toBe('budget_spent')
    expect(refused.message).toMatch(/^the budget of everything is \$0\.7200; \$0\.7\d+ are spent, \$0\.0000 are held/)
  })

  test('is not passed by two launches at the same moment', async () => {
    const { r, vast } = await aWorld()
    await setBudget(r, { limit: usd('0.5') })
    vast.offers = [anOffer(), anOffer({ externalId: 'other', placeKey: 'other' })]
    for (const number of [1, 2]) await r.wish({}, anInstanceId(number))
    await r.pass(minuteMs)
    const statuses = [await r.instance(anInstanceId(1)), await r.instance(anInstanceId(2))].map(({ status }) => status)
    expect(statuses.sort()).toEqual(['failed', 'ready'])
    expect(vast.calls.filter((call) => call.startsWith('launch'))).toHaveLength(1)
  })

  test('of its own pays for no machine in place of a lost one', async () => {
    const { r, ready, vast } = await aWorld()
    vast.offers = [anOffer(), anOffer({ externalId: 'other', placeKey: 'other' })]
    await ready({ budget: { limit: usd('0.6'), action: 'stop' } })
    await r.pass(70 * minuteMs, 10_000)
    vast.machines.delete('vast-1')
    await r.pass(3 * minuteMs, 5_000)
    expect(await r.instance()).toMatchObject({ status: 'failed', because: 'budget_spent' })
    expect(vast.calls.filter((call) => call.startsWith('launch'))).toHaveLength(1)
  })

  test('waits for the funds of a machine that was given up, rather than to fail', async () => {
    const { r, vast, clock } = await aWorld()
    vast.offers = [anOffer(), anOffer({ externalId: 'other', placeKey: 'other' })]
    vast.obeys = false
    let first = true
    vast.afterMade = (externalId) => {
      if (first) vast.setPhase(externalId, 'failed')
      first = false
    }
    await r.wish({ policies: { ...noPolicies, budget: { limit: usd('0.5'), action: 'stop' } } })
    await r.pass(2 * minuteMs)
    expect(await r.instance()).toMatchObject({ status: 'requested', attempt: 1 })
    vast.machines.delete('vast-1')
    await clock.advance(0)
    expect(await r.until('ready', 5 * minuteMs)).toMatchObject({ attempt: 2 })
  })

  test('does not wait for ever for funds that do not come free', async () => {
    const { r, vast } = await aWorld()
    vast.offers = [anOffer(), anOffer({ externalId: 'other', placeKey: 'other' })]
    vast.obeys = false
    vast.afterMade = (externalId) => vast.setPhase(externalId, 'failed')
    await r.wish({ policies: { ...noPolicies, budget: { limit: usd('0.5'), action: 'stop' } } })
    expect(await r.until('failed', 12 * minuteMs)).toMatchObject({ because: 'budget_spent', attempt: 1 })
  })

  test('tells of its thresholds once, also over a restart', async () => {
    const { r, ready, clock, vast } = await aWorld()
    await setBudget(r, { action: 'none' })
    await ready({ budget: { limit: usd('3.6'), action: 'stop' } })
    const watch = () =>
      watchBudgets({ budgets: r.stores.budgets, book: createBudgetBook({ budgets: r.stores.budgets, clock }), clock })
    for (let round = 0; round < 8; round += 1) {
      await r.pass(20 * minuteMs, 20_000)
      await watch().run()
    }
    await aReconciler({ clock, providers: [vast], beside: r })
    await watch().run()
    const shares = (await told(r, 'budget')).map((message) => /(\d+) %/.exec(message)?.[1])
    expect(shares).toEqual(['50', '80', '100'])
    expect((await told(r, 'budget'))[0]).toContain('at this rate the budget ends on')

    await r.pass(3 * hourMs, minuteMs)
    const own = (await told(r, 'budget')).filter((message) => message.includes(anInstanceId(1)))
    expect(own.map((message) => /(\d+) %/.exec(message)?.[1])).toEqual(['50'])
  })

  test('where the marketplace cannot stop, says so once and ends nothing', async () => {
    const { r, ready, orders } = await aWorld({ abilities: { canStop: false } })
    await setBudget(r)
    await ready({})
    await r.pass(130 * minuteMs, 20_000)
    expect(await told(r, 'warning')).toEqual([expect.stringContaining('cannot stop a machine')])
    expect(orders()).toHaveLength(1)
  })
})

describe('after hours of sleep', () => {
  test('leases and budgets come first: before a launch, before a machine in place of a lost one', async () => {
    const { r, ready, clock, vast } = await aWorld()
    vast.offers = [1, 2, 3, 4].map((number) => anOffer({ externalId: `o${number}`, placeKey: `o${number}` }))
    await ready({ maxLifetimeMs: 2 * hourMs }, 1)
    await ready({ budget: { limit: usd('1'), action: 'stop' } }, 2)
    await ready({}, 3)
    vast.machines.delete('vast-3')
    await r.wish({}, anInstanceId(4))
    vast.calls.length = 0
    await clock.advance(8 * hourMs)
    await r.pass(minuteMs)

    const orders = vast.calls.filter((call) => /^(launch|stop|start|terminate) /.test(call))
    expect(orders.slice(0, 2).sort()).toEqual(['stop vast-2', 'terminate vast-1'])
    expect(orders.slice(2).length).toBeGreaterThan(0)
    expect(await r.instance(anInstanceId(1))).toMatchObject({ status: 'terminated', because: 'lease_over' })
    expect(await r.instance(anInstanceId(2))).toMatchObject({ status: 'stopped', because: 'budget_spent' })
  })

  test('the same holds for another process that starts then', async () => {
    const { r, ready, clock, vast } = await aWorld()
    await ready({ maxLifetimeMs: 2 * hourMs }, 1)
    await clock.advance(8 * hourMs)
    await r.wish({}, anInstanceId(2))
    vast.calls.length = 0
    const next = await aReconciler({ clock, providers: [vast], beside: r })
    await next.pass(30 * secondMs)
    const orders = vast.calls.filter((call) => /^(launch|stop|start|terminate) /.test(call))
    expect(orders[0]).toBe('terminate vast-1')
  })

  test('a marketplace that hangs holds the others up for seconds at most', async () => {
    const clock = virtualClock()
    const vast = fakeProvider({ clock })
    const runpod = fakeProvider({ clock, name: 'runpod', offers: [anOffer({ provider: 'runpod' })] })
    const r = await aReconciler({ clock, providers: [vast, runpod] })
    await r.wish({ provider: 'vast', policies: { ...noPolicies, maxLifetimeMs: hourMs } })
    await r.until('ready', minuteMs)
    await clock.advance(8 * hourMs)
    vast.before.look = () => clock.sleep(5 * minuteMs)
    await r.wish({ provider: 'runpod' }, anInstanceId(2))
    void r.worker.runDue().catch(() => {})
    for (let turn = 0; turn < 30; turn += 1) await clock.advance(secondMs)
    void r.worker.runDue().catch(() => {})
    for (let turn = 0; turn < 10; turn += 1) await clock.advance(secondMs)
    expect(runpod.calls.some((call) => call.startsWith('launch'))).toBe(true)
  })
})

test('a restart begins its idle time anew, a health check that comes and goes does not', async () => {
  const clock = virtualClock()
  const vast = fakeProvider({ clock })
  let healthy = true
  const r = await aReconciler({ clock, providers: [vast], probe: async () => (healthy ? 'passing' : 'failing') })
  const health = { path: '/', port: 80, timeoutMs: 10 * minuteMs }
  const { id } = await r.wish({ health, policies: { ...noPolicies, idle } })
  await r.until('ready', minuteMs)

  await r.pass(20 * minuteMs, 10_000)
  vast.setPhase('vast-1', 'starting')
  await r.until('starting', minuteMs)
  vast.setPhase('vast-1', 'running')
  await r.until('ready', minuteMs)
  await r.pass(25 * minuteMs, 10_000)
  expect(await r.instance(id)).toMatchObject({ status: 'ready' })

  healthy = false
  await r.until('running', minuteMs)
  healthy = true
  await r.until('ready', minuteMs)
  expect(await r.until('stopped', 6 * minuteMs)).toMatchObject({ because: 'idle_too_long' })
})
