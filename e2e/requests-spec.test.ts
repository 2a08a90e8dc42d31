/**
 * What our clients send, and what the simulators answer, against the marketplaces' own OpenAPI documents. They are
 * evidence from `../shared` (`REFERENCE_DIR`) and no part of the repository; without them there is nothing to check.
 */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { ProviderName } from '../server/src/core/providers.ts'
import { dayMs, minuteMs } from '../server/src/core/time.ts'
import { type Case, cases } from '../server/src/providers/contract/cases.ts'
import { anOrder, aRig, onstart, publicKey, type Rig, wrongKey } from '../server/src/providers/contract/rig.ts'
import { verbsOf } from '../server/src/providers/contract/verbs.ts'
import type { Simulator } from '../simulators/kit/controlled.ts'
import { type Difference, type Exchange, mergePatched, readDocument, type Spec, specFrom } from './spec-check.ts'
import { aWorld } from './world.ts'

const folder = join(process.env.REFERENCE_DIR ?? new URL('../../shared', import.meta.url).pathname, 'providers/specs')
const isHere = existsSync(folder)
if (!isHere)
  console.warn(`requests-spec: no ${folder}; set REFERENCE_DIR to check requests against the official documents`)

const specOf: Record<ProviderName, () => Spec> = {
  vast: () => specFrom(readDocument(join(folder, 'vast.openapi.yaml'))),
  runpod: () =>
    specFrom(
      mergePatched(
        readDocument(join(folder, 'runpod.openapi.json')),
        readDocument(join(folder, 'runpod.openapi.later.merge-patch.json')),
      ),
    ),
  lambda: () => specFrom(readDocument(join(folder, 'lambda.openapi.json'))),
  paperspace: () => specFrom(readDocument(join(folder, 'paperspace.openapi.json'))),
  novita: () => specFrom(readDocument(join(folder, 'novita.openapi.yaml'))),
}

/** What differs on purpose. `source` is the file in `providers/` of the reference folder that says so. */
interface Deviation {
  side: Difference['side']
  call: RegExp
  what: RegExp
  reason: string
  source: string
}

