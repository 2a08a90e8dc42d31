import { beforeEach, describe, expect, test } from 'vitest'
import { stopInstance, terminateInstance } from '../app/instances.ts'
import type { InstanceId } from '../core/instances/instance.ts'
import { finalStatuses } from '../core/instances/status.ts'
import { nanosFromUsd } from '../core/money.ts'
import { anOffer } from '../core/offers/an-offer.ts'
import { minuteMs, secondMs } from '../core/time.ts'
import { anInstanceId, someone } from '../testing/builders.ts'
import { type FakeProvider, failure, fakeProvider } from '../testing/fake-provider.ts'
import { aReconciler, type Reconciler } from '../testing/reconciler.ts'
import { type VirtualClock, virtualClock } from '../testing/virtual-clock.ts'

const cheap = anOffer({ externalId: 'cheap', placeKey: 'a', pricePerHour: nanosFromUsd('0.30') })
const dear = anOffer({ externalId: 'dear', placeKey: 'b', pricePerHour: nanosFromUsd('0.40') })

let clock: VirtualClock
let vast: FakeProvider
let fleet: Reconciler

beforeEach(async () => {
  clock = virtualClock()
  vast = fakeProvider({ clock, offers: [cheap, dear] })
  fleet = await aReconciler({ clock, providers: [vast] })
})

const id = anInstanceId()
const label = (attempt: number) => `gf-testfleet-${id.slice('inst_'.length)}-${attempt}`
const launches = (provider = vast) => provider.calls.filter((call) => call.startsWith('launch '))
const orders = (provider = vast) => provider.calls.filter((call) => /^(launch|stop|start|terminate) /.test(call))
const attempts = () => fleet.stores.launches.ofInstance(id)
const fails = (kind: Parameters<typeof failure>[1]) => () => {
  throw failure('vast', kind)
}

async function end(of: Reconciler = fleet, which: InstanceId = id): Promise<void> {
  await terminateInstance(which, someone, { ...of.deps, bell: of.deps.bell })
}

/** A process that died in the middle of a call, and the one after it, on the same database. */
async function afterCrash(provider: FakeProvider = vast): Promise<Reconciler> {
  await fleet.begin()
  provider.before = {}
  provider.afterMade = undefined
  const next = await aReconciler({ clock, providers: [provider], beside: fleet })
  return next
}
const forever = () => new Promise<never>(() => {})

