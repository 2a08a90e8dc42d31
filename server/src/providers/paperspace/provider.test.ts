import { describe, expect, test } from 'vitest'
import { OutboundError } from '../../outbound/outbound.ts'
import { ProviderError } from '../provider.ts'
import bodies from './fixtures/errors.json' with { type: 'json' }
import lists from './fixtures/lists.json' with { type: 'json' }
import { createPaperspaceProvider } from './provider.ts'
import {
  type Answer,
  aMachine,
  aMarketplace,
  anEvent,
  anOffer,
  anOrder,
  aPage,
  json,
  label,
  machineId,
  notFound,
  now,
  templates,
} from './testing.ts'

const one = `GET /machines/${machineId}`
const change = (name: Parameters<typeof anEvent>[0], data = aMachine()) => json({ event: anEvent(name), data })

function aProvider(answers: Record<string, Answer | Answer[]>) {
  const marketplace = aMarketplace({
    'GET /os-templates': aPage(templates),
    'GET /startup-scripts': aPage([]),
    'GET /public-ips': aPage([]),
    'GET /machine-events': aPage([]),
    ...answers,
  })
  return { ...marketplace, provider: createPaperspaceProvider(marketplace.deps) }
}

async function kindOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => 'no error',
    (error) => (error instanceof ProviderError ? error.failure : error),
  )
}

describe('offers', () => {
  const query = { models: [], markets: ['on_demand' as const], diskGb: 50 }

  test('are the types that a template takes, in each region, with their availability', async () => {
    const { provider, requests } = aProvider({
      'GET /machine-availability': ({ url }) => json({ available: new URL(url).searchParams.get('region') === 'ny2' }),
    })

    const { offers, skipped, sampled } = await provider.searchOffers(query)

    expect(offers.map(({ externalId, available }) => [externalId, available])).toEqual([
      ['A100-80G|ny2', true],
      ['A100-80Gx8|ny2', true],
      ['A4000|ny2', true],
      ['A4000|ca1', false],
      ['A4000|ams1', false],
      ['GPU+|ny2', true],
      ['GPU+|ams1', false],
    ])
    expect(skipped).toMatchObject({ not_in_catalogue: 1 })
    expect(skipped.not_in_os_templates).toBeGreaterThan(10)
    expect(sampled).toBe(false)
    expect(new Set(requests.map(({ url }) => url)).size).toBe(requests.length)
  })

  test('are only asked for where they are wanted', async () => {
    const { provider, requests, sentTo } = aProvider({ 'GET /machine-availability': json({ available: true }) })

    expect((await provider.searchOffers({ ...query, markets: ['spot'] })).offers).toEqual([])
    expect(requests).toEqual([])
    const { offers } = await provider.searchOffers({ ...query, models: ['RTX A4000'] })
    expect(offers.map(({ externalId }) => externalId)).toEqual(['A4000|ny2', 'A4000|ca1', 'A4000|ams1'])
    expect(sentTo().filter((call) => call === 'GET /machine-availability')).toHaveLength(3)
  })

  test('one type that cannot be asked for is counted, a bad key ends the search', async () => {
    const { provider, answers } = aProvider({
      'GET /machine-availability': [json(bodies.invalid, 400), json({ available: true })],
    })

    const { offers, skipped } = await provider.searchOffers({ ...query, models: ['RTX A4000'] })
    expect([offers.length, skipped.availability_not_told]).toEqual([2, 1])

    answers['GET /machine-availability'] = json(bodies.badKey, 401)
    expect(await kindOf(provider.searchOffers(query))).toEqual({ kind: 'unauthorized' })
    answers['GET /machine-availability'] = json({ message: 'x', code: 'INTERNAL_SERVER_ERROR' }, 500)
    expect(await kindOf(provider.searchOffers(query))).toEqual({ kind: 'unavailable' })
  })

  test('a quote is the offer as it stands now, at the price of the asked disk', async () => {
    const { provider, answers } = aProvider({ 'GET /machine-availability': json({ available: true }) })

    const quoted = await provider.quote(anOffer(), { diskGb: 200 })
    expect(quoted).toMatchObject({ externalId: 'A4000|ny2', seenAt: now })
    expect(quoted.disk.pricePerGbHour).toBe(55_556n)

    answers['GET /machine-availability'] = json({ available: false })
    expect(await kindOf(provider.quote(anOffer(), { diskGb: 50 }))).toEqual({ kind: 'no_capacity' })
  })
})

