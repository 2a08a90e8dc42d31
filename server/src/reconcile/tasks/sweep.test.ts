import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createGpuCatalogue } from '../../core/gpus/catalogue.ts'
import { launchLabel } from '../../core/ids.ts'
import type { Launch } from '../../core/instances/instance.ts'
import { nanosFromUsd } from '../../core/money.ts'
import type { UnknownMachinePolicy } from '../../core/reconciliation/finding.ts'
import { totalsOf } from '../../core/reconciliation/rates.ts'
import { minuteMs } from '../../core/time.ts'
import { createMetrics } from '../../observability/metrics.ts'
import { aMachine, anInstanceId, aReading, installation, testStart } from '../../testing/builders.ts'
import { type FakeProvider, failure, fakeProvider } from '../../testing/fake-provider.ts'
import { aReconciler, type Reconciler } from '../../testing/reconciler.ts'
import { type VirtualClock, virtualClock } from '../../testing/virtual-clock.ts'
import { createSweeper, sweepEveryMs } from './sweep.ts'
import { sweepMetrics } from './sweep-metrics.ts'

let clock: VirtualClock
let vast: FakeProvider
let world: Reconciler
beforeEach(async () => {
  clock = virtualClock(testStart)
  vast = fakeProvider({ clock })
  world = await aReconciler({ clock, providers: [vast] })
})
afterEach(() => world.stores.close())

const id = anInstanceId()
const label = launchLabel(installation, id, 1)
const deps = (unknownMachines: UnknownMachinePolicy = 'adopt', of = world) => ({
  ...of.deps,
  ...of.stores,
  gpus: createGpuCatalogue(),
  unknownMachines,
})
const sweeper = (...given: Parameters<typeof deps>) => createSweeper(deps(...given))
const sweep = async (policy?: UnknownMachinePolicy) => {
  // Looks closer together count as the same.
  await clock.advance(1_001)
  await clock.drive(sweeper(policy).run())
}
const findings = async () => (await world.stores.findings.report()).findings
const found = async () => (await findings()).map(({ externalId, verdict }) => `${externalId} ${verdict}`)
const events = async () => (await world.stores.events.list({ limit: 1_000 })).map(({ kind }) => kind)

function isThere(externalId: string, change: Parameters<typeof aMachine>[0] = {}): void {
  vast.machines.set(externalId, aMachine({ externalId, label, meters: [aReading()], ...change }))
}

async function launched(): Promise<void> {
  await world.wish()
  await world.until('ready', minuteMs)
}

test('a machine of a live instance is wanted, and what is there of others is only shown', async () => {
  await launched()
  isThere('theirs', { label: 'my notebook' })
  vast.things = [
    {
      kind: 'volume',
      externalId: 'v',
      name: null,
      attachedTo: 'theirs',
      region: null,
      sizeGb: 1,
      ratePerHour: null,
      createdAt: null,
    },
  ]
  await sweep()
  expect(await found()).toEqual(expect.arrayContaining(['vast-1 wanted', 'theirs foreign', 'v foreign']))
  await world.pass(5 * minuteMs)
  await sweep()
  expect(vast.calls.filter((call) => /^(terminate|endThing)/.test(call))).toEqual([])
})

test('a machine that shows up after its end was confirmed is ended, and is in the ledger', async () => {
  await launched()
  await world.stores.instances.want(
    id,
    { from: ['ready'], wanted: 'ended', status: 'terminating', because: 'asked', at: clock.now() },
    anOrder(),
  )
  await world.until('terminated', 5 * minuteMs)

  isThere('late')
  await sweep()
  expect(await found()).toEqual(['late ending'])
  expect(vast.machines.has('late')).toBe(true)
  await world.pass(minuteMs)
  expect(vast.machines.has('late')).toBe(false)
  await world.pass(5 * minuteMs)
  const [launch] = await world.stores.launches.ofInstance(id)
  expect(launch).toMatchObject({ externalId: 'late', settledAt: expect.any(Number) })
  const charges = await world.stores.charges.ofInstance(id)
  expect(charges.map(({ sequence, endedBefore }) => [sequence, endedBefore !== null])).toEqual([
    [1, true],
    [2, true],
  ])
  await sweep()
  expect(await findings()).toEqual([])
  expect(await events()).toEqual(expect.arrayContaining(['stray_found', 'leftover_gone']))
})

const anOrder = () => ({
  at: clock.now(),
  instanceId: id,
  kind: 'order' as const,
  status: null,
  because: null,
  message: 'terminate',
})