describe('a launch', () => {
  test('rents the cheapest, and is ready', async () => {
    await fleet.wish()
    const ready = await fleet.until('ready', minuteMs)

    expect(ready.launch).toMatchObject({ externalId: 'vast-1', offer: { externalId: 'cheap' } })
    expect(launches()).toEqual([`launch ${label(1)}`])
  })

  test('is written down as an intent before the marketplace is asked', async () => {
    let stored: unknown
    vast.before.launch = async () => {
      const { status, launch } = await fleet.instance()
      stored = { status, label: launch?.label, externalId: launch?.externalId, answeredAt: launch?.answeredAt }
    }
    await fleet.wish()
    await fleet.until('ready', minuteMs)

    expect(stored).toEqual({ status: 'launching', label: label(1), externalId: null, answeredAt: null })
  })

  test('that somebody was quicker for goes on with the next offer', async () => {
    vast.before.launch = (what) => (what === label(1) ? fails({ kind: 'no_capacity' })() : undefined)
    await fleet.wish()

    expect((await fleet.until('ready', minuteMs)).launch?.offer.externalId).toBe('dear')
    expect(await attempts()).toMatchObject([{ abandonedBecause: 'no_capacity', settledAt: expect.any(Number) }, {}])
  })

  test('whose secrets do not open is not made: no intent is left behind', async () => {
    fleet.deps.instances.secretsOf = async () => {
      throw new Error('sealed with another key')
    }
    await fleet.wish()
    await fleet.pass(minuteMs)

    expect(await attempts()).toEqual([])
    expect(launches()).toEqual([])
  })

  test('whose price rose above the cap is not made', async () => {
    await fleet.wish({ maxPricePerHour: nanosFromUsd('0.40') })
    vast.before.quote = () => {
      vast.offers = [{ ...cheap, pricePerHour: nanosFromUsd('0.41') }, dear]
    }

    expect((await fleet.until('ready', minuteMs)).launch?.offer.externalId).toBe('dear')
    expect(launches()).toHaveLength(1)
  })

  test('with nothing left fails and says why', async () => {
    vast.before.launch = fails({ kind: 'no_capacity' })
    await fleet.wish()

    expect(await fleet.until('failed', minuteMs)).toMatchObject({ because: 'no_offer_left' })
    expect(launches()).toHaveLength(2)
    expect(vast.machines.size).toBe(0)
  })

  test('waits for the only marketplace while it is at its limits, and takes the same offer', async () => {
    vast.offers = [cheap]
    vast.before.launch = (what) =>
      what === label(1) ? fails({ kind: 'rate_limited', retryAfterMs: 5_000 })() : undefined
    await fleet.wish({ offer: { provider: 'vast', key: 'cheap' } })

    expect((await fleet.until('ready', 3 * minuteMs)).launch?.offer.externalId).toBe('cheap')
  })

  test('with a refused key does not wait', async () => {
    vast.before.launch = fails({ kind: 'unauthorized' })
    await fleet.wish()

    expect((await fleet.until('failed', 30 * secondMs)).message).toContain('vast_ai')
    expect(launches()).toHaveLength(1)
  })

  test('that takes too long is given up: its machine is ended while the next one is rented', async () => {
    vast.before.launch = (what) => {
      vast.afterMade = (made) => (what === label(1) ? vast.setPhase(made, 'starting') : undefined)
    }
    vast.obeys = false
    await fleet.wish()
    const ready = await fleet.until('ready', 11 * minuteMs)
    await fleet.pass(20 * minuteMs)

    expect(ready.launch?.externalId).toBe('vast-2')
    expect(vast.machines.has('vast-1')).toBe(true)
    const asked = vast.calls.filter((call) => call === 'terminate vast-1').length
    expect(asked).toBeGreaterThan(5)
    const alarms = async () =>
      (await fleet.stores.events.list({ limit: 1_000 })).filter((event) => event.kind === 'alarm').length
    expect(await alarms()).toBe(1)
    await fleet.pass(60 * minuteMs, 10_000)
    expect(await alarms()).toBe(2)

    vast.machines.delete('vast-1')
    await fleet.pass(2 * minuteMs)
    expect(await attempts()).toMatchObject([{ settledAt: expect.any(Number) }, { settledAt: null }])
    expect(await fleet.instance()).toMatchObject({ status: 'ready' })
  })

  test('whose machine names a rate above the cap is ended, and the next offer tried', async () => {
    vast = fakeProvider({ clock, offers: [cheap, dear], machinePrice: nanosFromUsd('0.60') })
    fleet = await aReconciler({ clock, providers: [vast] })
    await fleet.wish({ maxPricePerHour: nanosFromUsd('0.50') })
    await fleet.until('failed', 3 * minuteMs)
    await fleet.pass(2 * minuteMs)

    expect((await attempts()).map((one) => one.abandonedBecause)).toEqual(['price_rose', 'price_rose'])
    expect(vast.machines.size).toBe(0)
  })
})

