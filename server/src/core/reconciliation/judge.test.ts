import { describe, expect, test } from 'vitest'
import { aLaunch, aMachine, anInstanceId, aReading, installation, testStart as now } from '../../testing/builders.ts'
import type { BilledThing } from '../billed-thing.ts'
import { launchLabel } from '../ids.ts'
import { nanosFromUsd } from '../money.ts'
import { judge, type Known, type KnownInstance, type Rules, type Seen } from './judge.ts'
import { rateOf, totalsOf } from './rates.ts'

const id = anInstanceId()
const live: KnownInstance = { id, status: 'ready', attempt: 1 }
const nothing: Known = { launches: [], instances: [] }

function verdicts(seen: Partial<Seen>, known: Known, rules: Partial<Rules> = {}) {
  const judged = judge({ machines: [], things: [], begunAt: now, ...seen }, known, {
    installation,
    unknown: 'adopt',
    ...rules,
  })
  return judged.map(({ externalId, verdict, action }) => [externalId, verdict, action?.kind ?? null])
}

const labelled = (attempt: number, externalId = `m-${attempt}`) =>
  aMachine({ externalId, label: launchLabel(installation, id, attempt) })

describe('a machine with our label', () => {
  const one = (known: Known, rules?: Partial<Rules>) => verdicts({ machines: [aMachine()] }, known, rules)[0]?.slice(1)

  test('of a live instance is wanted, also before its launch has been answered', () => {
    expect(one({ launches: [aLaunch()], instances: [live] })).toEqual(['wanted', null])
    const unanswered = aLaunch({ externalId: null, answeredAt: null, rentedAt: null })
    const launching: KnownInstance = { ...live, status: 'launching' }
    expect(one({ launches: [unanswered], instances: [launching] })).toEqual(['wanted', null])
  })

  test('of a launch that was given up, or an instance that is being ended, is the worker’s', () => {
    const givenUp = aLaunch({ abandonedAt: now - 5 })
    expect(one({ launches: [givenUp], instances: [{ ...live, attempt: 2 }] })).toEqual(['ending', null])
    expect(one({ launches: [givenUp], instances: [{ ...live, status: 'failed' }] })).toEqual(['ending', null])
    expect(one({ launches: [aLaunch()], instances: [{ ...live, status: 'terminating' }] })).toEqual(['ending', null])
  })

  test('whose end was confirmed before has its launch opened again; not when that happened while we looked', () => {
    const settled = (settledAt: number): Known => ({
      launches: [aLaunch({ abandonedAt: now - 9, settledAt })],
      instances: [{ ...live, attempt: 2 }],
    })
    expect(one(settled(now - 1))).toEqual(['ours_unwanted', 'reopen'])
    expect(one(settled(now))).toEqual(['ending', null])
  })

  test('that nobody looks after although its instance has ended, or has another machine, is given up', () => {
    for (const instance of [
      { ...live, status: 'terminated' as const },
      { ...live, attempt: 2 },
    ]) {
      expect(one({ launches: [aLaunch()], instances: [instance] })).toEqual(['ours_unwanted', 'reopen'])
    }
  })

  test('of an instance that the database does not know is adopted, shown, or ended, as the settings say', () => {
    expect(one(nothing)).toEqual(['ours_unknown', 'adopt'])
    expect(one(nothing, { unknown: 'ask' })).toEqual(['ours_unknown', null])
    const [judged] = judge({ machines: [aMachine()], things: [], begunAt: now }, nothing, {
      installation,
      unknown: 'end',
    })
    expect(judged?.action).toMatchObject({ kind: 'adopt', instanceId: id, attempt: 1, wanted: 'ended' })
  })
})

test('a second machine under one label is ended, and the one that we know stays, whichever comes first', () => {
  const known = { launches: [aLaunch()], instances: [live] }
  const machines = [labelled(1, 'm-2'), labelled(1, 'm-1')]
  expect(verdicts({ machines }, known)).toEqual([
    ['m-2', 'ours_unwanted', 'end'],
    ['m-1', 'wanted', null],
  ])
})

test('of two under one label none is ended before the instance has settled on one', () => {
  for (const externalId of [null, 'm-9']) {
    const known = { launches: [aLaunch({ externalId })], instances: [live] }
    expect(verdicts({ machines: [labelled(1, 'm-2'), labelled(1, 'm-1')] }, known)).toEqual([
      ['m-2', 'wanted', null],
      ['m-1', 'ours_unwanted', null],
    ])
  }
})

