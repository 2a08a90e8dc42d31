import { expect, test } from 'vitest'
import { nanosFromUsd, noMoney } from '../money.ts'
import { anOffer } from './an-offer.ts'
import { marketStats } from './stats.ts'

const usd = nanosFromUsd

test('S003-34, S003-35 counts what can be rented, and the figures agree with each other', () => {
  const stats = marketStats([
    anOffer({ pricePerHour: usd('0.2') }),
    anOffer({ pricePerHour: usd('0.4'), provider: 'runpod' }),
    anOffer({ pricePerHour: usd('0.6') }),
    anOffer({ pricePerHour: usd('128'), gpu: { model: 'H100 SXM 80GB' } }), // a joke price
    anOffer({ pricePerHour: usd('0.01'), available: false }),
  ])

  expect(stats).toMatchObject({ total: 5, available: 4, byProvider: { vast: 3, runpod: 1 } })
  expect(stats.price).toEqual({ min: usd('0.2'), max: usd('128'), median: usd('0.5'), avg: usd('32.3') })
  expect(stats.byModel).toEqual([
    { model: 'H100 SXM 80GB', available: 1, providers: ['vast'], ...same('128') },
    {
      model: 'RTX 4090',
      available: 3,
      providers: ['runpod', 'vast'],
      min: usd('0.2'),
      max: usd('0.6'),
      median: usd('0.4'),
      avg: usd('0.4'),
    },
  ])
})

test('an empty market has zeros, not errors', () => {
  const nothing = { min: noMoney, max: noMoney, median: noMoney, avg: noMoney }
  expect(marketStats([])).toEqual({ total: 0, available: 0, byProvider: {}, byModel: [], price: nothing })
})

function same(price: string) {
  return { min: usd(price), max: usd(price), median: usd(price), avg: usd(price) }
}