describe('an answer that was lost', () => {
  test('is settled by the label: the machine is adopted, and no other is rented', async () => {
    vast.afterMade = fails({ kind: 'outcome_unknown' })
    await fleet.wish()

    expect((await fleet.until('ready', minuteMs)).launch).toMatchObject({ attempt: 1, externalId: 'vast-1' })
    expect(launches()).toHaveLength(1)
  })

  test('that left no machine leads to the next offer, but not before the list could have shown it', async () => {
    const asked = clock.now()
    vast.before.launch = (what) => (what === label(1) ? fails({ kind: 'outcome_unknown' })() : undefined)
    await fleet.wish()
    const ready = await fleet.until('ready', 5 * minuteMs)

    expect(ready.launch?.offer.externalId).toBe('dear')
    expect((ready.launch?.intendedAt ?? 0) - asked).toBeGreaterThan(vast.describe().abilities.listLagMs)
  })

  test('for the offer that the user chose leads to the same offer again', async () => {
    vast.before.launch = (what) => (what === label(1) ? fails({ kind: 'outcome_unknown' })() : undefined)
    await fleet.wish({ offer: { provider: 'vast', key: 'dear' } })

    expect((await fleet.until('ready', 5 * minuteMs)).launch).toMatchObject({
      attempt: 2,
      offer: { externalId: 'dear' },
    })
  })

  test('but named its machine: that one is followed until it runs or is gone', async () => {
    vast.afterMade = (made) => {
      vast.setPhase(made, made === 'vast-1' ? 'failed' : 'running')
      vast.machines.set(made, { ...(vast.machines.get(made) as never as object), label: null } as never)
      if (made === 'vast-1') throw failure('vast', { kind: 'outcome_unknown', externalId: made })
    }
    await fleet.wish()
    await fleet.until('ready', 2 * minuteMs)
    await fleet.pass(2 * minuteMs)

    expect([...vast.machines.keys()]).toEqual(['vast-2'])
    expect(await attempts()).toMatchObject([{ abandonedBecause: 'start_failed', settledAt: expect.any(Number) }, {}])
  })

  test('by a machine that comes up late, after all hope was given up, is ended as a leftover', async () => {
    vast.before.launch = async (what) => {
      if (what === label(1)) await clock.sleep(30 * minuteMs)
    }
    await fleet.wish()
    await fleet.begin()
    const other = await aReconciler({ clock, providers: [vast], beside: fleet })
    await other.until('ready', 29 * minuteMs)
    await other.pass(40 * minuteMs)

    expect([...vast.machines.values()].map((machine) => machine.label)).toEqual([label(2)])
    expect(orders()).toEqual([`launch ${label(1)}`, `launch ${label(2)}`, 'terminate vast-2'])
  })

  test('after its launch was written off is looked for all the same, and its machine ended', async () => {
    // Longer than anything that listens to its deadline takes.
    vast.before.launch = () => clock.sleep(6 * minuteMs)
    vast.afterMade = fails({ kind: 'outcome_unknown' })
    await fleet.wish()
    await fleet.begin()
    await end()
    const other = await aReconciler({ clock, providers: [vast], beside: fleet })
    await other.until('terminated', 6 * minuteMs)
    await other.pass(10 * minuteMs)

    expect(orders()).toEqual([`launch ${label(1)}`, 'terminate vast-1'])
    expect(vast.machines.size).toBe(0)
    expect(await other.stores.launches.open()).toEqual([])
  })

  test('because it took too long: the call is given up at its deadline, preparations included', async () => {
    const asked = clock.now()
    const { launch } = vast
    let givenUpAt = 0
    vast.launch = async (order, signal) => {
      await clock.sleep(20 * minuteMs, signal).catch(() => {
        givenUpAt = clock.now()
        throw failure('vast', { kind: 'unavailable' })
      })
      return launch(order)
    }
    await fleet.wish()
    await fleet.begin()
    await fleet.pass(4 * minuteMs)

    expect(givenUpAt - asked).toBe(3 * minuteMs)
    expect(vast.machines.size).toBe(0)
  })

  test('to a mistake of ours: the machine is adopted all the same', async () => {
    vast.afterMade = () => {
      throw new TypeError('our mistake')
    }
    await fleet.wish()

    expect((await fleet.until('ready', minuteMs)).launch).toMatchObject({ attempt: 1, externalId: 'vast-1' })
  })

  test('does not count one and the same look as two', async () => {
    vast.before.launch = (what) => (what === label(1) ? fails({ kind: 'outcome_unknown' })() : undefined)
    await fleet.wish()
    await fleet.pass(2 * secondMs)
    await clock.advance(2 * minuteMs)
    for (let again = 0; again < 5; again += 1) {
      await fleet.stores.instances.wake([id], clock.now())
      await clock.drive(fleet.worker.runDue())
    }

    expect((await fleet.instance()).launch).toMatchObject({ missedLooks: 1 })
  })
})

describe('a process that dies', () => {
  test('after the wish: the launch proceeds', async () => {
    await fleet.wish()
    const next = await afterCrash()
    await next.until('ready', minuteMs)
    expect(launches()).toHaveLength(1)
  })

  test('after the intent, before the call: the next attempt, once the list could have shown a machine', async () => {
    vast.before.launch = forever
    await fleet.wish()
    const next = await afterCrash()
    const died = clock.now()
    const ready = await next.until('ready', 15 * minuteMs)

    expect(ready.attempt).toBe(2)
    expect((ready.launch?.intendedAt ?? 0) - died).toBeGreaterThan(3 * minuteMs)
    expect(vast.machines.size).toBe(1)
  })

  test('after the call, before the answer is stored: the machine is adopted', async () => {
    vast.afterMade = forever
    await fleet.wish()
    const next = await afterCrash()

    expect((await next.until('ready', 15 * minuteMs)).launch).toMatchObject({ attempt: 1, externalId: 'vast-1' })
    expect(launches()).toHaveLength(1)
  })

  test('after a refusal was stored, before the status followed: the next offer', async () => {
    const { recordDecision } = fleet.deps.instances
    vast.before.launch = () => {
      fleet.deps.instances.recordDecision = forever
      fails({ kind: 'no_capacity' })()
    }
    await fleet.wish()
    const next = await afterCrash()
    next.deps.instances.recordDecision = recordDecision

    expect((await next.until('ready', 15 * minuteMs)).attempt).toBe(2)
  })

  test.each(['stop', 'terminate'] as const)('before a %s was sent: it is sent', async (verb) => {
    await fleet.wish()
    await fleet.until('ready', minuteMs)
    const status = verb === 'stop' ? 'stopping' : 'terminating'
    const now = clock.now()
    await fleet.stores.instances.want(
      id,
      { from: ['ready'], wanted: verb === 'stop' ? 'stopped' : 'ended', status, because: 'asked', at: now },
      { at: now, instanceId: id, kind: 'status', status, because: 'asked', message: '' },
    )
    vast.before[verb] = forever
    const next = await afterCrash()

    await next.until(verb === 'stop' ? 'stopped' : 'terminated', 10 * minuteMs)
  })

  test('between charge and status: nothing lost, nothing double', async () => {
    await fleet.wish()
    await fleet.until('ready', minuteMs)
    await fleet.pass(10 * minuteMs)
    const { recordDecision } = fleet.deps.instances
    fleet.deps.instances.recordDecision = forever
    await clock.advance(10 * secondMs)
    const next = await afterCrash()
    next.deps.instances.recordDecision = recordDecision
    await next.pass(10 * minuteMs)

    expect(await next.stores.charges.ofInstance(id)).toMatchObject([{ sequence: 1, endedBefore: null }])
  })
})

