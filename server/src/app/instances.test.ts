import { beforeEach, describe, expect, test } from 'vitest'
import { createBell } from '../core/bell.ts'
import type { Instance } from '../core/instances/instance.ts'
import { statuses } from '../core/instances/status.ts'
import { nanosFromUsd } from '../core/money.ts'
import { hourMs } from '../core/time.ts'
import { aCharge, aLaunch, anEntry, anInstance, anInstanceId, someone, testStart } from '../testing/builders.ts'
import { type TestStores, testStores } from '../testing/database.ts'
import { type FakeProvider, fakeProvider } from '../testing/fake-provider.ts'
import { virtualClock } from '../testing/virtual-clock.ts'
import { costsOf } from './instance-costs.ts'
import { instanceEvents } from './instance-events.ts'
import {
  type ActionDeps,
  getInstance,
  restartInstance,
  startInstance,
  stopInstance,
  terminateInstance,
} from './instances.ts'
import { listInstances } from './list-instances.ts'

const id = anInstanceId()
const clock = virtualClock(testStart)
let stores: TestStores
let vast: FakeProvider
let deps: ActionDeps
let rung: number

beforeEach(async () => {
  stores = await testStores()
  vast = fakeProvider({ clock })
  rung = 0
  const bell = createBell()
  bell.listen(() => {
    rung += 1
  })
  deps = { instances: stores.instances, providers: { all: () => [vast], find: () => vast }, clock, bell }
})

/** An instance with a machine, in this status. */
async function given(change: Partial<Instance>): Promise<void> {
  await stores.instances.add(anEntry({ instance: anInstance(change) }))
  if (change.status === 'requested') return
  const [claim] = await stores.instances.claimDue(testStart, { limit: 1, forMs: 1_000 })
  if (claim === undefined) throw new Error('it is not due')
  const { status = 'ready', because = 'asked' } = change
  const decided = { status, because, message: null, statusSince: testStart, endedAt: null, dueAt: testStart }
  await stores.instances.recordIntent(claim, aLaunch(), decided, [])
  await stores.launches.recordFacts({ instanceId: id, attempt: 1 }, { externalId: 'm-1' })
}

describe('terminate', () => {
  test.each(statuses)('of what is %s is never refused', async (status) => {
    await given({ status })
    const after = await terminateInstance(id, someone, deps)

    const ended = status === 'terminated' || status === 'failed'
    expect(after.wanted).toBe(ended ? 'up' : 'ended')
    expect(after.status).toBe(ended || status === 'requested' ? status : 'terminating')
    expect(await terminateInstance(id, someone, deps)).toEqual(after)
  })
})

describe('stop, start and restart', () => {
  test('write down what is wanted, wake the worker and leave an event', async () => {
    await given({ status: 'ready' })
    expect(await stopInstance(id, someone, deps)).toMatchObject({ wanted: 'stopped', status: 'stopping' })
    expect(rung).toBe(1)
    expect(await stopInstance(id, someone, deps)).toMatchObject({ status: 'stopping' })
    expect(rung).toBe(1)
    const events = await instanceEvents(id, { limit: 10 }, someone, stores)
    expect(events.at(-1)).toMatchObject({ status: 'stopping', because: 'asked', data: { action: 'stop' } })
  })

  test('a start orders a start, once', async () => {
    await given({ status: 'stopped' })
    expect(await startInstance(id, someone, deps)).toMatchObject({
      wanted: 'up',
      status: 'starting',
      launch: { startOrderedAt: testStart },
    })
    await startInstance(id, someone, deps)
    expect(rung).toBe(1)
  })

  test.each(['running', 'ready'] as const)('a start of what is %s already changes nothing', async (status) => {
    await given({ status })
    expect(await startInstance(id, someone, deps)).toMatchObject({ status })
    expect(rung).toBe(0)
  })

  test('a restart is written down before the marketplace is asked', async () => {
    await given({ status: 'ready' })
    vast.restart = async () => {
      expect((await stores.events.list({ limit: 10 })).at(-1)).toMatchObject({ data: { action: 'restart' } })
    }
    expect(await restartInstance(id, someone, deps)).toMatchObject({ status: 'ready' })
    expect.assertions(2)
  })

  test('are refused with a way forward where they make no sense', async () => {
    await given({ status: 'stopping' })
    await expect(startInstance(id, someone, deps)).rejects.toMatchObject({
      code: 'not_allowed_now',
      fix: expect.stringMatching(/stopped/),
    })
    await expect(restartInstance(id, someone, deps)).rejects.toMatchObject({ code: 'not_allowed_now' })
    await expect(stopInstance('inst_unknown', someone, deps)).rejects.toMatchObject({ code: 'not_found' })
    await expect(getInstance('inst_unknown', someone, deps)).rejects.toMatchObject({ code: 'not_found' })
  })

  test('a stop is refused where the marketplace would lose the machine', async () => {
    await given({ status: 'ready' })
    vast = fakeProvider({ clock, abilities: { canStop: false } })
    await expect(stopInstance(id, someone, deps)).rejects.toMatchObject({ code: 'not_possible_here' })
    expect(await stores.instances.get(id)).toMatchObject({ wanted: 'up', status: 'ready' })
  })

  test('a machine whose key was taken away is named as one that may still be billed', async () => {
    await given({ status: 'ready' })
    const keyless = { ...deps, providers: { all: () => [], find: () => undefined } }
    await expect(stopInstance(id, someone, keyless)).rejects.toMatchObject({ fix: expect.stringMatching(/billed/) })
  })
})

