import { expect, test } from 'vitest'
import { nanosFromUsd } from '../money.ts'
import { anOffer } from '../offers/an-offer.ts'
import { planLaunch } from '../offers/plan.ts'
import { hourMs, minuteMs } from '../time.ts'
import { interruptionsBy, placeOf, weighedPrice, whyAvoided } from './places.ts'

const at = 1_000_000
const taken = anOffer({ market: 'spot', externalId: 'taken', placeKey: 'a', pricePerHour: nanosFromUsd('0.20') })
const other = anOffer({ market: 'spot', externalId: 'other', placeKey: 'b', pricePerHour: nanosFromUsd('0.30') })
const outright = anOffer({ externalId: 'taken', placeKey: 'a', pricePerHour: nanosFromUsd('0.25') })
const interruptions = interruptionsBy([
  { place: placeOf(taken), at },
  { place: placeOf(taken), at: at - hourMs },
])
const planAfter = (ms: number, offers = [taken, other]) =>
  planLaunch(
    offers,
    { filter: {} },
    { now: at + ms, need: { diskGb: 10 }, modelNamed: () => undefined, penalties: new Map(), interruptions },
  ).map(({ offer }) => offer.externalId)

test('a place that took a machine is not rented at for minutes, then ranked lower, then as before', () => {
  expect(planAfter(0)).toEqual(['other'])
  expect(planAfter(5 * minuteMs - 1)).toEqual(['other'])
  expect(planAfter(5 * minuteMs)).toEqual(['other', 'taken'])
  expect(planAfter(2 * hourMs)).toEqual(['taken', 'other'])
})

test('the surcharge halves every half hour, and is forgotten after hours', () => {
  const price = (ms: number) => weighedPrice(nanosFromUsd('1'), taken, interruptions, at + ms)
  expect(price(0)).toBe(nanosFromUsd('2'))
  expect(price(30 * minuteMs)).toBe(nanosFromUsd('1.5'))
  expect(price(hourMs)).toBe(nanosFromUsd('1.25'))
  expect(price(4 * hourMs)).toBe(nanosFromUsd('1'))
  // A clock that was set back.
  expect(price(-hourMs)).toBe(nanosFromUsd('2'))
})

test('an on-demand machine at the same place is not outbid', () => {
  expect(planAfter(0, [taken, outright])).toEqual(['taken'])
  expect(weighedPrice(outright.pricePerHour, outright, interruptions, at)).toBe(outright.pricePerHour)
})

test('people are told', () => {
  expect(whyAvoided(taken, interruptions, at + 20_000)).toBe('avoided: interrupted less than a minute ago')
  expect(whyAvoided(taken, interruptions, at + 12 * minuteMs)).toBe('ranked lower: interrupted 12 min ago')
  expect(whyAvoided(other, interruptions, at)).toBeNull()
})