test('nobody is alarmed of a leftover while its end takes no longer than it may there', async () => {
  await launched()
  const description = vast.describe()
  vast.describe = () => ({ ...description, abilities: { ...description.abilities, endDeadlineMs: 16 * minuteMs } })
  vast.obeys = false
  isThere('double')
  const alarmsAfter = async (minutes: number) => {
    for (let minute = 0; minute < minutes; minute += 2) {
      await sweep()
      await clock.advance(2 * minuteMs)
    }
    return (await events()).filter((kind) => kind === 'alarm').length
  }
  expect(await alarmsAfter(16)).toBe(0)
  expect(await alarmsAfter(4)).toBe(1)
})

test('a second machine under one label is asked to end with every sweep until it is gone, and the first one stays', async () => {
  await launched()
  vast.obeys = false
  isThere('double')
  for (let minute = 0; minute < 12; minute += 2) {
    await sweep()
    await world.pass(2 * minuteMs)
  }
  expect(vast.calls.filter((call) => call.startsWith('terminate'))).toEqual(Array(6).fill('terminate double'))
  expect(await events()).toEqual(expect.arrayContaining(['stray_found', 'alarm']))
  expect((await events()).filter((kind) => kind === 'stray_found')).toHaveLength(1)
  expect(totalsOf(await findings())).toMatchObject({ unexplained: 1, unexplainedPerHour: nanosFromUsd('0.36') })

  vast.machines.delete('double')
  await sweep()
  expect(await found()).toEqual(['vast-1 wanted'])
  expect((await events()).filter((kind) => kind === 'stray_ended')).toHaveLength(1)
})

test('a machine under the label of another marketplace’s launch is ended, and that launch is left alone', async () => {
  const novita = fakeProvider({ clock, name: 'novita', offers: [] })
  world = await aReconciler({ clock, providers: [vast, novita] })
  await launched()
  novita.machines.set('copy', aMachine({ externalId: 'copy', label }))
  await sweep()
  expect([...novita.machines.keys()]).toEqual([])
  expect((await events()).filter((kind) => kind === 'stray_found')).toHaveLength(1)
  await sweep()
  await world.pass(minuteMs)
  expect(await found()).toEqual(['vast-1 wanted'])
  expect(await events()).toContain('stray_ended')
  expect(await world.instance()).toMatchObject({ status: 'ready', attempt: 1 })
})

test('a machine that somebody writes down while we look is not ended for that', async () => {
  await launched()
  const { strays } = world.stores
  isThere('late', { label: launchLabel(installation, id, 0) })
  const take: typeof strays.take = async (launch, ...rest) => {
    await strays.take(launch, ...rest)
    return false
  }
  await clock.advance(1_001)
  await clock.drive(createSweeper({ ...deps(), strays: { ...strays, take } }).run())
  expect(await found()).toEqual(expect.arrayContaining(['late ending']))
  expect(vast.calls).not.toContain('terminate late')
})

test('one that cannot be adopted counts as unexplained, and is told of once an hour', async () => {
  isThere('m-7')
  const strays = { ...world.stores.strays, adopt: async () => false }
  const alarms = async () => (await events()).filter((kind) => kind === 'alarm').length
  const sweepInVain = async () => {
    await clock.advance(sweepEveryMs)
    await clock.drive(createSweeper({ ...deps(), strays }).run())
  }
  await sweepInVain()
  await sweepInVain()
  expect(await alarms()).toBe(1)
  expect(totalsOf(await findings()).unexplained).toBe(1)
  await clock.advance(60 * minuteMs)
  await sweepInVain()
  expect(await alarms()).toBe(2)
  expect(vast.machines.has('m-7')).toBe(true)
})

test('the order is written down before it is given', async () => {
  await launched()
  isThere('double')
  let written: unknown
  vast.before.terminate = async () => {
    written = (await findings()).find(({ externalId }) => externalId === 'double')
  }
  await sweep()
  expect(written).toMatchObject({ orders: 1, orderedAt: clock.now() })
})

test('an order that is refused holds up nothing and is given again', async () => {
  await launched()
  isThere('double-1')
  isThere('double-2')
  vast.before.terminate = (what) => {
    if (what === 'double-1') throw failure('vast', { kind: 'unavailable' })
  }
  await sweep()
  expect([...vast.machines.keys()].sort()).toEqual(['double-1', 'vast-1'])
  vast.before.terminate = () => {}
  await sweep()
  expect([...vast.machines.keys()]).toEqual(['vast-1'])
})

test('a volume that outlived its machine is ended', async () => {
  await launched()
  vast.things = [
    {
      kind: 'volume',
      externalId: 'v-1',
      name: label,
      attachedTo: null,
      region: null,
      sizeGb: 10,
      ratePerHour: nanosFromUsd('0.01'),
      createdAt: null,
    },
  ]
  await sweep()
  expect(await found()).toContain('v-1 wanted')
  await world.stores.instances.want(
    id,
    { from: ['ready'], wanted: 'ended', status: 'terminating', because: 'asked', at: clock.now() },
    anOrder(),
  )
  await world.until('terminated', 5 * minuteMs)
  await world.pass(1_000)
  await sweep()
  expect(vast.calls).toContain('endThing v-1')
  await sweep()
  expect(await findings()).toEqual([])
  expect(await events()).toEqual(expect.arrayContaining(['stray_found', 'stray_ended']))
})

