import { beforeEach, expect, test } from 'vitest'
import { amountOf } from '../core/charges/charge.ts'
import type { Launch } from '../core/instances/instance.ts'
import type { Machine } from '../core/instances/machine.ts'
import { costOver, nanosFromUsd, sum } from '../core/money.ts'
import { anOffer } from '../core/offers/an-offer.ts'
import { aLaunch, aMachine, anEntry, anInstance, aReading, testStart } from '../testing/builders.ts'
import { type TestStores, testStores } from '../testing/database.ts'
import { fakeProvider } from '../testing/fake-provider.ts'
import { virtualClock } from '../testing/virtual-clock.ts'
import { meter } from './meter.ts'

let stores: TestStores
const provider = fakeProvider({ clock: virtualClock() })
const price = nanosFromUsd('0.36')

beforeEach(async () => {
  stores = await testStores()
  await stores.instances.add(anEntry({ instance: anInstance() }))
})

async function look(launch: Launch, machine: Machine | 'absent', seconds: number, took = 0): Promise<void> {
  const begunAt = testStart + seconds * 1_000
  const sighting = machine === 'absent' ? ({ kind: 'absent' } as const) : ({ kind: 'seen', machine } as const)
  await meter(launch, { sighting, begunAt, at: begunAt + took * 1_000, facts: {} }, provider, {
    charges: stores.charges,
    stopAsked: false,
  })
}

async function cost(): Promise<{ atLeast: bigint; atMost: bigint }> {
  const charges = await stores.charges.ofLaunch(anInstance().id, 1)
  const amounts = charges.map((charge) => amountOf(charge, testStart))
  return { atLeast: sum(amounts.map((one) => one.atLeast)), atMost: sum(amounts.map((one) => one.atMost)) }
}

const off = aMachine({ phase: 'starting', meters: [aReading({ state: 'off', ratePerHour: price })] })

test('a machine that came up and was gone between two looks is in the ledger', async () => {
  const launch = aLaunch({ pricePerHour: price, metersOffAt: { gpu: testStart + 60_000 } })
  await look(launch, off, 60)
  expect(await cost()).toEqual({ atLeast: 0n, atMost: 0n })
  await look(launch, 'absent', 90)
  await look(launch, 'absent', 120)
  expect(await cost()).toEqual({ atLeast: 0n, atMost: costOver(price, 30_000) })
})

test('a machine that was gone before any look cost at most all that was agreed to', async () => {
  const launch = aLaunch({ offer: anOffer({ market: 'spot' }), comparablePrice: anOffer().pricePerHour })
  await look(launch, 'absent', 100)
  expect(await cost()).toEqual({ atLeast: 0n, atMost: costOver(anOffer().pricePerHour, 100_000) })
})

test('so may its disk, which was billed while it came up', async () => {
  const offer = anOffer({ pricePerHour: price })
  await look(aLaunch({ offer, pricePerHour: price, comparablePrice: nanosFromUsd('0.40') }), 'absent', 100)
  const charges = await stores.charges.ofLaunch(anInstance().id, 1)
  expect(charges.map(({ kind, ratePerHour, certain }) => [kind, ratePerHour, certain])).toEqual([
    ['disk', nanosFromUsd('0.04'), false],
    ['gpu', price, false],
  ])
})

test('a launch that left nothing behind costs nothing', async () => {
  await look(aLaunch({ externalId: null, rentedAt: null }), 'absent', 100)
  expect(await cost()).toEqual({ atLeast: 0n, atMost: 0n })
})

test('where a disk costs more while stopped, an end that nobody saw coming counts that', async () => {
  const dearer = fakeProvider({ clock: virtualClock() })
  const { billing } = dearer.describe()
  const stopped = {
    ...dearer,
    describe: () => ({ ...dearer.describe(), billing: { ...billing, stoppedDiskPercent: 200 } }),
  }
  const disk = aReading({ kind: 'disk', ratePerHour: price, since: testStart })
  const launch = aLaunch({ pricePerHour: price })
  const on = aMachine({ meters: [aReading({ ratePerHour: price, since: testStart }), disk] })
  await look(launch, on, 60)
  const at = testStart + 90_000
  await meter(launch, { sighting: { kind: 'absent' }, begunAt: at, at, facts: {} }, stopped, {
    charges: stores.charges,
    stopAsked: false,
  })
  expect(await cost()).toEqual({
    atLeast: costOver(price, 60_000) * 2n,
    atMost: costOver(price, 90_000) * 2n + costOver(price, 30_000),
  })
})

test('what has ended is never changed, whoever comes late', async () => {
  const launch = aLaunch({ pricePerHour: price })
  const on = aMachine({ meters: [aReading({ ratePerHour: price, since: testStart })] })
  await look(launch, on, 60)
  await look(launch, 'absent', 90)
  const before = await stores.charges.ofLaunch(launch.instanceId, 1)
  await look(launch, on, 70)
  expect(await stores.charges.ofLaunch(launch.instanceId, 1)).toEqual(before)
  await expect(
    stores.charges.change(launch.instanceId, 1, ([charge]) => (charge ? [{ ...charge, endedBefore: testStart }] : [])),
  ).rejects.toThrow('has ended')
})
