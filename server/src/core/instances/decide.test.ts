import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { aLaunch, aMachine, anInstance, aWish, testStart } from '../../testing/builders.ts'
import { nanosFromUsd } from '../money.ts'
import { anOffer } from '../offers/an-offer.ts'
import { minuteMs, secondMs } from '../time.ts'
import { decide } from './decide.ts'
import { decideLeftover } from './decide-leftover.ts'
import type { Instance, Launch, Wish } from './instance.ts'
import type { Phase } from './machine.ts'
import { orderGapMs } from './pace.ts'
import type { Limits, Sighting, Situation } from './situation.ts'
import { allowedStatuses, finalStatuses, isAllowed, type Status, statuses } from './status.ts'

const limits: Limits = {
  canStop: true,
  startDeadlineMs: 10 * minuteMs,
  lookEveryMs: 10 * secondMs,
  listLagMs: minuteMs,
}
const absent: Sighting = { kind: 'absent' }
const unknown: Sighting = { kind: 'unknown', why: 'no answer' }
const seen = (phase: Phase, change: Parameters<typeof aMachine>[0] = {}): Sighting => ({
  kind: 'seen',
  machine: aMachine({ phase, ...change }),
})

interface Case {
  status: Status
  wish?: Partial<Wish>
  wanted?: Instance['wanted']
  launch?: Partial<Launch> | null
  instance?: Partial<Instance>
  health?: Situation['health']
  leftovers?: number
  /** Since the start of the test. */
  afterMs?: number
}

/** What follows for an instance in this status, when a look shows this. */
function decided(sighting: Sighting, { status, wish, wanted, launch = {}, instance, ...rest }: Case) {
  const { health = null, leftovers = 0, afterMs = 1_000 } = rest
  return decide(
    anInstance({
      status,
      wish: aWish(wish),
      ...(wanted !== undefined && { wanted }),
      ...(launch !== null && { launch: aLaunch(launch), attempt: 1 }),
      ...instance,
    }),
    { sighting, health, leftovers, now: testStart + afterMs, limits },
  )
}

const late = limits.startDeadlineMs + 1
const check = { path: '/health', port: 8000, timeoutMs: 5 * minuteMs }
const wasUp = { upAt: testStart }

describe('requested', () => {
  test('rents', () => {
    expect(decided(unknown, { status: 'requested', launch: null })).toMatchObject({ order: { kind: 'rent' } })
  })

  test('ended before anything was rented: cancelled, and nothing is rented', () => {
    expect(decided(unknown, { status: 'requested', launch: null, wanted: 'ended' })).toMatchObject({
      status: 'terminated',
      because: 'cancelled',
      order: null,
    })
  })

  test('ended between two attempts: earlier machines are waited for', () => {
    const between = { status: 'requested', launch: null, wanted: 'ended', instance: { attempt: 2 } } as const
    expect(decided(unknown, between)).toMatchObject({ status: 'terminating', order: null })
  })
})

describe('launching', () => {
  test('a machine with the label is adopted', () => {
    expect(decided(seen('starting'), { status: 'launching' })).toMatchObject({
      status: 'starting',
      because: 'machine_adopted',
    })
  })

  test('a launch that left no machine is settled, and the next one follows', () => {
    expect(decided(absent, { status: 'launching' })).toMatchObject({
      status: 'requested',
      abandon: 'never_happened',
      settle: true,
    })
  })

  test('an open answer is waited for until the deadline; then another machine is asked for and this one stays watched', () => {
    expect(decided(unknown, { status: 'launching' })).toMatchObject({ status: 'launching', abandon: null })
    expect(decided(unknown, { status: 'launching', afterMs: late })).toMatchObject({
      status: 'requested',
      abandon: 'start_deadline',
      settle: false,
    })
  })

  test('a refusal that was written down before a crash leads to the next offer', () => {
    expect(decided(unknown, { status: 'launching', launch: null, instance: { attempt: 1 } })).toMatchObject({
      status: 'requested',
      abandon: null,
    })
  })
})

