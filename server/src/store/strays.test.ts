import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Launch } from '../core/instances/instance.ts'
import { minuteMs } from '../core/time.ts'
import { aLaunch, anEntry, anInstance, testStart } from '../testing/builders.ts'
import { type TestStores, testStores } from '../testing/database.ts'
import type { NewEvent } from './events.ts'

const now = testStart
const launch = aLaunch({ attempt: 1 })
const found = { externalId: 'm-1', account: launch.account, keyMark: launch.keyMark }
const event: NewEvent = {
  at: now,
  instanceId: launch.instanceId,
  kind: 'stray_found',
  status: null,
  because: null,
  message: 'it is there',
}
const claiming = { limit: 10, forMs: minuteMs }

let stores: TestStores
beforeEach(async () => {
  stores = await testStores()
  await stores.instances.add(anEntry({ instance: anInstance({ id: launch.instanceId }), dueAt: now }))
  const [claim] = await stores.instances.claimDue(now, claiming)
  if (claim === undefined) throw new Error('nothing was due')
  const decided = {
    status: 'launching',
    because: 'plan_made',
    message: null,
    statusSince: now,
    endedAt: null,
    dueAt: now,
  } as const
  await stores.instances.recordIntent(claim, launch, decided, [])
})
afterEach(() => stores.close())

async function givenUp(change: Partial<Launch> = {}) {
  await stores.launches.recordFacts(launch, { abandonedAt: now, abandonedBecause: 'asked' })
  await stores.database.updateTable('launches').set({ due_at: now }).execute()
  const [claim] = await stores.launches.claimLeftovers(now, claiming)
  if (claim === undefined) throw new Error('no leftover was due')
  await stores.launches.recordFacts(launch, { settledAt: now, ...change })
  return claim
}

const isDue = async () => (await stores.launches.claimLeftovers(now + 10 * minuteMs, claiming)).length

test('what is found again while its end is being written down stays due', async () => {
  const claim = await givenUp()
  expect(await stores.strays.reopen({ ...launch, settledAt: now }, found, now + 1, event)).toBe(true)
  await stores.launches.releaseLeftover(claim, null)
  expect(await isDue()).toBe(1)
})

test('so does one whose launch is answered at that moment', async () => {
  const claim = await givenUp()
  expect(await stores.launches.recordAnswer(launch, { answeredAt: now + 1, externalId: 'm-1' }, event)).toBe(true)
  await stores.launches.releaseLeftover(claim, null)
  expect(await isDue()).toBe(1)
})

test('one whose end was confirmed after it was read is not opened again', async () => {
  await givenUp()
  expect(await stores.strays.reopen({ ...launch, settledAt: null }, found, now + 1, event)).toBe(false)
  expect(await stores.events.list({ limit: 10, instanceId: launch.instanceId })).not.toContainEqual(
    expect.objectContaining({ kind: 'stray_found' }),
  )
  expect(await isDue()).toBe(0)
})