describe('an end that the user asked for', () => {
  test('is asked again and again until the marketplace confirms, and not believed before', async () => {
    vast.obeys = false
    await fleet.wish()
    await fleet.until('ready', minuteMs)
    await end()
    await fleet.pass(10 * minuteMs)

    expect(await fleet.instance()).toMatchObject({ status: 'terminating' })
    expect(vast.calls.filter((call) => call.startsWith('terminate')).length).toBeGreaterThan(5)

    vast.machines.clear()
    expect(await fleet.until('terminated', minuteMs)).toMatchObject({ endedAt: expect.any(Number) })
    expect((await fleet.stores.charges.ofInstance(id)).every((charge) => charge.endedBefore !== null)).toBe(true)
  })

  test('while the launch is under way: not believed to be over before its answer, whose machine is ended', async () => {
    // Longer than the list may lag, shorter than a call may take.
    vast.before.launch = () => clock.sleep(100 * secondMs)
    await fleet.wish()
    await fleet.begin()
    await end()
    const other = await aReconciler({ clock, providers: [vast], beside: fleet })
    await other.until('terminated', 10 * minuteMs)

    expect(vast.machines.size).toBe(0)
    expect(orders()).toEqual([`launch ${label(1)}`, 'terminate vast-1'])
  })

  test('while the offer is checked again: nothing is rented', async () => {
    vast.before.quote = () => end()
    await fleet.wish()
    await fleet.until('terminated', minuteMs)

    expect(launches()).toEqual([])
  })

  test('while another order is prepared: that order is not given', async () => {
    await fleet.wish()
    await fleet.until('ready', minuteMs)
    await clock.advance(2 * secondMs)
    await stopInstance(id, someone, fleet.deps)
    vast.before.look = async () => {
      vast.before = {}
      await end()
    }
    await fleet.until('terminated', minuteMs)

    expect(orders()).toEqual([`launch ${label(1)}`, 'terminate vast-1'])
  })

  test('before anything was rented: nothing is rented', async () => {
    await fleet.wish()
    await end()

    expect(await fleet.until('terminated', minuteMs)).toMatchObject({ because: 'cancelled' })
    expect(launches()).toEqual([])
  })

  test('is written down although the worker moves the instance at the same moment', async () => {
    await fleet.wish()
    const { get } = fleet.deps.instances
    let moves = 2
    const instances = {
      ...fleet.deps.instances,
      get: async (which: string) => {
        const found = await get(which)
        if (moves-- > 0) await fleet.pass(3 * secondMs)
        return found
      },
    }
    await terminateInstance(id, someone, { ...fleet.deps, instances })

    expect(await fleet.instance()).toMatchObject({ wanted: 'ended' })
    await fleet.until('terminated', minuteMs)
    expect(vast.machines.size).toBe(0)
  })

  test('waits for the machines of earlier attempts', async () => {
    vast.before.launch = (what) => {
      vast.afterMade = (made) => (what === label(1) ? vast.setPhase(made, 'failed') : undefined)
    }
    vast.obeys = false
    await fleet.wish()
    await fleet.until('ready', minuteMs)
    await end()
    vast.machines.delete('vast-2')
    await fleet.pass(5 * minuteMs)
    expect(await fleet.instance()).toMatchObject({ status: 'terminating' })

    vast.machines.delete('vast-1')
    await fleet.until('terminated', 2 * minuteMs)
  })
})