describe('starting', () => {
  test('up at once without a health check, else when it passes', () => {
    expect(decided(seen('running'), { status: 'starting' })).toMatchObject({ status: 'ready' })
    const checked = { status: 'starting', wish: { health: check } } as const
    expect(decided(seen('running'), { ...checked, health: 'failing' })).toMatchObject({ status: 'running' })
    expect(decided(seen('running'), { ...checked, health: 'passing' })).toMatchObject({
      status: 'ready',
      because: 'health_passed',
    })
  })

  test.each(['pending', 'starting', 'stopping', 'unclear'] as const)(
    '%s: waits until the deadline, then tries the next offer',
    (phase) => {
      expect(decided(seen(phase), { status: 'starting' })).toMatchObject({ status: 'starting', abandon: null })
      expect(decided(seen(phase), { status: 'starting', afterMs: late })).toMatchObject({
        status: 'requested',
        abandon: 'start_deadline',
        settle: false,
      })
    },
  )

  test.each(['failed', 'ending', 'ended', 'stopped', 'interrupted'] as const)('%s: tries the next offer', (phase) => {
    expect(decided(seen(phase, { message: 'no space left' }), { status: 'starting' })).toMatchObject({
      status: 'requested',
      abandon: phase === 'interrupted' ? 'interrupted' : 'start_failed',
      settle: false,
      message: phase === 'interrupted' ? null : 'no space left',
    })
  })

  test('gone before it was up: tries the next offer, and nothing is left of this one', () => {
    expect(decided(absent, { status: 'starting' })).toMatchObject({ status: 'requested', settle: true })
  })

  test.each(['starting', 'running'] as const)(
    'a rate above the cap is named on the %s machine: it has to go',
    (phase) => {
      const capped = { status: 'starting', wish: { maxPricePerHour: nanosFromUsd('0.50') } } as const
      const launch = { comparablePrice: nanosFromUsd('0.40'), offer: anOffer({ pricePerHour: nanosFromUsd('0.36') }) }
      const at = (price: string) => seen(phase, { pricePerHour: nanosFromUsd(price) })

      // 4 cents of the comparable price are disk and traffic.
      expect(decided(at('0.460000001'), { ...capped, launch })).toMatchObject({ abandon: 'price_rose', settle: false })
      expect(decided(at('0.46'), { ...capped, launch })).toMatchObject({ abandon: null })
      expect(decided(seen(phase, { pricePerHour: null }), { ...capped, launch })).toMatchObject({ abandon: null })
    },
  )
})

describe('health', () => {
  const running = { status: 'running', wish: { health: check }, launch: wasUp } as const
  const overdue = check.timeoutMs + 1

  test('a machine whose check never passed in time is given up', () => {
    expect(decided(seen('running'), { ...running, health: 'failing', afterMs: check.timeoutMs })).toMatchObject({
      status: 'running',
    })
    expect(decided(seen('running'), { ...running, health: 'failing', afterMs: overdue })).toMatchObject({
      abandon: 'health_deadline',
      settle: false,
    })
  })

  test('a machine that was ready once is not given up, however long its check fails: work may be on it', () => {
    const wasReady = { ...running, instance: { statusSince: testStart + minuteMs } }
    expect(decided(seen('running'), { ...wasReady, health: 'failing', afterMs: 100 * overdue })).toMatchObject({
      status: 'running',
      abandon: null,
    })
  })

  test('only a failed probe takes readiness away', () => {
    const ready = { ...running, status: 'ready' } as const
    expect(decided(seen('running'), { ...ready, health: null })).toMatchObject({ status: 'ready' })
    expect(decided(seen('running'), { ...ready, health: 'failing' })).toMatchObject({ status: 'running' })
    expect(decided(unknown, { ...ready, health: null })).toMatchObject({ status: 'ready' })
  })
})

