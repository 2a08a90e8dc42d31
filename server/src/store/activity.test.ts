import { afterEach, beforeEach, expect, test } from 'vitest'
import { noPolicies } from '../core/instances/instance.ts'
import { noActivity } from '../core/policies/activity.ts'
import { minuteMs } from '../core/time.ts'
import { aDecided, anEntry, anEvent, anInstance, anInstanceId, aWish, testStart } from '../testing/builders.ts'
import { type TestStores, testStores } from '../testing/database.ts'

const id = anInstanceId()
const idle = { timeoutMs: 30 * minuteMs, action: 'stop' as const, busyAbovePercent: null }
let stores: TestStores

beforeEach(async () => {
  stores = await testStores()
  await stores.instances.add(anEntry({ instance: anInstance({ wish: aWish({ policies: { ...noPolicies, idle } }) }) }))
})
afterEach(() => stores.close())

test('remembers what it is told, and leaves the rest', async () => {
  expect(await stores.activity.of(id)).toEqual(noActivity)
  await stores.activity.note(id, { activeAt: 1, activeKind: 'http', inFlight: 2, inFlightUntil: 9 })
  await stores.activity.note(id, { idleWarnedAt: 5 })
  expect(await stores.activity.of(id)).toEqual({
    ...noActivity,
    activeAt: 1,
    activeKind: 'http',
    inFlight: 2,
    inFlightUntil: 9,
    idleWarnedAt: 5,
  })
})

test('a snooze takes the claim from whoever was about to stop it', async () => {
  const [claim] = await stores.instances.claimDue(testStart, { limit: 1, forMs: minuteMs })
  if (claim === undefined) throw new Error('it is not due')
  expect(await stores.activity.snooze(id, testStart + minuteMs, ['requested'], anEvent())).toBe(true)
  const stop = aDecided({ status: 'stopping', because: 'idle_too_long' })
  expect(await stores.instances.recordDecision(claim, stop, [])).toBe(false)
  expect(await stores.activity.of(id)).toMatchObject({ snoozedUntil: testStart + minuteMs })
})

test('a snooze that comes too late changes nothing', async () => {
  expect(await stores.activity.snooze(id, testStart + minuteMs, ['ready'], anEvent())).toBe(false)
  expect((await stores.activity.of(id)).snoozedUntil).toBeNull()
})

test('two changes of the policies at the same moment do not undo each other', async () => {
  const event = () => anEvent()
  await Promise.all([
    stores.activity.changePolicies(id, (now) => ({ ...now, maxLifetimeMs: 1 }), ['requested'], event),
    stores.activity.changePolicies(id, (now) => ({ ...now, bidPercent: 150 }), ['requested'], event),
  ])
  expect((await stores.instances.get(id))?.wish.policies).toEqual({
    ...noPolicies,
    idle,
    maxLifetimeMs: 1,
    bidPercent: 150,
  })
})