test('what has ended hides no machine and is none', () => {
  const machines = [aMachine({ externalId: 'm-1', phase: 'ended' }), labelled(1, 'm-2')]
  expect(verdicts({ machines }, { launches: [aLaunch()], instances: [live] })).toEqual([['m-2', 'wanted', null]])
})

test('of several attempts of an unknown instance the newest is adopted, one at a time', () => {
  expect(verdicts({ machines: [labelled(1), labelled(3), labelled(2)] }, nothing)).toEqual([
    ['m-1', 'ours_unknown', null],
    ['m-3', 'ours_unknown', 'adopt'],
    ['m-2', 'ours_unknown', null],
  ])
})

test('a launch that a restored database has lost is taken up when it is newer, and ended when it is not', () => {
  const restored = { launches: [], instances: [{ ...live, attempt: 2 }] }
  expect(verdicts({ machines: [labelled(3)] }, restored)).toEqual([['m-3', 'ours_unknown', 'take']])
  expect(verdicts({ machines: [labelled(1)] }, restored)).toEqual([['m-1', 'ours_unwanted', 'take']])
  const ended: Known = { launches: [], instances: [{ ...live, status: 'terminated' }] }
  expect(verdicts({ machines: [labelled(3)] }, ended)).toEqual([['m-3', 'ours_unwanted', 'take']])
})

test('another installation’s machines, and nobody’s, are never touched, whatever the settings say', () => {
  const machines = [
    aMachine({ externalId: 'a', label: launchLabel('others', id, 1) }),
    aMachine({ externalId: 'b', label: 'my notebook' }),
    aMachine({ externalId: 'c', label: null }),
    aMachine({ externalId: 'd', label: 'gf-' }),
  ]
  const known: Known = { launches: [], instances: [{ ...live, status: 'terminated' }] }
  for (const unknown of ['adopt', 'ask', 'end'] as const) {
    expect(verdicts({ machines }, known, { unknown }).map(([, ...rest]) => rest)).toEqual(
      Array(4).fill(['foreign', null]),
    )
  }
})

test('one that was adopted is known by its id, whatever it is called', () => {
  const machine = aMachine({ externalId: 'm-1', label: 'my notebook' })
  expect(verdicts({ machines: [machine] }, { launches: [aLaunch()], instances: [live] })).toEqual([
    ['m-1', 'wanted', null],
  ])
})