describe.each(['running', 'ready'] as const)('%s', (status) => {
  const up = { status, launch: wasUp } as const

  const between = ['starting', 'pending', 'stopping', 'unclear'] as const
  test.each(between.slice(status === 'ready' ? 2 : 0))('%s: nothing follows', (phase) => {
    expect(decided(seen(phase), up)).toMatchObject({ status, abandon: null, order: null })
  })

  test('taken by the marketplace: interrupted', () => {
    expect(decided(seen('interrupted'), up)).toMatchObject({ status: 'interrupted', abandon: null })
  })

  test('a spot machine that stopped unasked was interrupted; any other was stopped by somebody else', () => {
    const spot = { ...up, launch: { ...wasUp, offer: anOffer({ market: 'spot' }) } }
    expect(decided(seen('stopped'), spot)).toMatchObject({ status: 'interrupted' })
    expect(decided(seen('stopped'), up)).toMatchObject({ status: 'stopped', because: 'stopped_outside' })
  })

  test('a machine that is gone is replaced, unless the user said to end', () => {
    expect(decided(absent, up)).toMatchObject({ status: 'requested', abandon: 'machine_lost', settle: true })
    expect(decided(seen('failed'), up)).toMatchObject({ status: 'requested', abandon: 'machine_lost', settle: false })
    expect(decided(absent, { ...up, wish: { onInterruption: 'wait' } })).toMatchObject({ status: 'requested' })
    expect(decided(absent, { ...up, wish: { onInterruption: 'end' } })).toMatchObject({
      status: 'failed',
      settle: true,
    })
    expect(decided(seen('failed'), { ...up, wish: { onInterruption: 'end' } })).toMatchObject({
      status: 'failed',
      abandon: 'machine_lost',
      settle: false,
    })
  })
})

describe('a rate', () => {
  const cap = { maxPricePerHour: nanosFromUsd('0.50') }
  const above = { pricePerHour: nanosFromUsd('2.00') }

  test.each([null, nanosFromUsd('0')])(
    'that is shown only once the machine is up is held against the cap (%s)',
    (was) => {
      const up = { status: 'running', wish: cap, launch: { ...wasUp, pricePerHour: was } } as const
      expect(decided(seen('running', above), up)).toMatchObject({ status: 'requested', because: 'price_rose' })
    },
  )

  test('that was accepted may change: what works is not given up', () => {
    const up = { status: 'running', wish: cap, launch: { ...wasUp, pricePerHour: nanosFromUsd('0.40') } } as const
    expect(decided(seen('running', above), up).abandon).toBeNull()
  })

  test('that only the answer to the launch told is held against the cap', () => {
    const starting = { status: 'starting', wish: cap, launch: above } as const
    for (const shown of [null, nanosFromUsd('0')]) {
      expect(decided(seen('starting', { pricePerHour: shown }), starting)).toMatchObject({ because: 'price_rose' })
    }
  })
})

describe('a machine that restarts', () => {
  const restarting = { status: 'starting', launch: wasUp, instance: { because: 'restarting' } } as const

  test.each(['pending', 'starting'] as const)('%s: is not shown as ready', (phase) => {
    expect(decided(seen(phase), { status: 'ready', launch: wasUp })).toMatchObject({
      status: 'starting',
      because: 'restarting',
      abandon: null,
    })
  })

  test('and does not come back is kept: work may be on it', () => {
    expect(decided(seen('starting'), { ...restarting, afterMs: 100 * late })).toMatchObject({
      status: 'starting',
      abandon: null,
      order: null,
    })
  })

  test('goes on from there as one that was up', () => {
    expect(decided(seen('running'), restarting)).toMatchObject({ status: 'ready' })
    expect(decided(seen('stopped'), restarting)).toMatchObject({ status: 'stopped', because: 'stopped_outside' })
    expect(decided(seen('interrupted'), restarting)).toMatchObject({ status: 'interrupted' })
    expect(decided(absent, restarting)).toMatchObject({ because: 'machine_lost' })
  })
})