const deviations: Record<ProviderName, Deviation[]> = {
  vast: [
    {
      side: 'request',
      call: / \/api\//,
      what: /^a slash at the end of the path$/,
      reason: 'without it some routes redirect, and a redirect loses the body; every real client sends it',
      source: 'vast.md 1.1',
    },
    {
      side: 'request',
      call: /^PUT \/api\/v0\/asks\/\{id\}$/,
      what: /^body\.env must be string$/,
      reason:
        'an object of variables and docker flags: the document says text, every production client and the guide send this',
      source: 'vast.md 2.2',
    },
    {
      side: 'request',
      call: /^PUT \/api\/v0\/asks\/\{id\}$/,
      what: /^body client_id is not declared$/,
      reason: '"me": every real client sends it, the document no longer lists it',
      source: 'vast.md 2.2',
    },
    {
      side: 'request',
      call: /^POST \/api\/v0\/bundles$/,
      what: /^body\.order must NOT have fewer than 2 items$/,
      reason:
        'one pair of field and direction in an outer list; the document puts the two items of the pair on the outer list',
      source: 'vast.md 2.1',
    },
    {
      side: 'request',
      call: /^POST \/api\/v0\/bundles$/,
      what: /^body ask_contract_id is not declared$/,
      reason: 'the one filter by offer that is known to work in production; `id` matches nothing',
      source: 'vast.md 2.1',
    },
    {
      side: 'request',
      call: /^PUT \/api\/v0\/instances\/reboot\/\{id\}$/,
      what: /^an empty body is not declared$/,
      reason: 'clients send `{}` when there is nothing to say',
      source: 'vast.md 1.1, 2.6',
    },
    {
      side: 'request',
      call: /^GET \/vast\.ai\/instance_logs\//,
      what: /^the path is not in the document$/,
      reason: 'where `result_url` leads: a file at another company, without our key',
      source: 'vast.md 2.9',
    },
    {
      side: 'request',
      call: /^(GET|DELETE) \/api\/v0\/volumes$/,
      what: /^query (owner|type|id) is not declared$/,
      reason:
        'the words of the official client; a volume is ended by its id in the query and, as declared, in the body',
      source: 'vast.md 2.12',
    },
    {
      side: 'reply',
      call: /^GET \/api\/v0\/volumes$/,
      what: /^200\.volumes\[\]\.instances\[\] must be object$/,
      reason:
        'numbers of instances: a guess of the simulator; the document does not say what the objects hold, we read both',
      source: 'vast.md 2.12',
    },
    {
      side: 'reply',
      call: /^DELETE \/api\/v0\/volumes$/,
      what: /^status 401 is not declared$/,
      reason: 'an unknown key: 401 on some routes, 404 on others',
      source: 'vast.md 1.2',
    },
    {
      side: 'reply',
      call: /^(DELETE|PUT) \/api\/v0\/instances\//,
      what: /^status 401 is not declared$/,
      reason: 'an unknown key: 401 on routes of a single instance',
      source: 'vast.md 1.2',
    },
    {
      side: 'reply',
      call: /^GET \/api\/v1\/instances$/,
      what: /^status 404 is not declared$/,
      reason: 'an unknown key: 404 with auth_error, seen on this list',
      source: 'vast.md 1.2',
    },
    {
      side: 'reply',
      call: /^GET \/api\/v0\/instances\/\{id\}$/,
      what: /^200\.instances must be object$/,
      reason: 'null for a destroyed instance, or one of somebody else',
      source: 'vast.md 2.4',
    },
    {
      side: 'reply',
      call: /^GET \/api\/v0\/instances\/\{id\}$/,
      what: /^200\.instances\.(extra_env\[\] must be string|ports must be array)$/,
      reason: 'pairs and an object, as the list declares them and every production client reads them',
      source: 'vast.md 4.2, "Against the saved spec"',
    },
    {
      side: 'reply',
      call: /^GET \/api\/v1\/instances$/,
      what: /^200\.instances\[\]\.onstart must be string$/,
      reason: 'null for a machine without a script: a guess of the simulator, which our client does not read',
      source: 'vast.md 4.2: all keys are optional',
    },
  ],
  runpod: [
    {
      side: 'request',
      call: /^POST \/graphql$/,
      what: /^the path is not in the document$/,
      reason: 'the balance, which REST does not have; GraphQL has no official schema',
      source: 'runpod.md 0, 2.6, 3.1',
    },
  ],
  lambda: [],
  paperspace: [
    {
      side: 'request',
      call: /^PATCH \/machines\/\{id\}\/(start|stop|restart)$/,
      what: /^an empty body is not declared$/,
      reason: 'the server chokes on a JSON content type without a body; `{}` is what the official CLI sends',
      source: 'paperspace.md 1',
    },
  ],
  // Not official: a reconstruction of v1 by its users. Where it differs, pages of Novita and live captures win.
  novita: [
    {
      side: 'request',
      call: /^GET \/openapi\/v1\/billing\//,
      what: /^the path is not in the document$/,
      reason: 'the account has another namespace, which the reconstruction leaves out',
      source: 'novita.md 1, 2.6',
    },
    {
      side: 'reply',
      call: /^GET \/products$/,
      what: /[pP]rice must be integer$/,
      reason: 'prices are texts on the wire',
      source: 'novita.md 2.1',
    },
    {
      side: 'reply',
      call: /^GET \/gpu\/instances?$/,
      what: /spotStatus must be equal to one of the allowed values/,
      reason: 'an empty text on a machine that is not spot',
      source: 'novita.md 3, "Spot on the wire"',
    },
    {
      side: 'reply',
      call: /^GET \/gpu\/instance$/,
      what: /^200\.node must be object,null$/,
      reason: "a list on Novita's own pages, an object in the reconstruction",
      source: 'novita.md 4',
    },
    {
      side: 'reply',
      call: /^POST \/gpu\/instance\/delete$/,
      what: /^status 400 is not declared$/,
      reason: '"invalid state change" for a second delete',
      source: 'novita.md 2.4',
    },
    {
      side: 'reply',
      call: /^GET \/gpu\/instances?$/,
      what: /^200(\.instances\[\])?\.volumeMounts\[\]\.size must be string,null$/,
      reason: "a number on Novita's own pages, a text in the reconstruction",
      source: 'novita.md 2.3',
    },
    {
      side: 'reply',
      call: /^POST \/networkstorage\/delete$/,
      what: /^status 400 is not declared$/,
      reason: 'a thing that is not there: the table of errors says 400 with RESOURCE_NOT_FOUND',
      source: 'novita.md 2.3, 4',
    },
  ],
}

