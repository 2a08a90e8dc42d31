/**
 * The clients against the marketplaces themselves. Only where somebody asks for it: with GPUFLEET_REAL_API=1, for each
 * marketplace whose key is set. They only read: what is on sale and what the account has.
 */

import { describe, expect, test } from 'vitest'
import { providerFromEnvironment } from '../scripts/provider-from-environment.ts'
import { providerNames } from '../server/src/core/providers.ts'

const isWanted = process.env.GPUFLEET_REAL_API === '1'
const patienceMs = 180_000

describe.each(providerNames)('S004-85 %s', (name) => {
  const found = isWanted ? providerFromEnvironment(name, process.env) : undefined

  test.skipIf(found === undefined)(
    'its offers can be read, and hardly a row is skipped',
    async () => {
      if (found === undefined) return
      const { offers, skipped } = await found.provider.searchOffers({ models: [], markets: ['on_demand'], diskGb: 50 })
      expect(offers.length).toBeGreaterThan(0)
      for (const offer of offers) expect(offer.pricePerHour > 0n, offer.externalId).toBe(true)
      const unread = Object.values(skipped).reduce((sum, count) => sum + count, 0)
      expect(unread, JSON.stringify(skipped)).toBeLessThan(offers.length / 2)
    },
    patienceMs,
  )

  test.skipIf(found === undefined)(
    'its list of machines can be read',
    async () => {
      expect(Array.isArray((await found?.provider.look())?.machines)).toBe(true)
    },
    patienceMs,
  )
})