describe('interrupted', () => {
  const taken = (onInterruption: Wish['onInterruption']) =>
    ({
      status: 'interrupted',
      launch: { ...wasUp, offer: anOffer({ market: 'spot' }) },
      wish: { onInterruption },
    }) as const

  test('relaunch: the next machine is asked for, and the old one given up', () => {
    expect(decided(seen('interrupted'), taken('relaunch'))).toMatchObject({
      status: 'requested',
      abandon: 'interrupted',
    })
    expect(decided(unknown, taken('relaunch'))).toMatchObject({ abandon: 'interrupted', settle: false })
  })

  test('end: it is ended at the marketplace', () => {
    expect(decided(seen('interrupted'), taken('end'))).toMatchObject({ status: 'terminating', because: 'interrupted' })
  })

  test('wait: until it is back, or cannot come back', () => {
    expect(decided(seen('interrupted'), taken('wait'))).toMatchObject({ status: 'interrupted', abandon: null })
    expect(decided(seen('stopped'), taken('wait'))).toMatchObject({ status: 'interrupted', abandon: null })
    expect(decided(unknown, taken('wait'))).toMatchObject({ status: 'interrupted', abandon: null })
    expect(decided(seen('running'), taken('wait'))).toMatchObject({ status: 'ready' })
    expect(decided(absent, taken('wait'))).toMatchObject({ abandon: 'machine_lost', settle: true })
    expect(decided(seen('failed'), taken('wait'))).toMatchObject({ abandon: 'machine_lost', settle: false })
  })

  test('back by itself before it was replaced: kept', () => {
    expect(decided(seen('running'), taken('relaunch'))).toMatchObject({ status: 'ready', abandon: null })
  })
})

describe('stop and start', () => {
  test('the stop is repeated until the machine is stopped', () => {
    const stopping = { status: 'stopping', wanted: 'stopped', launch: wasUp } as const
    const stop = { kind: 'stop', externalId: 'm-1' }
    expect(decided(seen('running'), stopping)).toMatchObject({ status: 'stopping', order: stop })
    const ordered = { ...stopping, launch: { ...wasUp, orderedAt: testStart, orders: 1 } }
    expect(decided(seen('running'), { ...ordered, afterMs: orderGapMs(1) - 1 })).toMatchObject({ order: null })
    expect(decided(seen('stopping'), { ...ordered, afterMs: orderGapMs(1) })).toMatchObject({ order: stop })
    expect(decided(seen('stopped'), stopping)).toMatchObject({ status: 'stopped', because: 'machine_stopped' })
  })

  test('a machine that is taken while it is being stopped is told to stop all the same: its bid could win again', () => {
    const taken = { status: 'stopping', wanted: 'stopped', launch: wasUp } as const
    expect(decided(seen('interrupted', { market: 'spot' }), taken)).toMatchObject({
      status: 'stopping',
      order: { kind: 'stop', externalId: 'm-1' },
    })
    const told = { ...taken, launch: { ...wasUp, orders: 1, orderedAt: testStart } }
    expect(decided(seen('interrupted', { market: 'spot' }), told)).toMatchObject({ status: 'stopped', order: null })
  })

  test('a stopped spot machine whose bid wins again is stopped again', () => {
    const launch = { ...wasUp, offer: anOffer({ market: 'spot' }) }
    expect(decided(seen('running'), { status: 'stopped', wanted: 'stopped', launch })).toMatchObject({
      status: 'stopping',
      order: { kind: 'stop', externalId: 'm-1' },
    })
  })

  test('a machine that is lost while it stops or is stopped: failed', () => {
    for (const status of ['stopping', 'stopped'] as const) {
      expect(decided(absent, { status, launch: wasUp })).toMatchObject({ status: 'failed', settle: true })
      expect(decided(unknown, { status, launch: wasUp })).toMatchObject({ status })
    }
  })

  test('stopped, but somebody started it: it bills, so it is shown', () => {
    expect(decided(seen('running'), { status: 'stopped', launch: wasUp })).toMatchObject({
      status: 'running',
      because: 'started_outside',
    })
  })

  const again = (launch: Partial<Launch> = {}): Case => ({
    status: 'starting',
    launch: { upAt: testStart - 60 * minuteMs, startOrderedAt: testStart, ...launch },
  })

  test('the start is repeated; one that stays queued is cancelled at the deadline, and the disk kept', () => {
    expect(decided(seen('stopped'), again())).toMatchObject({
      order: { kind: 'start', externalId: 'm-1' },
      abandon: null,
    })
    for (const phase of ['stopped', 'pending'] as const) {
      expect(decided(seen(phase), { ...again(), afterMs: late })).toMatchObject({
        status: 'stopping',
        because: 'cannot_start',
        order: { kind: 'stop' },
        abandon: null,
      })
    }
    const cancelled = { status: 'stopping', launch: wasUp, instance: { because: 'cannot_start' } } as const
    expect(decided(seen('running'), cancelled)).toMatchObject({ status: 'stopping', order: { kind: 'stop' } })
    expect(decided(seen('stopped'), cancelled)).toMatchObject({ status: 'stopped', because: 'cannot_start' })
  })

  test('a machine that was stopped before it ever came up keeps its disk when it is started', () => {
    expect(decided(seen('stopped'), again({ upAt: null }))).toMatchObject({ order: { kind: 'start' }, abandon: null })
  })

  test('a machine that is gone at its start is replaced', () => {
    expect(decided(absent, again())).toMatchObject({ status: 'requested', abandon: 'machine_lost', settle: true })
    expect(decided(seen('interrupted'), again())).toMatchObject({ status: 'interrupted' })
  })
})