describe('a machine that nobody here can look after', () => {
  const alarms = async () => {
    const events = await fleet.stores.events.list({ limit: 1_000 })
    return events.filter(({ kind }) => kind === 'alarm').map(({ message }) => message)
  }

  test('because its marketplace shows another account now: is not gone, and no other one is rented', async () => {
    await fleet.wish()
    await fleet.until('ready', minuteMs)
    const elsewhere = fakeProvider({ clock, offers: [cheap, dear] })
    const next = await aReconciler({ clock, providers: [elsewhere], beside: fleet, keyMarkOf: () => 'team-key' })
    await next.pass(30 * minuteMs, 5 * secondMs)

    expect(await next.instance()).toMatchObject({ status: 'ready', attempt: 1, launch: { settledAt: null } })
    expect(launches(elsewhere)).toEqual([])
    expect(await alarms()).toEqual([expect.stringContaining('key for vast_ai (main) is another one')])
  })

  test('is looked after again once one machine of its account is seen under the new key', async () => {
    const ids = [anInstanceId(1), anInstanceId(2)] as const
    for (const one of ids) await fleet.wish({}, one)
    for (const one of ids) await fleet.until('ready', minuteMs, one)
    const gone = (await fleet.instance(ids[0])).launch?.externalId ?? ''
    vast.machines.delete(gone)
    const next = await aReconciler({ clock, providers: [vast], beside: fleet, keyMarkOf: () => 'new-key' })
    await next.pass(3 * minuteMs)

    expect(await next.stores.launches.ofInstance(ids[0])).toMatchObject([{ settledAt: expect.any(Number) }, {}])
    expect((await next.instance(ids[1])).launch).toMatchObject({ attempt: 1, keyMark: 'new-key' })
  })

  test('under its old name is found by its key, when two keys have changed places', async () => {
    await fleet.wish()
    await fleet.until('ready', minuteMs)
    const renamed = { ...vast, account: 'second' }
    const next = await aReconciler({
      clock,
      providers: [fakeProvider({ clock }), renamed],
      beside: fleet,
      keyMarkOf: ({ account }) => (account === 'second' ? 'test-key' : 'other-key'),
    })
    await next.pass(3 * minuteMs)

    expect(await next.instance()).toMatchObject({ status: 'ready', attempt: 1, launch: { account: 'second' } })
    await end(next)
    await next.until('terminated', minuteMs)
    expect(vast.machines.size).toBe(0)
  })

  test('without a key: people are told so, and no order counts as given', async () => {
    await fleet.wish()
    await fleet.until('ready', minuteMs)
    const counted: string[] = []
    const countAlarm = (provider: string) => void counted.push(provider)
    const keyless = await aReconciler({ clock, providers: [], beside: fleet, countAlarm })
    await end(keyless)
    await keyless.pass(90 * minuteMs, 5 * secondMs)

    const told = expect.stringMatching(
      /no key for the account vast_ai \(main\).*set it; machine vast-1 .*may be billed/,
    )
    expect(await alarms()).toEqual([told, told])
    expect(keyless.log.lines.filter(({ level }) => level === 'error').map(({ event }) => event)).toEqual([told, told])
    expect(counted).toEqual(['vast', 'vast'])
    expect((await keyless.instance()).launch).toMatchObject({ orders: 0, orderedAt: null })
  })
})

