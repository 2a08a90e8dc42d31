import { describe, expect, test } from 'vitest'
import type { Fault } from '../../../../simulators/kit/faults.ts'
import { ProviderError } from '../provider.ts'
import { cases } from './cases.ts'
import { anOrder, apiKey, aRig, everythingOf, type Rig, token, wrongKey } from './rig.ts'
import { verbsOf } from './verbs.ts'

const password = 'ghp_contract_registry_password'
const script = 'export WANDB_KEY=wandb_contract_4711 && echo started'
const secrets = [apiKey, wrongKey, token, password, 'wandb_contract_4711']

describe.each(cases)('$name', (marketplace) => {
  const registryAuth = marketplace.lacks.includes('registryAuth')
    ? null
    : { server: 'ghcr.io', username: 'acme', password }
  const onstartScript = marketplace.lacks.includes('onstartScript') ? null : script

  /** Everything that is thrown. */
  async function thrownBy(rig: Rig, work: Promise<unknown>): Promise<unknown> {
    return rig.done(
      work.then(
        () => undefined,
        (error: unknown) => error,
      ),
    )
  }

  const faults: Fault[] = [
    { kind: 'lose_reply' },
    { kind: 'refuse' },
    { kind: 'garbage' },
    { kind: 'html' },
    { kind: 'late', delayMs: 300_000 },
  ]
  const statuses = [200, 400, 401, 402, 403, 404, 409, 410, 413, 422, 429, 500, 503]
  const troubles: [string, (rig: Rig) => void][] = [
    ...faults.map((fault): [string, (rig: Rig) => void] => [fault.kind, (rig) => rig.fault(fault)]),
    ...statuses.flatMap((status): [string, (rig: Rig) => void][] => [
      [`${status}`, (rig) => rig.repeating(status, secrets)],
      // What comes before a launch goes well, so that the launch itself is refused.
      [`${status} at the launch`, (rig) => rig.repeating(status, secrets, marketplace.rent)],
    ]),
  ]

  test('no secret is in any error, whatever comes back', async () => {
    const rig = aRig(marketplace)
    const { machine } = await rig.running({ registryAuth, onstartScript })
    const offer = await rig.anOffer()
    const order = anOrder(offer, { label: 'gf-contract-inst_02-1', registryAuth, onstartScript })
    let errors = 0
    for (const [what, begin] of troubles) {
      begin(rig)
      const provider = rig.another()
      const verbs = verbsOf(provider, { ...marketplace, offer, machine: machine.externalId })
      const works = verbs.map(
        ({ name, run }) =>
          () =>
            name === 'launch' ? provider.launch(order) : run(provider),
      )
      for (const work of works) {
        const error = await thrownBy(rig, work())
        if (error === undefined) continue
        errors += 1
        const text = everythingOf(error)
        if (!(error instanceof ProviderError)) throw error
        for (const secret of secrets) expect(text, what).not.toContain(secret)
      }
      rig.faultless()
      rig.repeating(null)
    }
    expect(errors).toBeGreaterThan(100)
    expectCleanLog(rig)
  })

  test('no secret is in what a machine, an offer or a look shows', async () => {
    const rig = aRig(marketplace)
    const { machine } = await rig.running({ registryAuth, onstartScript })
    const offers = await rig.done(rig.provider.searchOffers({ models: [], markets: ['on_demand'], diskGb: 50 }))
    const shown = everythingOf([machine, await rig.seen(machine.externalId), offers.offers.slice(0, 20)])
    for (const secret of secrets) expect(shown).not.toContain(secret)
    expect(shown).not.toMatch(/jupyter_token|instance_api_key|"password"|private_key/)
    expectCleanLog(rig)
  })

  test('no secret is in the address or the agent of a request, and the key travels in one header', async () => {
    const rig = aRig(marketplace)
    await rig.running({ registryAuth, onstartScript })
    expect(rig.sent.length).toBeGreaterThan(3)
    for (const { url, headers } of rig.sent) {
      for (const secret of secrets) expect(url).not.toContain(secret)
      const carrying = Object.entries(headers).filter(([, value]) => value.includes(apiKey))
      expect(carrying).toEqual([['authorization', `Bearer ${apiKey}`]])
      expect(headers['user-agent']).toBe('gpufleet/contract')
    }
  })

  function expectCleanLog(rig: Rig): void {
    const log = everythingOf(rig.lines)
    for (const secret of secrets) expect(log).not.toContain(secret)
  }
})