describe('terminating', () => {
  const leaving = { status: 'terminating', wanted: 'ended' } as const
  const end = { kind: 'terminate', externalId: 'm-1' }

  test('asks until the marketplace confirms, with a growing gap', () => {
    expect(decided(seen('running'), leaving)).toMatchObject({ status: 'terminating', order: end })
    for (const orders of [1, 2, 5, 50]) {
      const launch = { orderedAt: testStart, orders }
      expect(decided(seen('ending'), { ...leaving, launch, afterMs: orderGapMs(orders) - 1 }).order).toBeNull()
      expect(decided(seen('ending'), { ...leaving, launch, afterMs: orderGapMs(orders) }).order).toEqual(end)
    }
    const turnedBack = { orderedAt: testStart + 60 * minuteMs, orders: 1 }
    expect(decided(seen('running'), { ...leaving, launch: turnedBack })).toMatchObject({ order: end })
    expect([1, 2, 3, 50].map(orderGapMs)).toEqual([5_000, 10_000, 20_000, 5 * minuteMs])
    expect(decided(absent, leaving)).toMatchObject({ status: 'terminated', settle: true })
    expect(decided(seen('ended'), leaving)).toMatchObject({ status: 'terminated', settle: true })
  })

  test('asks for the end of a known machine although the marketplace does not show it', () => {
    expect(decided(unknown, leaving)).toMatchObject({ status: 'terminating', order: end, settle: false })
  })

  test('waits for a launch whose answer is open', () => {
    expect(decided(unknown, { ...leaving, launch: { externalId: null } })).toMatchObject({
      status: 'terminating',
      order: null,
      settle: false,
    })
  })

  test('waits for earlier machines as well', () => {
    expect(decided(absent, { ...leaving, leftovers: 1 })).toMatchObject({ status: 'terminating', settle: true })
    expect(decided(absent, { ...leaving, launch: null, leftovers: 1 })).toMatchObject({ status: 'terminating' })
    expect(decided(absent, { ...leaving, launch: null })).toMatchObject({ status: 'terminated' })
  })
})

describe('a launch that was given up', () => {
  const given = aLaunch({ abandonedAt: testStart, abandonedBecause: 'start_deadline' })
  const follows = (sighting: Sighting, launch = given, afterMs = 1_000) =>
    decideLeftover(launch, { sighting, now: testStart + afterMs, limits })

  test('is ended until the marketplace confirms', () => {
    expect(follows(seen('running'))).toMatchObject({ settle: false, order: { kind: 'terminate', externalId: 'm-1' } })
    expect(follows(unknown)).toMatchObject({ settle: false, order: { kind: 'terminate' } })
    const asked = { ...given, orderedAt: testStart, orders: 1 }
    expect(follows(seen('ending'), asked, orderGapMs(1) - 1)).toMatchObject({ order: null })
    expect(follows(absent)).toMatchObject({ settle: true, order: null })
    expect(follows(seen('ended'))).toMatchObject({ settle: true, order: null })
  })

  test('whose machine is not known yet is looked for, and ended when it shows', () => {
    const lost = { ...given, externalId: null }
    expect(follows(unknown, lost)).toMatchObject({ settle: false, order: null })
    expect(follows(seen('starting'), lost)).toMatchObject({ order: { kind: 'terminate', externalId: 'm-1' } })
  })
})

