import { afterEach, beforeEach, expect, test } from 'vitest'
import type { InstanceId } from '../core/instances/instance.ts'
import { anOffer } from '../core/offers/an-offer.ts'
import { minuteMs } from '../core/time.ts'
import { aDecided, aLaunch, anEntry, anInstance, anInstanceId, aWish, testStart as now } from '../testing/builders.ts'
import { type TestStores, testStores } from '../testing/database.ts'

let stores: TestStores
beforeEach(async () => {
  stores = await testStores()
})
afterEach(() => stores.close())

const forMs = 6 * minuteMs
const all = { limit: 10, forMs }
const idOf = anInstanceId

async function added(id: InstanceId, dueAt: number, change: Parameters<typeof anInstance>[0] = {}): Promise<void> {
  await stores.instances.add(anEntry({ instance: anInstance({ id, ...change }), dueAt }))
}

async function launched(id: InstanceId, change: Parameters<typeof aLaunch>[0] = {}): Promise<void> {
  await added(id, now)
  const [claim] = await stores.instances.claimDue(now, all)
  if (claim === undefined) throw new Error('nothing is due')
  await stores.instances.recordIntent(claim, aLaunch({ instanceId: id, ...change }), aDecided({ dueAt: null }), [])
}

test('what a user asked for is claimed before what has been due for long', async () => {
  for (const number of [1, 2]) await added(idOf(number), now - 60_000)
  await added(idOf(3), now + 60_000)
  const change = { from: ['requested'], wanted: 'ended', because: 'cancelled', at: now } as const
  const event = {
    at: now,
    instanceId: idOf(3),
    kind: 'order',
    status: null,
    because: null,
    message: '',
    data: {},
  } as const
  expect(await stores.instances.want(idOf(3), change, event)).toBe(true)

  expect(await stores.instances.claimDue(now, { ...all, limit: 1 })).toMatchObject([{ id: idOf(3) }])
})

test('lanes that are full are left out, and only those', async () => {
  await added(idOf(1), now, { wish: aWish({ provider: 'vast' }) })
  await added(idOf(2), now, { wish: aWish({ provider: 'vast' }), status: 'ready' })
  await added(idOf(3), now)
  const renting = { provider: 'vast', renting: true } as const
  const open = { provider: null, renting: true } as const

  const claims = await stores.instances.claimDue(now, { ...all, except: [renting, open] })
  expect(claims).toMatchObject([{ id: idOf(2), lane: { provider: 'vast', renting: false } }])
  const others = await stores.instances.claimDue(now, { ...all, except: [open] })
  expect(others).toMatchObject([{ id: idOf(1), lane: renting }])
  expect(await stores.instances.claimDue(now, all)).toMatchObject([{ id: idOf(3), lane: open }])
})

test('after the clock was set back everything is due, and claims run out as they would have', async () => {
  const later = now + 24 * 60 * minuteMs
  await added(idOf(1), later)
  await added(idOf(2), later)
  await stores.instances.claimDue(later, { ...all, limit: 1 })

  await stores.instances.catchUp(now, { claimMs: forMs })
  expect(await stores.instances.claimDue(now, all)).toHaveLength(1)
  expect(await stores.instances.claimDue(now + forMs, all)).toHaveLength(2)
})

test('after the clock was set back, nothing of an open launch lies in the future', async () => {
  await launched(idOf(1))
  await launched(idOf(2))
  const later = now + 3 * 3_600_000
  await stores.database
    .updateTable('launches')
    .set({ intended_at: later, ordered_at: later, missed_at: later })
    .execute()
  await stores.launches.recordFacts({ instanceId: idOf(1), attempt: 1 }, { answeredAt: later })
  await stores.launches.recordFacts({ instanceId: idOf(2), attempt: 1 }, { settledAt: later })

  await stores.instances.catchUp(now, { claimMs: forMs })
  expect((await stores.instances.get(idOf(1)))?.launch).toMatchObject({
    intendedAt: now,
    answeredAt: now,
    orderedAt: now,
    missedAt: now,
    startOrderedAt: null,
  })
  expect((await stores.launches.ofInstance(idOf(2)))[0]).toMatchObject({ intendedAt: later, settledAt: later })
})

test('after the clock was set back, no use lies in the future, and people are warned of a stop again', async () => {
  await added(idOf(1), now)
  const later = now + 3 * 3_600_000
  const facts = { activeAt: later, reportedAt: later, readyAt: later, idleWarnedAt: later, leaseWarnedAt: later }
  await stores.activity.note(idOf(1), { ...facts, inFlight: 1, inFlightUntil: later, snoozedUntil: later })

  await stores.instances.catchUp(now, { claimMs: forMs })
  expect(await stores.activity.of(idOf(1))).toMatchObject({
    activeAt: now,
    reportedAt: now,
    readyAt: now,
    idleWarnedAt: null,
    leaseWarnedAt: null,
    inFlightUntil: now + 10 * minuteMs,
    snoozedUntil: later,
  })
})

test('leftovers at a marketplace whose lane is full are left out', async () => {
  const given = { abandonedAt: now, abandonedBecause: 'start_deadline' } as const
  for (const [number, provider] of [
    [1, 'vast'],
    [2, 'runpod'],
  ] as const) {
    await launched(idOf(number), { offer: anOffer({ provider }) })
    await stores.launches.recordFacts({ instanceId: idOf(number), attempt: 1 }, given)
  }
  await stores.database.updateTable('launches').set({ due_at: now }).execute()

  const claims = await stores.launches.claimLeftovers(now, { ...all, except: ['vast'] })
  expect(claims).toMatchObject([{ launch: { provider: 'runpod' } }])
})

test('open launches are counted by marketplace and market', async () => {
  await launched(idOf(1))
  await launched(idOf(2))
  await launched(idOf(3), { offer: anOffer({ provider: 'runpod', market: 'spot' }) })
  await launched(idOf(4))
  await stores.launches.recordFacts({ instanceId: idOf(4), attempt: 1 }, { settledAt: now })
  await stores.launches.recordFacts({ instanceId: idOf(3), attempt: 1 }, { abandonedAt: now })

  expect(await stores.launches.countOpen()).toEqual([
    { provider: 'runpod', market: 'spot', abandoned: true, count: 1 },
    { provider: 'vast', market: 'on_demand', abandoned: false, count: 2 },
  ])
})