describe('a launch', () => {
  const answers = {
    'POST /startup-scripts': json(lists.script),
    'POST /machines': change('createNew', aMachine({ state: 'provisioning' })),
    'DELETE /startup-scripts/s9k2hq1z': json(lists.script),
  }

  test('makes the start script, then the machine with it', async () => {
    const { provider, requests, sentTo } = aProvider(answers)

    const launched = await provider.launch(anOrder())

    expect(launched).toEqual({ externalId: machineId, pricePerHour: 760_000_000n })
    expect(sentTo()).toEqual(['GET /os-templates', 'POST /startup-scripts', 'POST /machines'])
    expect(requests[1]?.json).toMatchObject({ name: `${label} 8000/http`, isRunOnce: true })
    expect(requests[2]?.json).toMatchObject({ name: label, startupScriptId: lists.script.id, diskSize: 50 })
  })

  test('takes the template with Docker where the disk has room for it', async () => {
    const { provider, requests } = aProvider(answers)

    await provider.launch(anOrder({ diskGb: 60 }))
    expect(requests[2]?.json).toMatchObject({ templateId: 't6o7s2mj', diskSize: 100 })
  })

  test('that is refused leaves no start script behind', async () => {
    const { provider, sentTo } = aProvider({ ...answers, 'POST /machines': json(bodies.capacity, 412) })

    expect(await kindOf(provider.launch(anOrder()))).toEqual({ kind: 'no_capacity' })
    expect(sentTo().at(-1)).toBe('DELETE /startup-scripts/s9k2hq1z')
  })

  test('whose reply is lost keeps the script, since the machine may need it', async () => {
    const { provider, sentTo } = aProvider({ ...answers, 'POST /machines': new OutboundError('timeout', 'no answer') })

    expect(await kindOf(provider.launch(anOrder()))).toEqual({ kind: 'outcome_unknown' })
    expect(sentTo().at(-1)).toBe('POST /machines')
  })

  test('that fails within its own answer names the machine, which has to go', async () => {
    const failed = json({ event: anEvent('createFailed'), data: aMachine({ state: 'off' }) })
    const { provider } = aProvider({ ...answers, 'POST /machines': failed })

    expect(await kindOf(provider.launch(anOrder()))).toEqual({ kind: 'outcome_unknown', externalId: machineId })
  })

  test('that never got a start script has done nothing', async () => {
    const { provider, sentTo } = aProvider({ ...answers, 'POST /startup-scripts': new OutboundError('timeout', 'x') })

    expect(await kindOf(provider.launch(anOrder()))).toEqual({ kind: 'unavailable' })
    expect(sentTo()).not.toContain('POST /machines')
  })

  test.each([
    [{ diskGb: 3000 }, 'rejected'],
    [{ offer: { ...anOffer(), market: 'spot' as const } }, 'rejected'],
    [{ offer: { ...anOffer(), externalId: 'B200|ny2' } }, 'rejected'],
    [{ offer: { ...anOffer(), externalId: 'H100|ny2' } }, 'no_capacity'],
    [{ image: '-v' }, 'rejected'],
  ])('that cannot be done sends nothing: %#', async (changes, kind) => {
    const { provider, sentTo } = aProvider(answers)

    expect(await kindOf(provider.launch(anOrder(changes)))).toMatchObject({ kind })
    expect(sentTo()).not.toContain('POST /startup-scripts')
  })
})