describe('silence is not absence', () => {
  test.each(['unauthorized', 'unavailable', 'unexpected_reply'] as const)(
    '%s on looking: nothing follows',
    async (kind) => {
      await fleet.wish()
      await fleet.until('ready', minuteMs)
      vast.before.look = fails({ kind })
      await fleet.pass(30 * minuteMs)

      expect(await fleet.instance()).toMatchObject({ status: 'ready', attempt: 1 })
      expect((await fleet.instance()).launch).toMatchObject({ settledAt: null, missedLooks: 0 })
    },
  )

  test('an end is asked for although the marketplace’s list is down', async () => {
    await fleet.wish()
    await fleet.until('ready', minuteMs)
    vast.before.look = fails({ kind: 'unavailable' })
    await end()
    await fleet.pass(minuteMs)

    expect(vast.machines.size).toBe(0)
    expect(await fleet.instance()).toMatchObject({ status: 'terminating' })
    vast.before = {}
    await fleet.until('terminated', minuteMs)
  })

  test('a machine missing from one list is asked for by name before it counts as gone', async () => {
    await fleet.wish()
    await fleet.until('ready', minuteMs)
    const { look } = vast
    vast.look = async () => ({ ...(await look()), machines: [] })
    await fleet.pass(2 * minuteMs)
    expect(await fleet.instance()).toMatchObject({ status: 'ready', attempt: 1 })

    vast.before.lookAt = fails({ kind: 'unauthorized' })
    await fleet.pass(2 * minuteMs)
    expect(await fleet.instance()).toMatchObject({ status: 'ready', attempt: 1 })
  })

  test('a look that began before the machine came to be does not show that it is missing', async () => {
    vast = fakeProvider({ clock, offers: [cheap, dear], abilities: { listLagMs: 0, looksForAbsence: 1 } })
    fleet = await aReconciler({ clock, providers: [vast] })
    const { look } = vast
    vast.look = async () => {
      const seen = await look()
      await clock.sleep(5 * secondMs)
      return { machines: seen.machines, at: clock.now() }
    }
    vast.afterMade = fails({ kind: 'outcome_unknown' })
    vast.before.launch = async () => {
      void fleet.deps.fleet.look(vast, 0)
      await clock.sleep(900)
    }
    await fleet.wish()
    await clock.drive(fleet.worker.runDue())
    await fleet.stores.instances.wake([id], clock.now())
    await fleet.pass(minuteMs)

    expect(launches()).toHaveLength(1)
  })
})

describe('what happens to a machine', () => {
  test('lost: replaced by another one, and its charges end', async () => {
    await fleet.wish()
    await fleet.until('ready', minuteMs)
    vast.machines.clear()
    await fleet.pass(2 * minuteMs)

    expect(await fleet.instance()).toMatchObject({ status: 'ready', attempt: 2 })
    expect(await fleet.stores.charges.ofLaunch(id, 1)).toMatchObject([{ endedBefore: expect.any(Number) }])
  })

  test('interrupted: its machine is ended and another one rented, even days later with a market that is slow', async () => {
    await fleet.wish()
    await fleet.until('ready', minuteMs)
    await clock.advance(3 * 24 * 60 * minuteMs)
    vast.before = { search: fails({ kind: 'unavailable' }), quote: fails({ kind: 'unavailable' }) }
    vast.setPhase('vast-1', 'interrupted')
    await fleet.pass(2 * minuteMs)
    expect(await fleet.instance()).toMatchObject({ status: 'requested' })

    vast.before = {}
    await fleet.until('ready', 2 * minuteMs)
    await fleet.pass(minuteMs)
    expect([...vast.machines.keys()]).toEqual(['vast-2'])
  })

  test('interrupted many times in a long life: still replaced', async () => {
    vast.offers = Array.from({ length: 40 }, (_, number) =>
      anOffer({ externalId: `o-${number}`, placeKey: `p-${number}` }),
    )
    await fleet.wish()
    for (let times = 0; times < 15; times += 1) {
      const { launch } = await fleet.until('ready', 3 * minuteMs)
      vast.setPhase(launch?.externalId ?? '', 'interrupted')
      await fleet.pass(15 * secondMs)
    }

    await fleet.until('ready', 3 * minuteMs)
    expect(vast.machines.size).toBe(1)
  })

  test('shown as ended while its meter still says on: its charges end', async () => {
    await fleet.wish()
    await fleet.until('ready', minuteMs)
    vast.before.terminate = (which) => {
      const machine = vast.machines.get(which)
      if (machine !== undefined) vast.machines.set(which, { ...machine, phase: 'ended' })
    }
    vast.obeys = false
    await end()
    await fleet.until('terminated', minuteMs)

    expect((await fleet.stores.charges.ofInstance(id)).every((charge) => charge.endedBefore !== null)).toBe(true)
  })

  test('a second machine under the same label is ended as well', async () => {
    await fleet.wish()
    await fleet.until('ready', minuteMs)
    const first = vast.machines.get('vast-1')
    if (first === undefined) throw new Error('it has no machine')
    vast.machines.clear()
    vast.machines.set('twin', { ...first, externalId: 'twin' })
    vast.machines.set('vast-1', first)
    await fleet.pass(minuteMs)
    expect((await fleet.instance()).launch?.externalId).toBe('vast-1')

    await end()
    await fleet.until('terminated', 3 * minuteMs)
    expect(vast.machines.size).toBe(0)
  })
})

