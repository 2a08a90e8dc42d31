import { describe, expect, test } from 'vitest'
import { minuteMs, secondMs } from '../../core/time.ts'
import { cases } from './cases.ts'
import { anOrder, aRig } from './rig.ts'
import { verbsOf } from './verbs.ts'

describe.each(cases)('$name', (marketplace) => {
  test('over two busy minutes nothing is refused with 429', async () => {
    const rig = aRig(marketplace)
    const { provider } = rig
    const offer = await rig.anOffer()
    const spot = provider.describe().abilities.hasBids ? await rig.anOffer('spot') : null
    const { machine } = await rig.running({ offer })
    const bidMachine = spot
      ? (
          await rig.done(
            provider.launch(anOrder(spot, { label: 'gf-contract-inst_03-1', bidPerHour: spot.pricePerHour })),
          )
        ).externalId
      : machine.externalId
    const offers = await rig.done(provider.searchOffers({ models: [], markets: ['on_demand'], diskGb: 50 }))
    // Long enough for the marketplace's own windows to be empty again.
    await rig.pass(2 * minuteMs)
    rig.simulator.requests.length = 0

    const until = rig.clock.now() + 2 * minuteMs
    const kinds = new Set<string>()
    let calls = 0
    const busy = verbsOf(provider, { ...marketplace, offer, machine: machine.externalId, bidMachine })
      // The machine stays; what comes and goes is launched and ended below.
      .filter(({ name }) => name !== 'terminate' && name !== 'launch')
      .flatMap((verb) => [verb, verb])
      .map(async ({ run }) => {
        while (rig.clock.now() < until) {
          calls += 1
          await run(provider).catch((error) => void kinds.add(error.kind ?? String(error)))
          await rig.clock.sleep(50)
        }
      })
    const comingAndGoing = [1, 2].map(async (worker) => {
      for (let round = 0; rig.clock.now() < until; round += 1) {
        const other = offers.offers[(round * 2 + worker) % offers.offers.length] ?? offer
        const order = anOrder(other, { label: `gf-contract-inst_1${worker}-${round}` })
        const launched = await provider.launch(order).catch((error) => void kinds.add(error.kind ?? String(error)))
        if (launched) await provider.terminate(launched.externalId).catch((error) => void kinds.add(error.kind))
        await rig.clock.sleep(secondMs)
      }
    })
    await rig.done(Promise.all([...busy, ...comingAndGoing]))

    const refused = rig.simulator.requests.filter(({ status }) => status === 429)
    expect(refused.map(({ method, path, at }) => `${method} ${path} ${at - until}`)).toEqual([])
    expect(rig.simulator.requests.length, `${calls} calls`).toBeGreaterThan(30)
    // Whatever else went wrong is about the machine or about our own patience, never about the key or the reply.
    for (const kind of kinds)
      expect(['rate_limited', 'not_now', 'no_capacity', 'rejected', 'unavailable']).toContain(kind)
  })

  test('waits that are too long are told instead of waited', async () => {
    const rig = aRig(marketplace)
    const looks = Array.from({ length: 2_000 }, () =>
      rig.provider.lookAt(marketplace.unknownId).then(
        () => 'done',
        (error) => error.failure,
      ),
    )
    const answers = await rig.done(Promise.all(looks))
    const refused = answers.filter((answer) => answer !== 'done')
    expect(refused.length).toBeGreaterThan(0)
    for (const failure of refused) {
      expect(failure.kind).toBe('rate_limited')
      expect(failure.retryAfterMs).toBeGreaterThan(0)
    }
    expect(rig.simulator.requests.filter(({ status }) => status === 429)).toEqual([])
  })
})