describe('a look', () => {
  test('tells a failed create from a stop by the events', async () => {
    const off = (id: string) => aMachine({ id, state: 'off', publicIp: null })
    const { provider } = aProvider({
      'GET /machines': aPage([off('ps1'), off('ps2')]),
      'GET /machine-events': ({ url }) =>
        aPage(
          new URL(url).searchParams.get('machineId') === 'ps1'
            ? [anEvent('createFailed')]
            : [anEvent('stopDone'), anEvent('createDone')],
        ),
    })

    const { machines, at } = await provider.look()

    expect(at).toBe(now)
    expect(machines.map(({ phase, message }) => [phase, message?.slice(0, 5) ?? null])).toEqual([
      ['failed', 'Uh oh'],
      ['stopped', null],
    ])
  })

  test('asks for events only where something has changed', async () => {
    const { provider, sentTo, answers } = aProvider({
      'GET /machines': aPage([aMachine()]),
      'GET /machine-events': aPage([anEvent('createDone')]),
    })
    const eventCalls = () => sentTo().filter((call) => call === 'GET /machine-events').length

    await provider.look()
    await provider.look()
    expect(eventCalls()).toBe(1)

    answers['GET /machines'] = aPage([aMachine({ state: 'off', dtModified: '2026-09-30T12:01:00.000Z' })])
    answers['GET /machine-events'] = aPage([anEvent('stopDone'), anEvent('createDone')])
    expect((await provider.look()).machines[0]?.phase).toBe('stopped')
    await provider.look()
    expect(eventCalls()).toBe(2)
  })

  test('asks again while something is under way', async () => {
    const { provider, answers } = aProvider({
      'GET /machines': aPage([aMachine({ state: 'provisioning' })]),
      'GET /machine-events': aPage([anEvent('createNew')]),
    })

    expect((await provider.look()).machines[0]?.phase).toBe('starting')
    answers['GET /machine-events'] = aPage([anEvent('createFailed')])
    expect((await provider.look()).machines[0]?.phase).toBe('failed')
  })

  test('is still good when the events cannot be read, and concludes nothing from off', async () => {
    const { provider, answers } = aProvider({
      'GET /machines': aPage([aMachine({ state: 'off' })]),
      'GET /machine-events': json({ message: 'x', code: 'INTERNAL_SERVER_ERROR' }, 500),
    })

    const [machine] = (await provider.look()).machines
    expect(machine?.phase).toBe('unclear')
    expect(machine?.meters[0]?.state).toBe('unclear')

    answers['GET /machine-events'] = json(bodies.badKey, 401)
    expect(await kindOf(provider.look())).toEqual({ kind: 'unauthorized' })
  })

  test('knows the published ports after a restart of ours, with one call', async () => {
    const { provider, sentTo } = aProvider({
      'GET /machines': aPage([aMachine(), aMachine({ id: 'ps2', name: 'somebody else' })]),
      'GET /startup-scripts': aPage([lists.script]),
    })

    const [ours, other] = (await provider.look()).machines
    await provider.look()

    expect(ours?.endpoints).toEqual([
      { containerPort: 8000, protocol: 'http', host: '184.105.3.77', port: 8000, url: null },
    ])
    expect(other?.endpoints).toEqual([])
    expect(sentTo().filter((call) => call === 'GET /startup-scripts')).toHaveLength(1)
  })
})

describe('one machine', () => {
  test('is seen', async () => {
    const { provider } = aProvider({ [one]: json(aMachine()) })

    expect(await provider.lookAt(machineId)).toMatchObject({ kind: 'seen', machine: { phase: 'running' }, at: now })
  })

  test('is absent when they say so, whatever their other lists hold', async () => {
    const { provider } = aProvider({ [one]: notFound })

    expect(await provider.lookAt(machineId)).toEqual({ kind: 'absent', at: now })
  })

  test('that is gone is shown as ended, to the millisecond, when its events know it', async () => {
    const { provider } = aProvider({
      [one]: notFound,
      'GET /machine-events': aPage([anEvent('deactivateDone'), anEvent('createDone')]),
    })

    const until = Date.parse('2026-09-30T16:00:41.500Z')
    expect(await provider.lookAt(machineId)).toMatchObject({
      kind: 'seen',
      machine: {
        phase: 'ended',
        meters: [
          { kind: 'gpu', state: 'off', until },
          { kind: 'disk', state: 'off', until },
        ],
      },
    })
  })

  test('that is gone leaves nothing behind', async () => {
    const { provider, sentTo } = aProvider({
      [one]: notFound,
      'GET /startup-scripts': aPage([lists.script]),
      'DELETE /startup-scripts/s9k2hq1z': json(lists.script),
    })

    await provider.lookAt(machineId)
    expect(sentTo()).toContain('DELETE /startup-scripts/s9k2hq1z')
  })

  test.each([
    ['a page of something else', { status: 404, headers: {}, text: '<html>', json: undefined, retryAfterMs: null }],
    ['a bad key', json(bodies.badKey, 401)],
    ['trouble of theirs', json({ message: 'x', code: 'INTERNAL_SERVER_ERROR' }, 500)],
  ])('is never absent because of %s', async (_, answer) => {
    const { provider } = aProvider({ [one]: answer })

    await expect(provider.lookAt(machineId)).rejects.toBeInstanceOf(ProviderError)
  })

  test('another machine than the one asked for is no news of it', async () => {
    const { provider } = aProvider({ [one]: json(aMachine({ id: 'other' })) })

    expect(await provider.lookAt(machineId)).toMatchObject({ kind: 'unknown' })
  })
})