describe('on an empty database', () => {
  test('a machine of ours becomes the instance that its label names, with its price and its costs', async () => {
    isThere('m-7', {
      label: launchLabel(installation, id, 3),
      createdAt: testStart - 10 * minuteMs,
      pricePerHour: nanosFromUsd('0.36'),
    })
    await sweep()
    expect(await found()).toEqual(['m-7 wanted'])
    await world.pass(minuteMs)
    const instance = await world.instance()
    expect(instance).toMatchObject({ status: 'ready', wanted: 'up', attempt: 3, createdAt: testStart - 10 * minuteMs })
    expect(instance.launch).toMatchObject({
      externalId: 'm-7',
      provider: 'vast',
      offer: { gpu: { model: 'RTX 4090' } },
    })
    const [charge] = await world.stores.charges.ofInstance(id)
    expect(charge).toMatchObject({ startedAfter: testStart - 10 * minuteMs, ratePerHour: nanosFromUsd('0.36') })

    await world.stores.instances.want(
      id,
      { from: ['ready'], wanted: 'ended', status: 'terminating', because: 'asked', at: clock.now() },
      anOrder(),
    )
    await world.until('terminated', 5 * minuteMs)
    expect([...vast.machines.keys()]).toEqual([])
  })

  test('one that is lost later is not rented anew: nobody knows what it ran', async () => {
    isThere('m-7')
    await sweep()
    await world.until('ready', minuteMs)
    vast.machines.clear()
    await world.until('failed', 5 * minuteMs)
    await world.pass(5 * minuteMs)
    expect(vast.calls.filter((call) => call.startsWith('launch'))).toEqual([])
  })

  test.each(['failed', 'interrupted then failed'])(
    'one that was up and %s is not ended for it either',
    async (what) => {
      isThere('m-7')
      await sweep()
      await world.until('ready', minuteMs)
      if (what !== 'failed') {
        vast.setPhase('m-7', 'interrupted')
        await world.until('interrupted', minuteMs)
      }
      vast.setPhase('m-7', 'failed')
      await world.until('stopped', minuteMs)
      await world.pass(30 * minuteMs)
      await sweep()
      expect(vast.calls.filter((call) => call.startsWith('terminate'))).toEqual([])
      expect(await found()).toEqual(['m-7 wanted'])
    },
  )

  test.each(['stopped', 'interrupted', 'starting', 'failed'] as const)(
    'one that is %s is not ended for it',
    async (phase) => {
      isThere('m-7', { phase })
      await sweep()
      await world.pass(30 * minuteMs)
      expect(vast.machines.has('m-7')).toBe(true)
      expect(vast.calls.filter((call) => call.startsWith('terminate'))).toEqual([])
    },
  )

  test('with UNKNOWN_MACHINES=ask it is shown and left alone, with end it is ended and in the ledger', async () => {
    isThere('m-7')
    await sweep('ask')
    expect(await found()).toEqual(['m-7 ours_unknown'])
    expect(await world.stores.instances.get(id)).toBeUndefined()
    expect(totalsOf(await findings()).unexplained).toBe(1)

    await sweep('end')
    expect(await found()).toEqual(['m-7 ending'])
    await world.until('terminated', 5 * minuteMs)
    expect([...vast.machines.keys()]).toEqual([])
    expect(await world.stores.charges.ofInstance(id)).toHaveLength(1)
  })
})

test('with UNKNOWN_MACHINES=end the machine that VAST_INSTANCE_ID names is taken over all the same', async () => {
  isThere('m-7')
  isThere('m-8', { label: launchLabel(installation, anInstanceId(2), 1) })
  const sweeper = createSweeper({ ...deps('end'), vastInstanceId: 'm-7' })
  await clock.drive(sweeper.run())
  await world.pass(5 * minuteMs)
  expect([...vast.machines.keys()]).toEqual(['m-7'])
})

test('a newer launch that a restored database has lost takes the place of the one it knows', async () => {
  await launched()
  const newer = { label: launchLabel(installation, id, 2) }
  isThere('newer', newer)
  await sweep()
  await world.pass(5 * minuteMs)
  expect([...vast.machines.keys()]).toEqual(['newer'])
  expect(await world.instance()).toMatchObject({ status: 'ready', attempt: 2, launch: { externalId: 'newer' } })
})