describe('a machine’s id', () => {
  const verbs = { terminateInstance, stopInstance, startInstance, restartInstance }
  const named = (externalId: string) => `vast_${externalId}`

  /** Its first machine was lost, and another one stands in for it. */
  async function replaced(status: Instance['status']) {
    await given({ status: 'ready' })
    const decided = { status, because: 'asked', message: null, statusSince: testStart, endedAt: null } as const
    const [claim] = await stores.instances.claimDue(testStart + 1_000, { limit: 1, forMs: 1_000 })
    if (claim === undefined) throw new Error('it is not due')
    const first = await stores.instances.get(id)
    if (first?.launch == null) throw new Error('it has no machine')
    const lost = { abandonedAt: testStart, abandonedBecause: 'machine_lost' as const }
    await stores.instances.recordDecision(
      claim,
      { ...decided, dueAt: testStart, launch: { ...first.launch, ...lost } },
      [],
    )
    const second = aLaunch({ attempt: 2, externalId: 'm-2' })
    await stores.instances.recordIntent(claim, second, { ...decided, dueAt: testStart }, [])
    await stores.launches.recordFacts({ instanceId: id, attempt: 2 }, { externalId: 'm-2' })
  }

  test.each(Object.entries(verbs))('%s by one that was replaced leaves its successor alone', async (verb, change) => {
    await replaced(verb === 'startInstance' ? 'stopped' : 'ready')
    const before = await stores.instances.get(id)
    expect(before?.launch?.externalId).toBe('m-2')
    vast.restart = async () => {
      throw new Error('it is asked of the wrong machine')
    }
    await expect(change(named('m-1'), someone, deps)).rejects.toMatchObject({
      code: 'not_found',
      fix: expect.stringContaining(id),
    })
    expect(await stores.instances.get(id)).toEqual(before)
    expect((await getInstance(named('m-1'), someone, deps)).id).toBe(id)
    vast.restart = async () => {}
    expect((await change(named('m-2'), someone, deps)).id).toBe(id)
  })
})

test('costs are exact only when both ends are known', () => {
  const hour = { lastOnAt: testStart + hourMs, endedAfter: testStart + hourMs, endedBefore: testStart + hourMs }
  const closed = costsOf(anInstance(), [aCharge(hour)], testStart + 2 * hourMs)
  expect(closed).toMatchObject({ soFar: nanosFromUsd('0.36'), atLeast: nanosFromUsd('0.36'), exact: true, perHour: 0n })

  const running = costsOf(anInstance(), [aCharge({ lastOnAt: testStart + hourMs })], testStart + 2 * hourMs)
  expect(running).toMatchObject({ soFar: nanosFromUsd('0.72'), atLeast: nanosFromUsd('0.36'), exact: false })
  expect(running).toMatchObject({
    perHour: nanosFromUsd('0.36'),
    perDay: nanosFromUsd('8.64'),
    perMonth: nanosFromUsd('259.2'),
  })
})

test('pages of a list end where nothing follows', async () => {
  for (let number = 1; number <= 4; number += 1) {
    await stores.instances.add(anEntry({ instance: anInstance({ id: anInstanceId(number) }) }))
  }
  await stores.charges.put([aCharge()])
  const first = await listInstances({ limit: 2 }, someone, stores)
  const second = await listInstances({ limit: 2, ...(first.next && { before: first.next }) }, someone, stores)

  expect([...first.instances, ...second.instances].map((one) => one.id)).toEqual([4, 3, 2, 1].map(anInstanceId))
  expect(second.next).toBeNull()
  expect(second.charges.get(id)).toHaveLength(1)
})
