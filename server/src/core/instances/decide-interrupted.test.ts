import { describe, expect, test } from 'vitest'
import { aLaunch, aMachine, anInstance, aWish, testStart } from '../../testing/builders.ts'
import { nanosFromUsd } from '../money.ts'
import { anOffer } from '../offers/an-offer.ts'
import type { Bidding } from '../spot/raise-bid.ts'
import { minuteMs, secondMs } from '../time.ts'
import { decide } from './decide.ts'
import { type Instance, type Launch, noPolicies, type Wish } from './instance.ts'
import type { Phase } from './machine.ts'
import type { Decision, Limits, Sighting } from './situation.ts'
import { finalStatuses, type Status, statuses } from './status.ts'

const limits: Limits = {
  canStop: true,
  startDeadlineMs: 10 * minuteMs,
  lookEveryMs: 10 * secondMs,
  listLagMs: minuteMs,
}
const spot = anOffer({ market: 'spot', pricePerHour: nanosFromUsd('0.20') })
const bid = nanosFromUsd('0.22')

interface Case {
  wish?: Partial<Wish>
  launch?: Partial<Launch>
  instance?: Partial<Instance>
  bidding?: Bidding | null
  afterMs?: number
}

function look(
  status: Status,
  phase: Phase | Sighting,
  { wish, launch, instance, bidding, afterMs = 1_000 }: Case = {},
) {
  const sighting: Sighting =
    typeof phase === 'string'
      ? { kind: 'seen', machine: aMachine({ phase, market: 'spot', pricePerHour: launch?.bidPerHour ?? bid }) }
      : phase
  const its = aLaunch({ offer: spot, bidPerHour: bid, ...launch })
  return decide(
    anInstance({ status, wish: aWish({ market: 'spot', ...wish }), launch: its, attempt: 1, ...instance }),
    {
      sighting,
      health: null,
      leftovers: 0,
      ...(bidding !== undefined && { bidding }),
      now: testStart + afterMs,
      limits,
    },
  )
}

const up = { upAt: testStart }
const again = { upAt: testStart, startOrderedAt: testStart }

/** Every status in which a machine may be taken, and what follows at once. */
const table: [string, Status, Case, Partial<Decision>][] = [
  ['a launch that was adopted', 'launching', {}, { status: 'starting', because: 'machine_adopted', abandon: null }],
  ['coming up for the first time', 'starting', {}, { status: 'requested', abandon: 'interrupted' }],
  ['started again from its disk', 'starting', { launch: again }, { status: 'interrupted', abandon: null }],
  [
    'restarting',
    'starting',
    { launch: up, instance: { because: 'restarting' } },
    { status: 'interrupted', abandon: null },
  ],
  ['up', 'running', { launch: up }, { status: 'interrupted', abandon: null }],
  ['ready', 'ready', { launch: up }, { status: 'interrupted', abandon: null }],
  ['taken before', 'interrupted', { launch: up }, { status: 'requested', abandon: 'interrupted' }],
  // It goes on when its bid wins again, so it is told to stop all the same.
  ['stopping, not told yet', 'stopping', { launch: up, instance: { wanted: 'stopped' } }, { status: 'stopping' }],
  [
    'stopping, told',
    'stopping',
    { launch: { ...up, orders: 1 }, instance: { wanted: 'stopped' } },
    { status: 'stopped' },
  ],
  ['stopped', 'stopped', { launch: up, instance: { wanted: 'stopped' } }, { status: 'stopped', abandon: null }],
  ['terminating', 'terminating', { launch: up, instance: { wanted: 'ended' } }, { status: 'terminating' }],
]

describe('taken by the marketplace while', () => {
  test.each(table)('%s', (_name, status, given, follows) => {
    expect(look(status, 'interrupted', given)).toMatchObject(follows)
  })

  test.each(statuses.filter((one) => !finalStatuses.has(one)))(
    '%s and ended by its user: it goes to its end',
    (status) => {
      const decision = look(status, 'interrupted', { launch: up, instance: { wanted: 'ended' } })
      expect(decision.status).toBe('terminating')
    },
  )

  test('stopping: the stop is ordered once, and an end names the machine', () => {
    expect(look('stopping', 'interrupted', { instance: { wanted: 'stopped' } }).order).toMatchObject({ kind: 'stop' })
    expect(look('terminating', 'interrupted', { instance: { wanted: 'ended' } }).order).toMatchObject({
      kind: 'terminate',
    })
  })

  test('coming up, shown as a stop that nobody asked for: outbid', () => {
    expect(look('starting', 'stopped')).toMatchObject({ abandon: 'interrupted' })
    expect(look('starting', 'stopped', { launch: { offer: anOffer() } })).toMatchObject({ abandon: 'start_failed' })
  })
})

const taken = (onInterruption: Wish['onInterruption'], more: Case = {}): Case => ({
  launch: up,
  bidding: { floor: nanosFromUsd('0.30'), percent: 110, cap: nanosFromUsd('0.50'), onDemand: nanosFromUsd('0.40') },
  ...more,
  wish: { onInterruption, ...more.wish },
})
const raised = { kind: 'bid', externalId: 'm-1', perHour: nanosFromUsd('0.33') }

