import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Fault } from '../../../../simulators/kit/faults.ts'
import { ProviderError } from '../provider.ts'
import { cases } from './cases.ts'
import { anOrder, aRig } from './rig.ts'

const kinds: Fault['kind'][] = ['lose_reply', 'refuse', 'late', 'status', 'status_after', 'html', 'garbage']
const aFault = fc
  .record({
    kind: fc.constantFrom(...kinds),
    status: fc.constantFrom(200, 400, 404, 409, 429, 500, 502, 503),
    skip: fc.nat(6),
    times: fc.integer({ min: 1, max: 3 }),
  })
  // No marketplace refuses with a 4xx what it has done.
  .filter(({ kind, status }) => kind !== 'status_after' || status === 200 || status >= 500)

describe.each(cases)('$name', (marketplace) => {
  test('whatever happens on the way, one launch makes one machine at most, and no live machine is absent', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(aFault, { minLength: 1, maxLength: 4 }), fc.nat(1_000), async (faults, seed) => {
        const rig = aRig(marketplace, { seed })
        const order = anOrder(await rig.anOffer())
        for (const fault of faults) rig.fault({ ...fault, delayMs: 90_000, body: '{"message":"oops"}' })
        const launched = await rig.done(rig.provider.launch(order).catch(onlyProviderErrors))
        expect(rig.ours().length).toBeLessThanOrEqual(1)
        // What was answered is true; a refusal that leaves a machine behind would cost money unseen.
        const made = rig.ours()[0]
        if (typeof launched === 'object') expect(launched.externalId).toBe(made?.id)
        else if (launched !== 'outcome_unknown') expect(rig.ours().filter(({ billing }) => billing)).toEqual([])

        if (!made) return
        rig.faultless()
        for (const fault of faults) if (!marketplace.saysAbsent(fault)) rig.fault({ ...fault, delayMs: 90_000 })
        for (let look = 0; look < 4; look += 1) {
          const sighting = await rig.done(rig.provider.lookAt(made.id).catch(onlyProviderErrors))
          if (typeof sighting === 'object') expect(sighting.kind).not.toBe('absent')
        }
      }),
      { numRuns: 25, seed: 11 },
    )
  })
})

function onlyProviderErrors(error: unknown): ProviderError['kind'] {
  if (!(error instanceof ProviderError)) throw error
  return error.kind
}