describe('what bills beside machines', () => {
  const thing = (change: Partial<BilledThing> = {}): BilledThing => ({
    kind: 'volume',
    externalId: 't-1',
    name: null,
    attachedTo: null,
    region: null,
    sizeGb: 10,
    ratePerHour: nanosFromUsd('0.01'),
    createdAt: null,
    ...change,
  })
  const label = launchLabel(installation, id, 1)
  const lookedAt = (one: BilledThing, known: Known, seen: Partial<Seen> = {}, rules?: Partial<Rules>) =>
    verdicts({ ...seen, things: [one] }, known, rules)
      .at(-1)
      ?.slice(1)

  test('shares the fate of the machine that it is attached to, or named after', () => {
    const known = { launches: [aLaunch()], instances: [live] }
    expect(lookedAt(thing({ attachedTo: 'm-1' }), known, { machines: [aMachine()] })).toEqual(['wanted', null])
    expect(lookedAt(thing({ name: label }), known, { machines: [aMachine()] })).toEqual(['wanted', null])
    const theirs = aMachine({ externalId: 'x', label: 'theirs' })
    expect(lookedAt(thing({ name: label, attachedTo: 'x' }), known, { machines: [theirs] })).toEqual(['foreign', null])
  })

  test('with our name is ended when its machine has ended, and not before', () => {
    const ended: Known = { launches: [aLaunch({ settledAt: now - 1 })], instances: [{ ...live, status: 'terminated' }] }
    expect(lookedAt(thing({ name: label }), ended)).toEqual(['ours_unwanted', 'end'])
    const address = thing({ kind: 'static_ip', attachedTo: 'm-1' })
    expect(lookedAt(address, ended)).toEqual(['ours_unwanted', 'end'])
    const ending: Known = { launches: [aLaunch({ abandonedAt: now })], instances: [{ ...live, attempt: 2 }] }
    expect(lookedAt(thing({ name: label }), ending)).toEqual(['ending', null])
    expect(lookedAt(thing({ name: label }), { launches: [aLaunch()], instances: [live] })).toEqual(['wanted', null])
  })

  test('with our name stays while its instance lives on with another machine: what is on it may be all that is left', () => {
    for (const instance of [
      { ...live, attempt: 2 },
      { ...live, status: 'requested' as const },
    ]) {
      const interrupted: Known = { launches: [aLaunch({ settledAt: now - 1 })], instances: [instance] }
      expect(lookedAt(thing({ name: label }), interrupted)).toEqual(['wanted', null])
    }
    expect(lookedAt(thing({ name: label }), { launches: [], instances: [{ ...live, attempt: 2 }] })).toEqual([
      'wanted',
      null,
    ])
    const address = thing({ kind: 'static_ip', attachedTo: 'm-1' })
    const moved: Known = { launches: [aLaunch({ settledAt: now - 1 })], instances: [{ ...live, attempt: 2 }] }
    expect(lookedAt(address, moved)).toEqual(['ours_unwanted', 'end'])
  })

  test('that its user made of a machine of ours outlives it', () => {
    const ended: Known = { launches: [aLaunch({ settledAt: now - 1 })], instances: [{ ...live, status: 'terminated' }] }
    const snapshot = thing({ kind: 'snapshot', name: 'before the upgrade', attachedTo: 'm-1' })
    expect(lookedAt(snapshot, ended)).toEqual(['foreign', null])
    expect(lookedAt(thing({ attachedTo: 'm-1' }), ended)).toEqual(['foreign', null])
  })

  test('of which the database knows nothing is only shown, unless the settings say otherwise', () => {
    expect(lookedAt(thing({ name: label }), nothing)).toEqual(['ours_unknown', null])
    expect(lookedAt(thing({ name: label }), nothing, {}, { unknown: 'end' })).toEqual(['ours_unknown', 'end'])
  })

  test('with a name that only begins like ours is nobody’s', () => {
    const ended: Known = { launches: [aLaunch({ settledAt: now - 1 })], instances: [{ ...live, status: 'terminated' }] }
    for (const name of ['backup', null, `my-${label}`, `${label}x`]) {
      expect(lookedAt(thing({ name }), ended)).toEqual(['foreign', null])
    }
  })
})

describe('the rate of a machine', () => {
  test('is what its meters say that run', () => {
    const disk = aReading({ kind: 'disk', ratePerHour: nanosFromUsd('0.01') })
    expect(rateOf(aMachine({ meters: [aReading(), disk] }))).toBe(nanosFromUsd('0.37'))
    expect(rateOf(aMachine({ phase: 'stopped', meters: [aReading({ state: 'off' }), disk] }))).toBe(
      nanosFromUsd('0.01'),
    )
  })

  test('is the price where no meter tells, and unknown where nobody tells: never nothing', () => {
    const price = nanosFromUsd('0.4')
    const zero = aReading({ ratePerHour: nanosFromUsd('0') })
    expect(rateOf(aMachine({ pricePerHour: price }))).toBe(price)
    expect(rateOf(aMachine({ pricePerHour: price, meters: [zero] }))).toBe(price)
    expect(rateOf(aMachine({ meters: [zero] }))).toBeNull()
    expect(rateOf(aMachine())).toBeNull()
  })
})

test('totals tell what nobody explains from what is not ours', () => {
  const known = { launches: [aLaunch()], instances: [live] }
  const meters = [aReading({ ratePerHour: nanosFromUsd('0.5') })]
  const machines = [
    aMachine({ meters }),
    { ...labelled(1, 'm-2'), meters },
    aMachine({ externalId: 'x', label: null, meters }),
    aMachine({ externalId: 'y', label: null }),
  ]
  const judged = judge({ machines, things: [], begunAt: now }, known, { installation, unknown: 'adopt' })
  const findings = judged.map((one) => ({
    ...one,
    provider: 'vast' as const,
    account: 'main',
    firstSeenAt: now,
    lastSeenAt: now,
    orderedAt: null,
    orders: 0,
  }))
  expect(totalsOf(findings)).toEqual({
    machines: 4,
    things: 0,
    perHour: nanosFromUsd('1.5'),
    unexplained: 1,
    unexplainedPerHour: nanosFromUsd('0.5'),
    foreign: 2,
    foreignPerHour: nanosFromUsd('0.5'),
    unknownRates: 1,
  })
})