describe('stop and start', () => {
  test.each([
    ['stop', 'off'],
    ['stop', 'stopping'],
    ['start', 'ready'],
    ['start', 'starting'],
    ['start', 'provisioning'],
  ] as const)('%s of a machine that is %s sends nothing', async (action, state) => {
    const { provider, sentTo } = aProvider({ [one]: json(aMachine({ state })) })

    await provider[action](machineId)
    expect(sentTo()).toEqual([one])
  })

  test('are sent otherwise, and a refusal because it is under way counts as accepted', async () => {
    const { provider, sentTo } = aProvider({
      [one]: json(aMachine({ state: 'off' })),
      [`PATCH /machines/${machineId}/start`]: json(bodies.busy, 400),
    })

    await provider.start(machineId)
    expect(sentTo()).toEqual([one, `PATCH /machines/${machineId}/start`])
  })

  test('a refusal because of the opposite is none', async () => {
    const { provider } = aProvider({
      [one]: json(aMachine()),
      [`PATCH /machines/${machineId}/stop`]: json(bodies.busy, 400),
    })

    expect(await kindOf(provider.stop(machineId))).toEqual({ kind: 'not_now' })
  })

  test('a start that fails within its own answer for want of capacity says so', async () => {
    const { provider } = aProvider({
      [one]: json(aMachine({ state: 'off' })),
      [`PATCH /machines/${machineId}/start`]: change('startFailed'),
    })

    expect(await kindOf(provider.start(machineId))).toEqual({ kind: 'no_capacity' })
  })

  test('of a machine that is gone are not now', async () => {
    const { provider } = aProvider({ [one]: notFound })

    expect(await kindOf(provider.stop(machineId))).toEqual({ kind: 'not_now' })
  })

  test('a restart is sent with a body', async () => {
    const { provider, requests } = aProvider({ [`PATCH /machines/${machineId}/restart`]: change('startDone') })

    await provider.restart(machineId)
    expect(requests[0]).toMatchObject({ method: 'PATCH', json: {} })
  })
})