const phases = [
  'pending',
  'starting',
  'running',
  'stopping',
  'stopped',
  'interrupted',
  'failed',
  'ending',
  'ended',
  'unclear',
] as const
const moments = fc.integer({ min: -60 * minuteMs, max: 60 * minuteMs }).map((ms) => testStart + ms)
const optional = <T>(of: fc.Arbitrary<T>) => fc.option(of)
const money = fc.bigInt(0n, 10n ** 10n).map((value) => nanosFromUsd(Number(value) / 1e9))

const sightings: fc.Arbitrary<Sighting> = fc.oneof(
  fc.constant(absent),
  fc.constant(unknown),
  fc
    .record({
      phase: fc.constantFrom(...phases),
      market: fc.constantFrom('on_demand' as const, 'spot' as const),
      pricePerHour: optional(money),
    })
    .map(({ phase, ...change }) => seen(phase, change)),
)
const launchesOf: fc.Arbitrary<Launch> = fc
  .record({
    externalId: optional(fc.constant('m-1')),
    intendedAt: moments,
    answeredAt: optional(moments),
    rentedAt: optional(moments),
    upAt: optional(moments),
    startOrderedAt: optional(moments),
    settledAt: optional(moments),
    orderedAt: optional(moments),
    orders: fc.nat(20),
    market: fc.constantFrom('on_demand' as const, 'spot' as const),
  })
  .map(({ market, ...change }) =>
    aLaunch({
      ...change,
      offer: anOffer({ market }),
      // Whatever was up or ordered to start has been seen, and so has a name.
      externalId: change.upAt !== null || change.startOrderedAt !== null ? 'm-1' : change.externalId,
    }),
  )
const withoutLaunch: ReadonlySet<Status> = new Set(['requested', 'launching', 'terminating', 'terminated', 'failed'])
const instancesOf: fc.Arbitrary<Instance> = fc
  .record({
    status: fc.constantFrom(...statuses),
    wanted: fc.constantFrom('up' as const, 'stopped' as const, 'ended' as const),
    launch: optional(launchesOf),
    other: launchesOf,
    statusSince: moments,
    attempt: fc.nat(12),
    health: optional(fc.constant(check)),
    onInterruption: fc.constantFrom('relaunch' as const, 'wait' as const, 'end' as const),
    maxPricePerHour: optional(money),
  })
  .map(({ status, launch, other, attempt, wanted, statusSince, ...wish }) => {
    const current = status === 'requested' ? null : (launch ?? (withoutLaunch.has(status) ? null : other))
    return anInstance({
      status,
      wanted,
      statusSince,
      wish: aWish(wish),
      launch: current,
      attempt: current === null ? attempt : Math.max(1, attempt),
    })
  })
const situations: fc.Arbitrary<Situation> = fc.record({
  sighting: sightings,
  health: fc.constantFrom('passing', 'failing', null),
  leftovers: fc.nat(2),
  now: moments,
  limits: fc.record({
    canStop: fc.boolean(),
    startDeadlineMs: fc.integer({ min: 1_000, max: 30 * minuteMs }),
    lookEveryMs: fc.integer({ min: 1_000, max: minuteMs }),
    listLagMs: fc.nat(minuteMs),
  }),
})

const isGone = ({ sighting }: Situation) =>
  sighting.kind === 'absent' || (sighting.kind === 'seen' && sighting.machine.phase === 'ended')

/** Over all instances and whatever a look may show. */
function always(holds: (instance: Instance, situation: Situation, decision: ReturnType<typeof decide>) => void): void {
  fc.assert(
    fc.property(instancesOf, situations, (instance, situation) => {
      holds(instance, situation, decide(instance, situation))
    }),
    { numRuns: 3_000 },
  )
}