describe('an account that does not answer', () => {
  test('keeps what was found before, with when that was and why not since', async () => {
    await launched()
    isThere('theirs', { label: null })
    await sweep()
    const before = await findings()
    const checkedAt = clock.now()
    await clock.advance(2 * minuteMs)
    vast.before.look = () => {
      throw failure('vast', { kind: 'unavailable' }, 'vast is down')
    }
    await sweep()
    const report = await world.stores.findings.report()
    expect(report.findings).toEqual(before)
    expect(report.accounts).toEqual([
      { provider: 'vast', account: 'main', checkedAt, triedAt: clock.now(), error: 'vast is down' },
    ])
  })

  test('about volumes keeps those, and its machines are compared', async () => {
    const volume = { kind: 'volume', externalId: 'v', name: null, attachedTo: null, region: null } as const
    vast.things = [{ ...volume, sizeGb: 1, ratePerHour: null, createdAt: null }]
    await sweep()
    const checkedAt = clock.now()
    vast.lookAround = async () => {
      throw failure('vast', { kind: 'unavailable' }, 'no volumes today')
    }
    isThere('theirs', { label: null })
    await clock.advance(2 * minuteMs)
    await sweep()
    expect((await found()).sort()).toEqual(['theirs foreign', 'v foreign'])
    const [check] = (await world.stores.findings.report()).accounts
    expect(check).toMatchObject({ checkedAt, error: expect.stringContaining('no volumes today') })
  })

  test('or breaks our reading of it, holds up no other', async () => {
    const runpod = fakeProvider({ clock, name: 'runpod' })
    const two = await aReconciler({ clock, providers: [vast, runpod], beside: world })
    vast.look = async () => {
      throw new TypeError('a mistake of ours')
    }
    runpod.machines.set('r', aMachine({ externalId: 'r', label: null }))
    await clock.drive(sweeper('adopt', two).run())
    expect(await found()).toEqual(['r foreign'])
    const { accounts } = await world.stores.findings.report()
    expect(accounts.map(({ provider, error }) => [provider, error === null])).toEqual([
      ['runpod', true],
      ['vast', false],
    ])
  })

  test('at all, and for ever, holds up no other, and is said not to have been checked', async () => {
    const runpod = fakeProvider({ clock, name: 'runpod' })
    const two = await aReconciler({ clock, providers: [vast, runpod], beside: world })
    vast.before.look = () => new Promise(() => {})
    const hanging = sweeper('adopt', two)
    await clock.drive(hanging.run())
    runpod.machines.set('r', aMachine({ externalId: 'r', label: null }))
    await clock.advance(sweepEveryMs)
    await clock.drive(hanging.run())
    expect(await found()).toEqual(['r foreign'])
    expect(vast.calls.filter((call) => call === 'look')).toHaveLength(1)
    const { accounts } = await world.stores.findings.report()
    expect(accounts.map(({ provider, error }) => [provider, error])).toEqual([
      ['runpod', null],
      ['vast', expect.stringMatching(/has not answered/)],
    ])
  })

  test('as before, because its key is another account’s now, is said not to show our machines', async () => {
    await launched()
    await sweep()
    const elsewhere = fakeProvider({ clock })
    const other = await aReconciler({ clock, providers: [elsewhere], beside: world, keyMarkOf: () => 'another-key' })
    const error = async () => {
      await clock.advance(1_001)
      await clock.drive(sweeper('adopt', other).run())
      return (await world.stores.findings.report()).accounts[0]?.error
    }
    expect(await error()).toMatch(/another one, and shows none of the 1 machines/)
    // The new key of the same account.
    for (const [name, machine] of vast.machines) elsewhere.machines.set(name, machine)
    expect(await error()).toBe(null)
  })

  test('because its key is gone stays in the report while a machine of ours may be there', async () => {
    await launched()
    await sweep()
    const keyless = await aReconciler({ clock, providers: [], beside: world })
    const check = async () => {
      await clock.drive(sweeper('adopt', keyless).run())
      return (await world.stores.findings.report()).accounts.map(({ error }) => error)
    }
    expect(await check()).toEqual([expect.stringContaining('no key')])
    const launches: Launch[] = await world.stores.launches.ofInstance(id)
    await world.stores.strays.settle(launches, clock.now(), anOrder())
    expect(await check()).toEqual([])
    expect(await findings()).toEqual([])
  })
})

test('metrics tell strays from foreign machines, and how old the last look is', async () => {
  await launched()
  vast.obeys = false
  isThere('double')
  isThere('theirs', { label: null })
  await sweep()
  await clock.advance(30_000)
  const metrics = createMetrics()
  await sweepMetrics(metrics, { findings: world.stores.findings, clock }).refresh()
  const text = await metrics.text()
  expect(text).toContain('gpufleet_stray_machines{provider="vast"} 1')
  expect(text).toContain('gpufleet_foreign_machines{provider="vast"} 1')
  expect(text).toContain('gpufleet_unexplained_usd_per_hour 0.36')
  expect(text).toContain('gpufleet_sweep_age_seconds{provider="vast",account="main"} 30')
})