describe('the end of a machine', () => {
  const remove = `DELETE /machines/${machineId}`
  const leftovers = {
    'GET /startup-scripts': aPage([
      lists.script,
      { ...lists.script, id: 'other', name: 'mine', assignedMachineIds: [] },
    ]),
    'GET /public-ips': aPage([lists.publicIp, { ...lists.publicIp, ip: '184.105.3.91', assignedMachineId: 'other' }]),
    'DELETE /startup-scripts/s9k2hq1z': json(lists.script),
    'DELETE /public-ips/184.105.3.90': json({ ip: '184.105.3.90' }),
  }

  test('is asked for, and what it leaves behind goes only once it is gone', async () => {
    const { provider, sentTo, answers, requests } = aProvider({
      ...leftovers,
      [one]: json(aMachine()),
      [remove]: change('deactivateDone'),
    })

    await provider.terminate(machineId)
    expect(sentTo()).toEqual([one, remove, one])

    answers[one] = notFound
    requests.length = 0
    await provider.terminate(machineId)
    expect(sentTo()).toEqual([
      one,
      'GET /public-ips',
      'DELETE /public-ips/184.105.3.90',
      'GET /startup-scripts',
      'DELETE /startup-scripts/s9k2hq1z',
    ])
  })

  test('finds the script by its name and the address by its machine when nothing is assigned any more', async () => {
    const { provider, answers, sentTo } = aProvider({
      ...leftovers,
      'GET /startup-scripts': aPage([
        { ...lists.script, assignedMachineIds: [], dtCreated: '2026-09-30T16:00:00.000Z' },
      ]),
      'GET /public-ips': aPage([{ ...lists.publicIp, assignedMachineId: undefined }]),
      [one]: [json(aMachine({ publicIpType: 'static', publicIp: '184.105.3.90' })), notFound],
      [remove]: change('deactivateDone'),
    })

    await provider.terminate(machineId)
    expect(sentTo()).toContain('DELETE /public-ips/184.105.3.90')
    expect(sentTo()).toContain('DELETE /startup-scripts/s9k2hq1z')
    answers[one] = notFound
  })

  test('is accepted for a machine that nobody knows', async () => {
    const { provider, sentTo } = aProvider({ [one]: notFound })

    await provider.terminate(machineId)
    await provider.terminate(machineId)
    expect(sentTo().filter((call) => call.startsWith('DELETE'))).toEqual([])
  })

  test('removes scripts of launches that never became a machine, and no younger ones', async () => {
    const orphan = { ...lists.script, id: 'old', name: 'gf-home-inst_x-1', assignedMachineIds: [] }
    const young = { ...orphan, id: 'young', dtCreated: '2026-09-30T15:30:00.000Z' }
    const inUse = { ...orphan, id: 'used', assignedMachineIds: ['ps9'] }
    const { provider, sentTo } = aProvider({
      [one]: notFound,
      'GET /startup-scripts': aPage([orphan, young, inUse]),
      'DELETE /startup-scripts/old': notFound,
    })

    await provider.terminate(machineId)
    expect(sentTo().filter((call) => call.startsWith('DELETE'))).toEqual(['DELETE /startup-scripts/old'])
  })

  test('is not accepted while the machine refuses it', async () => {
    const { provider } = aProvider({ [one]: json(aMachine()), [remove]: json(bodies.busy, 400) })

    expect(await kindOf(provider.terminate(machineId))).toEqual({ kind: 'not_now' })
  })

  test('an id that is none never reaches a path', async () => {
    const { provider, requests } = aProvider({})

    expect(await kindOf(provider.terminate('../startup-scripts'))).toEqual({ kind: 'rejected' })
    expect(requests).toEqual([])
  })
})

test('what Paperspace does not have is refused, and its balance is not told', async () => {
  const { provider } = aProvider({ 'GET /auth/session': json({ team: { id: 't1' } }) })

  expect(await provider.balance()).toBeNull()
  for (const work of [
    provider.changeBid(machineId, anOffer().pricePerHour),
    provider.logs(machineId, { tail: 10 }),
    provider.sshKeys(),
    provider.addSshKey({ name: 'me', publicKey: 'x' }),
  ]) {
    expect(await kindOf(work)).toEqual({ kind: 'rejected' })
  }
})

test('words are translated both ways, unknown ones are errors', () => {
  const { provider } = aProvider({})

  expect(provider.gpuSpellings('RTX A4000')).toEqual(['A4000'])
  expect(() => provider.gpuSpellings('RTX 4090')).toThrow(RangeError)
  expect(provider.regionSpellings('europe-west')).toEqual(['ams1'])
  expect(() => provider.regionSpellings('africa')).toThrow(RangeError)
  expect(provider.regionFrom('East Coast (NY2)')).toBe('us-east')
  expect(() => provider.regionFrom('Moon')).toThrow(RangeError)
  for (const region of provider.describe().regions) expect(provider.regionSpellings(region)).not.toEqual([])
})

test('no error and no request but its header holds the key', async () => {
  const { provider, requests, deps } = aProvider({ 'GET /machines': json(bodies.badKey, 401) })

  const error = await provider.look().catch((thrown) => thrown)
  const key = deps.apiKey.reveal()
  expect(`${error} ${error.stack}`).not.toContain(key)
  expect(JSON.stringify(requests.map(({ headers: _, ...rest }) => rest))).not.toContain(key)
})
