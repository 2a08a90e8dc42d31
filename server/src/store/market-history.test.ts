import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Look } from '../core/market-history/look.ts'
import { nanosFromUsd } from '../core/money.ts'
import { hourMs, minuteMs } from '../core/time.ts'
import { type TestStores, testStores } from '../testing/database.ts'

const begin = Date.UTC(2026, 9, 1, 12)
let stores: TestStores
beforeEach(async () => {
  stores = await testStores()
})
afterEach(() => stores.close())

function aLook(change: Partial<Look> & { usd?: string } = {}): Look {
  const { usd = '0.123456789', ...rest } = change
  const price = nanosFromUsd(usd)
  return {
    provider: 'vast',
    model: 'RTX 4090',
    market: 'on_demand',
    at: begin,
    sampled: false,
    offers: 2,
    gpus: 3,
    prices: { min: price, median: price, p90: price },
    ...rest,
  }
}

const everything = { models: [], providers: [], markets: [], from: 0, until: begin + 1e9, limit: 1_000 }
const hours = (change = {}) => stores.marketHistory.hours({ ...everything, ...change })
const flat = (usd: string) => ({ min: nanosFromUsd(usd), median: nanosFromUsd(usd), p90: nanosFromUsd(usd) })

test('looks of an hour become one row, exact to the nano-dollar', async () => {
  await stores.marketHistory.add([aLook({ at: begin + minuteMs })])
  expect(await hours()).toMatchObject([{ at: begin, looks: 1, prices: flat('0.123456789') }])
  await stores.marketHistory.add([aLook({ at: begin + 11 * minuteMs, offers: 0, gpus: 0, prices: null })])
  await stores.marketHistory.add([aLook({ at: begin + 21 * minuteMs, offers: 6, usd: '0.1' })])
  expect(await hours()).toMatchObject([
    { at: begin, looks: 3, looksAvailable: 2, offersTotal: 8, offersMost: 6, gpusTotal: 6, prices: flat('0.1') },
  ])
})

test('what an hour has come to stays as it is when the next one begins, and its looks are dropped', async () => {
  await stores.marketHistory.add([aLook({ at: begin + minuteMs, usd: '0.5' })])
  await stores.marketHistory.add([aLook({ at: begin + hourMs, usd: '0.7' })])
  expect(await hours()).toMatchObject([
    { at: begin, looks: 1, prices: flat('0.5') },
    { at: begin + hourMs, looks: 1, prices: flat('0.7') },
  ])
  expect(await stores.database.selectFrom('market_looks').select('at').execute()).toEqual([{ at: begin + hourMs }])
})

test('the same look twice counts once', async () => {
  await stores.marketHistory.add([aLook()])
  await stores.marketHistory.add([aLook()])
  expect(await hours()).toMatchObject([{ looks: 1 }])
})

test('more series than one statement takes', async () => {
  await stores.marketHistory.add(Array.from({ length: 450 }, (_, at) => aLook({ model: `card ${at}` })))
  expect(await hours()).toHaveLength(450)
  expect(await stores.marketHistory.series()).toHaveLength(450)
})

test('is asked by model, provider, market and time', async () => {
  await stores.marketHistory.add([
    aLook(),
    aLook({ model: 'A40' }),
    aLook({ provider: 'runpod' }),
    aLook({ market: 'spot' }),
  ])
  await stores.marketHistory.add([aLook({ at: begin + hourMs })])
  expect(await hours({ models: ['A40'] })).toMatchObject([{ model: 'A40' }])
  expect(await hours({ providers: ['runpod'] })).toMatchObject([{ provider: 'runpod' }])
  expect(await hours({ markets: ['spot'] })).toMatchObject([{ market: 'spot' }])
  expect(await hours({ from: begin + 1 })).toMatchObject([{ at: begin + hourMs }])
  expect(await hours({ until: begin + hourMs })).toHaveLength(4)
  expect(await hours({ limit: 2 })).toHaveLength(2)
})

test('knows when it begins, and forgets what is old', async () => {
  expect(await stores.marketHistory.begin()).toBeNull()
  await stores.marketHistory.add([aLook()])
  await stores.marketHistory.add([aLook({ at: begin + hourMs })])
  expect(await stores.marketHistory.begin()).toBe(begin)
  expect(await stores.marketHistory.prune(begin + hourMs + minuteMs)).toBe(1)
  expect(await stores.marketHistory.begin()).toBe(begin + hourMs)
})