describe('whatever the marketplace shows', () => {
  test('nothing is rented while a machine may exist that was not given up', () => {
    always((instance, _situation, decision) => {
      if (decision.order?.kind === 'rent') expect(instance.launch).toBeNull()
      if (decision.status === 'requested' && instance.launch !== null) expect(decision.abandon).not.toBeNull()
    })
  })

  test('silence ends nothing and settles nothing', () => {
    always((instance, { sighting, leftovers }, decision) => {
      const { launch } = instance
      if (sighting.kind !== 'unknown') return
      expect(decision.settle).toBe(false)
      const nothingLeft = launch === null || launch.settledAt !== null
      if (finalStatuses.has(decision.status) && !finalStatuses.has(instance.status)) {
        expect(nothingLeft && (instance.status === 'requested' || leftovers === 0)).toBe(true)
      }
    })
  })

  test('terminated only when the marketplace has confirmed it for every machine, and then surely', () => {
    always((instance, situation, decision) => {
      if (finalStatuses.has(instance.status)) return
      const { launch } = instance
      const nothingLeft =
        launch === null
          ? instance.status !== 'requested' || instance.attempt === 0
          : launch.settledAt !== null || isGone(situation)
      if (decision.status === 'terminated') {
        expect(nothingLeft).toBe(true)
        expect(instance.attempt === 0 || instance.status === 'terminating').toBe(true)
        if (instance.status === 'terminating') expect(situation.leftovers).toBe(0)
      }
      if (instance.status === 'terminating' && nothingLeft && situation.leftovers === 0) {
        expect(decision.status).toBe('terminated')
      }
    })
  })

  test('what the user ended goes nowhere but to its end', () => {
    always((instance, _situation, decision) => {
      if (instance.wanted !== 'ended' || finalStatuses.has(instance.status)) return
      expect(['terminating', 'terminated']).toContain(decision.status)
      expect([undefined, 'terminate']).toContain(decision.order?.kind)
    })
  })

  test('the next look is never in the past, nor later than the marketplace’s own pace', () => {
    always((_instance, { now, limits: { lookEveryMs } }, decision) => {
      expect(decision.dueAt).toBeGreaterThanOrEqual(now)
      expect(decision.dueAt).toBeLessThanOrEqual(now + lookEveryMs)
    })
  })

  test('what has ended stays ended, and orders nothing', () => {
    always((instance, _situation, decision) => {
      if (!finalStatuses.has(instance.status)) return
      expect(decision).toMatchObject({ status: instance.status, order: null, abandon: null, settle: false })
    })
  })

  test('a failed instance leaves no machine that nobody looks after', () => {
    always((instance, _situation, decision) => {
      if (decision.status === 'failed' && instance.status !== 'failed') expect(decision.abandon).not.toBeNull()
    })
  })

  test('an order is not repeated before its gap is over', () => {
    always((instance, { now }, decision) => {
      const { launch } = instance
      if (launch?.orderedAt == null || decision.order === null || decision.status !== instance.status) return
      if (now >= launch.orderedAt) expect(now - launch.orderedAt).toBeGreaterThanOrEqual(orderGapMs(launch.orders))
    })
  })
})

test('an end can be asked for in every status, a start only of what is stopped', () => {
  expect(statuses.every((status) => isAllowed('terminate', status))).toBe(true)
  expect(allowedStatuses('start')).toEqual(['stopped'])
  expect(allowedStatuses('stop')).toEqual(['starting', 'running', 'ready'])
})

test('a marketplace that falls silent while a machine starts does not hold the launch up past its deadline', () => {
  const after = (afterMs: number) => decided(unknown, { status: 'starting', launch: { rentedAt: testStart }, afterMs })

  expect(after(limits.startDeadlineMs)).toMatchObject({ status: 'starting', abandon: null })
  // The machine may exist: it stays somebody's to end.
  expect(after(late)).toMatchObject({ status: 'requested', abandon: 'start_deadline', settle: false })
})