const rest = cases.filter(({ name }) => name !== 'runpod over GraphQL')

describe.runIf(isHere).each(rest)('$name', (marketplace) => {
  const exchanges: Exchange[] = []

  test('a whole life in the product is recorded', async () => {
    exchanges.push(...(await aLifeInTheProduct(marketplace)))
    expect(exchanges.length).toBeGreaterThan(10)
  })

  test('every verb is recorded, as it goes well and as it is refused', async () => {
    const before = exchanges.length
    exchanges.push(...(await everyVerb(marketplace)))
    expect(exchanges.length).toBeGreaterThan(before + 20)
  })

  test('requests and replies are as the document says, but for what is listed', () => {
    const spec = specOf[marketplace.provider]()
    const listed = deviations[marketplace.provider]
    const used = new Set<Deviation>()
    const unlisted = new Set<string>()
    for (const exchange of exchanges) {
      for (const difference of spec.differencesOf(exchange)) {
        const deviation = listed.find(({ side, call, what }) => {
          return side === difference.side && call.test(difference.call) && what.test(difference.what)
        })
        if (deviation) used.add(deviation)
        else unlisted.add(`${difference.side} ${difference.call}: ${difference.what}`)
      }
    }
    expect([...unlisted].toSorted()).toEqual([])
    expect(
      listed.filter((one) => !used.has(one)).map(({ call, what }) => `${call} ${what}`),
      'never met',
    ).toEqual([])
  })

  test('requests say who sends them, and carry JSON as JSON', () => {
    for (const { headers, body } of exchanges) {
      expect(headers['user-agent']).toMatch(/^gpufleet\//)
      if (body !== '') expect(headers['content-type']).toBe('application/json')
    }
  })
})

async function aLifeInTheProduct({ provider, model }: Case): Promise<Exchange[]> {
  const world = await aWorld({ providers: [provider] })
  try {
    const recorded = recording(world.simulators[provider])
    calm[provider]((control, body) => world.order(provider, control, body))
    await world.until(async () => {
      const search = await world.call('GET', `/api/v1/offers/search?gpu_model=${encodeURIComponent(model)}&disk_gb=50`)
      return search.body.data.length > 0
    }, 2 * minuteMs)
    const launched = await world.call('POST', '/api/v1/instances', {
      gpu_model: model,
      disk_gb: 50,
      image: 'vllm/vllm-openai:latest',
      environment: { HF_TOKEN: 'hf_secret_value' },
      ports: [{ container_port: 8000, protocol: 'tcp' }],
      ssh_public_key: publicKey,
      label: 'spec',
    })
    expect(launched.status, JSON.stringify(launched.body)).toBe(201)
    const { id } = launched.body.data
    await world.untilStatus(id, 'ready', 40 * minuteMs)
    await world.pass(2 * minuteMs)
    if ((await world.call('POST', `/api/v1/instances/${id}/stop`)).status === 200) {
      await world.untilStatus(id, 'stopped', 20 * minuteMs)
      expect((await world.call('POST', `/api/v1/instances/${id}/start`)).status).toBe(200)
      await world.untilStatus(id, 'ready', 20 * minuteMs)
    }
    expect((await world.call('DELETE', `/api/v1/instances/${id}`)).status).toBe(200)
    await world.untilStatus(id, 'terminated', 20 * minuteMs)
    return recorded
  } finally {
    await world.close()
  }
}

async function everyVerb(marketplace: Case): Promise<Exchange[]> {
  const rig = aRig(marketplace)
  const recorded = recording(rig.simulator)
  const { provider } = rig
  const { abilities } = provider.describe()
  const began = rig.clock.now()
  const tried = (work: Promise<unknown>) => rig.done(work.catch(() => {}))

  // More than one page everywhere; at Paperspace more than the usual account may have.
  if (provider.name === 'paperspace') rig.order('special/quota', { maxMachines: 500 })
  for (let number = 0; number < 130; number += 1) rig.order('foreign-machine', { label: `foreign-${number}` })
  await rig.done(provider.searchOffers({ models: [], markets: ['on_demand', 'spot'], diskGb: 50 }))
  const { machine } = await rig.running({
    onstartScript: onstart,
    registryAuth: { server: 'ghcr.io', username: 'acme', password: 'ghp_contract_registry_password' },
    ports: [
      { containerPort: 8000, protocol: 'tcp' },
      { containerPort: 8888, protocol: 'http' },
    ],
  })
  const bidMachine = abilities.hasSpot ? await aSpotMachine(rig) : undefined
  const known = {
    ...marketplace,
    offer: await rig.anOffer(),
    machine: machine.externalId,
    ...(bidMachine && { bidMachine }),
  }
  const inOrder = verbsOf(provider, known).filter(({ name }) => name !== 'terminate')
  for (const { run } of inOrder) {
    await tried(run(provider))
    await rig.pass(5 * minuteMs)
  }
  for (const { simulated } of marketplace.beside.kinds) {
    rig.order('special/foreign-thing', { kind: simulated, name: 'left behind' })
    if (marketplace.beside.showsUse.includes(simulated)) {
      const user = rig.order('foreign-machine', { label: 'uses-it' }).machine
      rig.order('special/foreign-thing', { kind: simulated, name: 'in use', attachedTo: user })
    }
  }
  for (const thing of await rig.done(provider.lookAround())) await tried(provider.endThing(thing))
  // As refusals look: of a stranger, of a machine that is nobody's, of an offer that is gone, of a busy marketplace.
  const stranger = rig.another(wrongKey)
  for (const { run } of verbsOf(stranger, known)) await tried(run(stranger))
  for (const { run } of verbsOf(provider, { ...known, machine: marketplace.unknownId })) await tried(run(provider))
  rig.order('sell-out', marketplace.sellOut)
  await tried(provider.launch(anOrder(await rig.anOffer(), { label: 'gf-contract-inst_09-1' })))
  if (bidMachine) await tried(provider.terminate(bidMachine))
  await rig.done(provider.terminate(machine.externalId))
  for (let look = 0; look < 5; look += 1) {
    await tried(provider.lookAt(machine.externalId))
    await rig.pass(minuteMs)
  }
  await rig.pass(dayMs)
  await rig.done(provider.bill({ from: began, until: rig.clock.now() }))
  return recorded
}

async function aSpotMachine(rig: Rig): Promise<string> {
  const offer = await rig.anOffer('spot')
  const bidPerHour = rig.provider.describe().abilities.hasBids ? offer.pricePerHour : null
  return (await rig.running({ offer, bidPerHour, label: 'gf-contract-inst_05-1' })).machine.externalId
}

/** Everything that the simulator is asked from now on; not its controls. */
function recording(simulator: Simulator): Exchange[] {
  const exchanges: Exchange[] = []
  const { handle } = simulator
  simulator.handle = (request) => {
    const reply = handle(request)
    if (!request.path.startsWith('/_control')) exchanges.push({ ...request, reply })
    return reply
  }
  return exchanges
}

const calm: Record<ProviderName, (order: (control: string, body?: unknown) => unknown) => void> = {
  vast: (order) => order('special/calm'),
  runpod: (order) => order('special/switch', { startFailureRate: 0, capacityFailureRate: 0 }),
  lambda: (order) => order('special/settings', { refusedLaunchShare: 0, bootTerminatedShare: 0, bootStuckShare: 0 }),
  paperspace: (order) => order('special/calm'),
  novita: (order) => order('special/chances', { calm: true }),
}