describe('outbid', () => {
  test.each(['relaunch', 'wait'] as const)('%s: a bid that wins comes first, since it keeps the disk', (policy) => {
    expect(look('interrupted', 'interrupted', taken(policy))).toMatchObject({
      status: 'interrupted',
      abandon: null,
      order: raised,
    })
  })

  test('end: nothing is bid', () => {
    expect(look('interrupted', 'interrupted', taken('end'))).toMatchObject({ status: 'terminating', order: null })
  })

  test('relaunch: where no bid of ours wins, another machine is asked for at once', () => {
    const bidding = {
      floor: nanosFromUsd('0.60'),
      percent: 110,
      cap: nanosFromUsd('0.50'),
      onDemand: nanosFromUsd('0.90'),
    }
    expect(look('interrupted', 'interrupted', taken('relaunch', { bidding }))).toMatchObject({ abandon: 'interrupted' })
    expect(look('interrupted', 'interrupted', taken('wait', { bidding }))).toMatchObject({ abandon: null, order: null })
  })

  test('relaunch: a machine with a winning bid is waited for, but not for ever', () => {
    const winning = { launch: { ...up, bidPerHour: nanosFromUsd('0.33') } }
    expect(look('interrupted', 'interrupted', taken('relaunch', winning))).toMatchObject({ abandon: null, order: null })
    const late = { ...winning, afterMs: 3 * minuteMs }
    expect(look('interrupted', 'interrupted', taken('relaunch', late))).toMatchObject({ abandon: 'interrupted' })
  })

  test('relaunch: one that comes up again is kept', () => {
    const late = { afterMs: 5 * minuteMs }
    expect(look('interrupted', 'starting', taken('relaunch', late))).toMatchObject({
      status: 'interrupted',
      abandon: null,
    })
    expect(look('interrupted', 'running', taken('relaunch', late))).toMatchObject({ status: 'ready' })
    const never = { afterMs: 11 * minuteMs }
    expect(look('interrupted', 'starting', taken('relaunch', never))).toMatchObject({ abandon: 'interrupted' })
  })

  test('the bid is not sent again before its gap is over', () => {
    const sent = { launch: { ...up, orderedAt: testStart, orders: 1 } }
    expect(look('interrupted', 'interrupted', taken('wait', sent)).order).toBeNull()
    expect(look('interrupted', 'interrupted', taken('wait', { ...sent, afterMs: 5_000 })).order).toEqual(raised)
  })

  test('gone or silent: nothing is bid', () => {
    expect(look('interrupted', { kind: 'absent' }, taken('wait'))).toMatchObject({
      abandon: 'machine_lost',
      order: null,
    })
    expect(look('interrupted', { kind: 'unknown', why: '' }, taken('wait'))).toMatchObject({
      abandon: null,
      order: null,
    })
  })
})

test('relaunch: a marketplace that is silent does not cost the disk of a machine that a bid may bring back, for a while', () => {
  const silent = { kind: 'unknown', why: '' } as const
  expect(look('interrupted', silent, taken('relaunch'))).toMatchObject({ status: 'interrupted', abandon: null })
  expect(look('interrupted', silent, taken('relaunch', { afterMs: 3 * minuteMs }))).toMatchObject({
    abandon: 'interrupted',
  })
  const withoutBids = taken('relaunch', { bidding: null, launch: { ...up, bidPerHour: null } })
  expect(look('interrupted', silent, withoutBids)).toMatchObject({ abandon: 'interrupted' })
})

describe('waiting', () => {
  const policies = { ...noPolicies, onDemandAfterMs: 30 * minuteMs }
  const unable = { bidding: null }

  test('ends where an on-demand machine is allowed after a while', () => {
    const wish = { policies }
    const soon = taken('wait', { ...unable, wish, afterMs: 29 * minuteMs })
    expect(look('interrupted', 'interrupted', soon)).toMatchObject({ status: 'interrupted', abandon: null })
    const late = taken('wait', { ...unable, wish, afterMs: 30 * minuteMs })
    expect(look('interrupted', 'interrupted', late)).toMatchObject({ status: 'requested', abandon: 'no_spot_in_time' })
    expect(look('interrupted', 'starting', late)).toMatchObject({ status: 'interrupted', abandon: null })
  })

  test('goes on for ever without that leave, and for an offer that the caller chose', () => {
    const long = 99 * 60 * minuteMs
    expect(look('interrupted', 'interrupted', taken('wait', { ...unable, afterMs: long }))).toMatchObject({
      abandon: null,
    })
    const wish = { policies, offer: { provider: 'vast', key: '1:spot' } } as const
    expect(look('interrupted', 'interrupted', taken('wait', { ...unable, wish, afterMs: long }))).toMatchObject({
      abandon: null,
    })
  })
})
