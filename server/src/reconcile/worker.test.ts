import { beforeEach, expect, test } from 'vitest'
import { terminateInstance } from '../app/instances.ts'
import type { InstanceId } from '../core/instances/instance.ts'
import { minuteMs, secondMs } from '../core/time.ts'
import { someone } from '../testing/builders.ts'
import { type FakeProvider, fakeProvider } from '../testing/fake-provider.ts'
import { aReconciler, type Reconciler } from '../testing/reconciler.ts'
import { type VirtualClock, virtualClock } from '../testing/virtual-clock.ts'
import { createWorker } from './worker.ts'

let clock: VirtualClock
let vast: FakeProvider
let runpod: FakeProvider
let fleet: Reconciler

beforeEach(async () => {
  clock = virtualClock()
  vast = fakeProvider({ clock })
  runpod = fakeProvider({ clock, name: 'runpod' })
  fleet = await aReconciler({ clock, providers: [vast, runpod] })
})

const idOf = (number: number) => `inst_${String(number).padStart(16, '0')}` as InstanceId
const ends = (provider: FakeProvider) => provider.calls.filter((call) => call.startsWith('terminate'))
const end = (number: number) => terminateInstance(idOf(number), someone, { ...fleet.deps })
const hangs = () => new Promise<void>(() => {})

async function ready(provider: 'vast' | 'runpod', ...numbers: number[]): Promise<void> {
  for (const number of numbers) await fleet.wish({ provider }, idOf(number))
  for (const number of numbers) await fleet.until('ready', minuteMs, idOf(number))
}

/** Another process on the same data, whose passes are left to themselves. */
async function withNarrowLanes(ms: number): Promise<void> {
  const worker = createWorker(fleet.deps, { laneWidth: 2, leftoverWidth: 2 })
  for (const stop = clock.now() + ms; clock.now() < stop; ) {
    worker.runDue().catch(() => {})
    await clock.advance(secondMs)
  }
}

test('work that was claimed is done, also when the next claim fails', async () => {
  await ready('vast', 1)
  await end(1)
  const { claimLeftovers } = fleet.deps.launches
  fleet.deps.launches.claimLeftovers = async () => {
    throw new Error('database is locked')
  }
  await fleet.worker.runDue().catch(() => {})
  fleet.deps.launches.claimLeftovers = claimLeftovers

  await fleet.pass(minuteMs)
  expect(vast.machines.size).toBe(0)
})

test('a marketplace that hangs does not hold up the ends at another', async () => {
  await ready('vast', ...Array.from({ length: 40 }, (_, index) => index + 2))
  await ready('runpod', 1)
  vast.before.look = hangs
  await withNarrowLanes(20 * secondMs)
  await end(1)

  await withNarrowLanes(2 * secondMs)
  expect(ends(runpod)).toHaveLength(1)
})

test('a queue of launches does not hold up the ends at the same marketplace', async () => {
  await ready('vast', 1)
  vast.before.quote = hangs
  for (let number = 2; number <= 40; number += 1) await fleet.wish({ provider: 'vast' }, idOf(number))
  await withNarrowLanes(20 * secondMs)
  await end(1)

  await withNarrowLanes(2 * secondMs)
  expect(ends(vast)).toHaveLength(1)
})

test('launches that were given up are ended, however much else is due', async () => {
  runpod.before.launch = (what) => {
    runpod.afterMade = (made) => (what.endsWith('-1') ? runpod.setPhase(made, 'starting') : undefined)
  }
  await fleet.wish({ provider: 'runpod' }, idOf(1))
  await fleet.pass(10 * minuteMs)
  await ready('vast', ...Array.from({ length: 40 }, (_, index) => index + 2))
  vast.before.look = hangs

  await withNarrowLanes(2 * minuteMs)
  expect(ends(runpod).length).toBeGreaterThan(0)
})

test('in a large fleet what a user asks for is done before all that is due', async () => {
  const numbers = Array.from({ length: 200 }, (_, index) => index + 1)
  await ready('vast', ...numbers)
  await clock.advance(minuteMs)
  await end(200)
  const looked: string[] = []
  const { get } = fleet.deps.instances
  fleet.deps.instances.get = async (id) => {
    looked.push(id)
    return get(id)
  }

  await clock.drive(fleet.worker.runDue())
  expect(looked.length).toBeGreaterThan(16)
  // In the first batch; within it there is no order.
  expect(looked.slice(0, 16)).toContain(idOf(200))
})

test('by itself it goes on without a pause while something is due', async () => {
  const numbers = Array.from({ length: 300 }, (_, index) => index + 1)
  await ready('vast', ...numbers)
  await clock.advance(minuteMs)
  vast.before.look = () => clock.sleep(1)
  const begun = clock.now()
  let seen = 0
  const { recordDecision } = fleet.deps.instances
  fleet.deps.instances.recordDecision = (...decision) => {
    seen += 1
    return recordDecision(...decision)
  }

  fleet.worker.start()
  for (let step = 0; step < 300 && seen < 300; step += 1) await clock.advance(1)
  expect(seen).toBeGreaterThanOrEqual(300)
  expect(clock.now() - begun).toBeLessThan(400)
  await clock.drive(fleet.worker.stop())
})

test('a clock that was set back does not stop us from asking for an end', async () => {
  await ready('vast', 1)
  vast.obeys = false
  await end(1)
  await fleet.pass(10 * secondMs)
  const before = ends(vast).length
  const real = clock.now
  clock.now = () => real() - 24 * 60 * minuteMs
  fleet.deps.clock = clock
  vast.obeys = true

  await fleet.pass(5 * minuteMs)
  expect(ends(vast).length).toBeGreaterThan(before)
  expect(vast.machines.size).toBe(0)
  expect(fleet.log.lines.map(({ event }) => event)).toContain('the clock was set back')
})