describe('what a marketplace says about a machine', () => {
  const secrets = { environment: { HF_TOKEN: 'hf_supersecretvalue123' }, registryAuth: null, onstartScript: null }
  const said = 'docker run -e HF_TOKEN=hf_supersecretvalue123: no such image'

  test('is kept and shown without the values that were passed to it', async () => {
    fleet.deps.instances.secretsOf = async () => secrets
    vast.before.launch = (what) => {
      if (what === label(2)) throw failure('vast', { kind: 'rejected' }, said)
    }
    vast.afterMade = (made) => {
      const machine = vast.machines.get(made)
      if (machine !== undefined) vast.machines.set(made, { ...machine, phase: 'failed', message: said })
    }
    await fleet.wish()
    await fleet.pass(20 * secondMs)

    const stored = JSON.stringify(
      [await fleet.stores.events.list({ limit: 99 }), await attempts(), fleet.log.lines],
      (_, value) => (typeof value === 'bigint' ? String(value) : value),
    )
    expect(stored).toContain('no such image')
    expect(stored).not.toContain('hf_supersecretvalue123')
  })

  test('is withheld when its secrets do not open; the machine is looked after all the same', async () => {
    await fleet.wish()
    await fleet.until('ready', minuteMs)
    fleet.deps.instances.secretsOf = async () => {
      throw new Error('sealed with another key')
    }
    const machine = vast.machines.get('vast-1')
    if (machine !== undefined) vast.machines.set('vast-1', { ...machine, message: said })
    await fleet.pass(20 * secondMs)

    expect((await fleet.instance()).launch?.providerMessage).toContain('SECRETS_KEY')
    await end()
    await fleet.until('terminated', minuteMs)
  })
})

describe('many at once', () => {
  test('one look serves the whole fleet', async () => {
    for (let number = 1; number <= 20; number += 1) {
      vast.offers.push(anOffer({ externalId: `o-${number}`, placeKey: `p-${number}` }))
      await fleet.wish({}, anInstanceId(number))
    }
    await fleet.pass(minuteMs)
    const before = vast.calls.filter((call) => call === 'look').length
    await fleet.pass(10 * secondMs)

    expect(vast.machines.size).toBe(20)
    expect(vast.calls.filter((call) => call === 'look').length - before).toBeLessThanOrEqual(2)
  })

  test('a marketplace that is down, or that we cannot read, does not keep another from being used', async () => {
    for (const trouble of [fails({ kind: 'unavailable' }), () => Promise.reject(new TypeError('our mistake'))]) {
      const runpod = fakeProvider({ clock, name: 'runpod' })
      vast = fakeProvider({ clock })
      vast.before = { search: trouble, look: fails({ kind: 'unavailable' }) }
      fleet = await aReconciler({ clock, providers: [vast, runpod] })
      await fleet.wish()

      expect((await fleet.until('ready', 2 * minuteMs)).launch?.provider).toBe('runpod')
    }
  })

  test('two workers on one database never launch twice for an instance', async () => {
    const numbers = Array.from({ length: 30 }, (_, index) => index + 1)
    vast.offers = numbers.map((number) => anOffer({ externalId: `o-${number}`, placeKey: `p-${number}` }))
    const before = () => clock.sleep(700)
    vast.before = { launch: before, quote: before }
    const other = await aReconciler({ clock, providers: [vast], beside: fleet })
    for (const number of numbers) await fleet.wish({}, anInstanceId(number))
    for (let second = 0; second < 60; second += 1) {
      await clock.drive(Promise.all([fleet.worker.runDue(), other.worker.runDue()]))
      await clock.advance(secondMs)
    }

    const labels = [...vast.machines.values()].map((machine) => machine.label)
    expect(new Set(labels).size).toBe(30)
    expect(labels).toHaveLength(30)
  })

  test('the worker goes on when a pass fails, and when its claim cannot be given back', async () => {
    vast.before.look = () => {
      throw new TypeError('our mistake')
    }
    await fleet.wish()
    await fleet.pass(10 * secondMs)
    const { release } = fleet.deps.instances
    fleet.deps.instances.release = async () => {
      throw new Error('the disk is full')
    }
    await fleet.pass(40 * secondMs)
    fleet.deps.instances.release = release
    vast.before = {}

    await fleet.until('ready', 10 * minuteMs)
    expect(fleet.log.lines.map((line) => line.event)).toContain('pass failed')
    expect(launches()).toHaveLength(1)
  })

  test('a claim that could not be given back is given back as soon as the store writes again', async () => {
    await fleet.wish()
    await fleet.until('ready', minuteMs)
    const { release } = fleet.deps.instances
    fleet.deps.instances.release = async () => {
      throw new Error('the database is locked')
    }
    await fleet.pass(15 * secondMs)
    expect(fleet.log.lines.map((line) => line.event)).toContain('claim could not be given back')
    fleet.deps.instances.release = release
    vast.machines.clear()
    await fleet.pass(2 * minuteMs)

    // Long before the claim runs out.
    expect(await fleet.instance()).toMatchObject({ attempt: 2 })
  })

  test('works by itself, is woken by the bell, and stops when told', async () => {
    fleet.worker.start()
    await clock.advance(secondMs)
    await fleet.wish()
    fleet.deps.bell.ring()
    await clock.advance(20 * secondMs)
    expect(await fleet.instance()).toMatchObject({ status: 'ready' })

    await fleet.worker.stop()
    const calls = vast.calls.length
    await clock.advance(minuteMs)
    expect(vast.calls).toHaveLength(calls)
  })
})

