import { describe, expect, test } from 'vitest'
import { aCharge, aLaunch, aReading } from '../../testing/builders.ts'
import type { Machine } from '../instances/machine.ts'
import { nanosFromUsd } from '../money.ts'
import { anOffer } from '../offers/an-offer.ts'
import { withStandIn } from './stand-in.ts'

const launch = aLaunch({ offer: anOffer({ pricePerHour: nanosFromUsd('0.30') }) })
const disk = aReading({ kind: 'disk' })
const machine = (change: Partial<Machine> = {}) => ({ phase: 'running' as const, meters: [disk], ...change })
const zero = aReading({ ratePerHour: nanosFromUsd('0') })

describe('a machine whose GPU rate is not shown', () => {
  test('costs what its offer did', () => {
    expect(withStandIn(machine(), launch, [])).toMatchObject([
      disk,
      { kind: 'gpu', state: 'on', ratePerHour: nanosFromUsd('0.30') },
    ])
    expect(withStandIn(machine({ meters: [zero] }), launch, [])).toEqual([
      { ...zero, ratePerHour: nanosFromUsd('0.30') },
    ])
  })

  test('costs what the answer to its launch told, or what it cost before', () => {
    const told = { ...launch, pricePerHour: nanosFromUsd('0.50') }
    expect(withStandIn(machine(), told, [])).toMatchObject([disk, { ratePerHour: nanosFromUsd('0.50') }])
    const before = aCharge({ ratePerHour: nanosFromUsd('0.60') })
    expect(withStandIn(machine(), told, [before])).toMatchObject([disk, { ratePerHour: nanosFromUsd('0.60') }])
  })

  test.each([
    ['stopped', 'off'],
    ['interrupted', 'off'],
    ['starting', 'unclear'],
    ['ending', 'unclear'],
  ] as const)('%s: its meter is %s', (phase, state) => {
    expect(withStandIn(machine({ phase }), launch, [])).toMatchObject([disk, { kind: 'gpu', state }])
  })
})

test('a rate that is shown stands', () => {
  const shown = [aReading({ ratePerHour: nanosFromUsd('0.90') }), disk]
  expect(withStandIn(machine({ meters: shown }), launch, [])).toBe(shown)
})