describe('whatever goes wrong at the marketplace', () => {
  test.each(Array.from({ length: 12 }, (_, seed) => seed))('in the end nothing is left (seed %i)', async (seed) => {
    const random = mulberry(seed + 1)
    const trouble = (odds: number) => async () => {
      if (random() < odds / 2) await clock.sleep(Math.floor(random() * 20_000))
      if (random() >= odds) return
      const kinds = [
        'outcome_unknown',
        'unavailable',
        'no_capacity',
        'rejected',
        'not_now',
        'unexpected_reply',
      ] as const
      const kind = kinds[Math.floor(random() * kinds.length)] ?? 'unavailable'
      if (random() < 0.1) throw new TypeError('our mistake')
      throw failure('vast', { kind })
    }
    vast.offers = Array.from({ length: 30 }, (_, number) =>
      anOffer({ externalId: `o-${number}`, placeKey: `p-${number}` }),
    )
    vast.before = {
      launch: trouble(0.4),
      look: trouble(0.3),
      lookAt: trouble(0.3),
      terminate: trouble(0.4),
      quote: trouble(0.2),
    }
    // A lost answer may be lost in any words but those that say that nothing happened.
    vast.afterMade = async (made) => {
      if (random() < 0.3) throw failure('vast', { kind: 'outcome_unknown' })
      if (random() < 0.3) vast.setPhase(made, random() < 0.5 ? 'failed' : 'starting')
    }
    const ids = [1, 2, 3].map((number) => anInstanceId(number))
    for (const one of ids) await fleet.wish({ onInterruption: random() < 0.5 ? 'relaunch' : 'wait' }, one)
    for (let step = 0; step < 12; step += 1) {
      await fleet.pass(Math.floor(random() * 3 * minuteMs))
      const machines = [...vast.machines.keys()]
      const one = machines[Math.floor(random() * machines.length)]
      if (one === undefined) continue
      if (random() < 0.3) vast.machines.delete(one)
      else if (random() < 0.5) vast.setPhase(one, random() < 0.5 ? 'interrupted' : 'running')
      // One attempt, one machine.
      const labels = [...vast.machines.values()].map((machine) => machine.label)
      expect(new Set(labels).size).toBe(labels.length)
    }
    for (const one of ids) await end(fleet, one)
    await fleet.pass(40 * minuteMs, 5 * secondMs)

    for (const one of ids) expect(finalStatuses.has((await fleet.instance(one)).status)).toBe(true)
    expect([...vast.machines.keys()]).toEqual([])
    expect(await fleet.stores.launches.open()).toEqual([])
    const charges = await fleet.stores.charges.ofInstances(ids)
    expect(charges.every((charge) => charge.endedBefore !== null)).toBe(true)
  })
})

function mulberry(seed: number): () => number {
  let state = seed * 0x9e3779b1
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

test('nobody is alarmed while an end takes no longer than it may there; after that, once and then every hour', async () => {
  const abilities = { endDeadlineMs: 16 * minuteMs }
  vast = fakeProvider({ clock, offers: [cheap], abilities })
  fleet = await aReconciler({ clock, providers: [vast] })
  await fleet.wish()
  await fleet.until('ready', minuteMs)
  const alarms = async () =>
    (await fleet.stores.events.list({ limit: 1_000 })).filter((event) => event.kind === 'alarm').length

  vast.obeys = false
  await end()
  await fleet.pass(abilities.endDeadlineMs, 5 * secondMs)
  expect(await alarms()).toBe(0)
  await fleet.pass(10 * minuteMs, 5 * secondMs)
  expect(await alarms()).toBe(1)
  await fleet.pass(60 * minuteMs, 5 * secondMs)
  expect(await alarms()).toBe(2)
})
