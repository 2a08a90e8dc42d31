import { describe, expect, test } from 'vitest'
import type { Fault } from '../../../../simulators/kit/faults.ts'
import type { ProviderFailure } from '../provider.ts'
import { cases } from './cases.ts'
import { anOrder, aRig, type Rig, wrongKey } from './rig.ts'
import { verbsOf } from './verbs.ts'

describe.each(cases)('$name', (marketplace) => {
  async function ready(): Promise<{ rig: Rig; offer: Awaited<ReturnType<Rig['anOffer']>>; machine: string }> {
    const rig = aRig(marketplace)
    const { machine } = await rig.running()
    return { rig, offer: await rig.anOffer(), machine: machine.externalId }
  }

  /** runpod.md 0 and 2.6: the balance comes from a dying API, is "tolerated to fail", and is unknown then. */
  const readsNoTrouble = (verb: string) => marketplace.provider === 'runpod' && verb === 'balance'

  const get = { method: marketplace.list.method, path: marketplace.list.path }

  const afterTheDeed: [string, Fault][] = [
    ['the connection breaks', { kind: 'lose_reply' }],
    ['it says 500', { kind: 'status_after', status: 500, body: '{}' }],
    ['a proxy says 502', { kind: 'status_after', status: 502, contentType: 'text/html', body: '<h1>Bad Gateway</h1>' }],
    ['it says 503', { kind: 'status_after', status: 503, body: '' }],
    ['a proxy says 504', { kind: 'status_after', status: 504, contentType: 'text/html', body: '<h1>Time-out</h1>' }],
    ['the body is cut', { kind: 'garbage' }],
    ['the body is empty', { kind: 'status_after', status: 200, body: '' }],
    ['the body is a page', { kind: 'status_after', status: 200, contentType: 'text/html', body: '<h1>Hello</h1>' }],
    ['the body is {}', { kind: 'status_after', status: 200, body: '{}' }],
    ['it answers much too late', { kind: 'late', delayMs: 300_000 }],
  ]
  test.each(afterTheDeed)('a launch after which %s is outcome_unknown, and found by its label', async (_, fault) => {
    const rig = aRig(marketplace)
    const order = anOrder(await rig.anOffer())
    rig.fault({ ...fault, ...marketplace.rent, times: 1 })
    const failure = await rig.failure(rig.provider.launch(order))
    expect(failure.kind).toBe('outcome_unknown')
    const made = rig.ours()
    expect(made, 'sent once').toHaveLength(1)
    if (failure.kind === 'outcome_unknown' && failure.externalId) expect(failure.externalId).toBe(made[0]?.id)

    const found = await rig.until(async () => {
      const { machines } = await rig.done(rig.another().look())
      return machines.find(({ label }) => label === order.label)
    }, rig.provider.describe().abilities.listLagMs)
    expect(found.externalId).toBe(made[0]?.id)
  })

  const instead: [string, Fault][] = [
    ['the connection breaks', { kind: 'refuse' }],
    ['a proxy says 502', { kind: 'html' }],
    ['it says 500', { kind: 'status', status: 500, body: '{}' }],
    ['it says 408', { kind: 'status', status: 408, body: '{}' }],
    ['it answers with a page', { kind: 'html', status: 200 }],
  ]
  test.each(instead)('a launch that never arrives is not repeated when %s', async (_, fault) => {
    const rig = aRig(marketplace)
    const order = anOrder(await rig.anOffer())
    rig.fault({ ...fault, ...marketplace.rent, times: 1 })
    expect((await rig.failure(rig.provider.launch(order))).kind).toBe('outcome_unknown')
    await rig.pass(10 * 60_000)
    expect(rig.ours()).toEqual([])
  })

  test('a refused connection is unavailable, for every verb, and nothing is made', async () => {
    const { rig, offer, machine } = await ready()
    const before = rig.ours()
    for (const verb of verbsOf(rig.provider, { ...marketplace, offer, machine })) {
      // A new process each time: the breaker of one that has failed often enough does not even try.
      const provider = rig.another()
      rig.cut(true)
      if (readsNoTrouble(verb.name)) continue
      expect(await kindOf(rig, verb.run(provider)), verb.name).toBe('unavailable')
      rig.cut(false)
    }
    expect(rig.ours()).toEqual(before)
  })

  test('a 429 on a launch is rate_limited, and never makes two machines', async () => {
    const rig = aRig(marketplace)
    const order = anOrder(await rig.anOffer())
    rig.fault({ kind: 'status', status: 429, body: '{}', ...marketplace.rent, times: 1 })
    const failure = await rig.failure(rig.provider.launch(order))
    expect(failure.kind).toBe('rate_limited')
    if (failure.kind === 'rate_limited') {
      expect(failure.retryAfterMs).toBeGreaterThan(0)
      await rig.pass(failure.retryAfterMs)
    }
    expect(rig.ours()).toEqual([])
    await rig.done(rig.provider.launch(order))
    expect(rig.ours()).toHaveLength(1)
  })

  test('a 429 on a read passes, obeys Retry-After, and is rate_limited when it lasts', async () => {
    const { rig, machine } = await ready()
    rig.fault({ kind: 'status', status: 429, body: '{}', headers: { 'retry-after': '7' }, ...get, times: 1 })
    const before = rig.clock.now()
    const { machines } = await rig.done(rig.provider.look())
    expect(machines.map(({ externalId }) => externalId)).toContain(machine)
    expect(rig.clock.now() - before).toBeGreaterThanOrEqual(7_000)

    rig.fault({ kind: 'status', status: 429, body: '{}', headers: { 'retry-after': '3600' }, ...get })
    expect(await rig.failure(rig.provider.look())).toEqual({ kind: 'rate_limited', retryAfterMs: 3_600_000 })
  })

  test('a wrong key is unauthorized for every verb, and never an empty fleet', async () => {
    const { rig, offer, machine } = await ready()
    const before = rig.ours()
    const stranger = rig.another(wrongKey)
    for (const { name, run } of verbsOf(stranger, { ...marketplace, offer, machine })) {
      if (readsNoTrouble(name)) continue
      expect(await kindOf(rig, run(stranger)), name).toBe('unauthorized')
    }
    expect(rig.ours().map(({ id }) => id)).toEqual(before.map(({ id }) => id))
    expect((await rig.seen(machine)).phase).toBe('running')
  })

  const broken: [string, Fault][] = [
    ['a page with 200', { kind: 'html', status: 200 }],
    ['a page with 502', { kind: 'html' }],
    ['a page with 403', { kind: 'html', status: 403 }],
    ['a page with 404', { kind: 'html', status: 404 }],
    ['a cut body', { kind: 'garbage' }],
    ['an empty body', { kind: 'status', status: 200, body: '' }],
    ['{}', { kind: 'status', status: 200, body: '{}' }],
    ['[]', { kind: 'status', status: 200, body: '[]' }],
    ['null', { kind: 'status', status: 200, body: 'null' }],
    ['an error with 200', { kind: 'status', status: 200, body: '{"error":"oops","message":"oops","code":"OOPS"}' }],
    ['410', { kind: 'status', status: 410, body: '{"success":false,"error":"deprecated_endpoint","msg":"gone"}' }],
    ['500', { kind: 'status', status: 500, body: '{}' }],
    ['a redirect', { kind: 'status', status: 308, body: '', headers: { location: 'https://elsewhere.test/' } }],
    ['nothing for a long time', { kind: 'late', delayMs: 600_000 }],
    ['a broken connection', { kind: 'refuse' }],
  ]
  const kindsForBroken: readonly ProviderFailure['kind'][] = [
    'unexpected_reply',
    'unavailable',
    'unauthorized',
    'rejected',
  ]

  test.each(broken)('a list that is %s is an error, never an empty fleet', async (_, fault) => {
    const { rig } = await ready()
    rig.fault({ ...fault, ...get })
    expect(kindsForBroken).toContain((await rig.failure(rig.provider.look())).kind)
  })

  test.each(broken)('a market that is %s is an error, never an empty market', async (_, fault) => {
    const rig = aRig(marketplace)
    rig.fault({ ...fault, path: marketplace.search.path })
    const query = { models: [], markets: ['on_demand'] as const, diskGb: 50 }
    expect(kindsForBroken).toContain((await rig.failure(rig.provider.searchOffers(query))).kind)
  })

  test.each(marketplace.list.fields)('a list without %s is an error, never an empty fleet', async (field) => {
    const { rig } = await ready()
    rig.fault({ kind: 'drop_field', field, ...get })
    expect((await rig.failure(rig.provider.look())).kind).toBe('unexpected_reply')
  })

  test.each(marketplace.search.fields)('a market without %s is an error, never an empty market', async (field) => {
    const rig = aRig(marketplace)
    rig.fault({ kind: 'drop_field', field, path: marketplace.search.path })
    const query = { models: [], markets: ['on_demand'] as const, diskGb: 50 }
    expect((await rig.failure(rig.provider.searchOffers(query))).kind).toBe('unexpected_reply')
  })

  test('absent is never said of a live machine, whatever the answer', async () => {
    const { rig, machine } = await ready()
    const answers: Fault[] = [
      ...broken.map(([, fault]) => fault),
      ...[400, 401, 402, 403, 404, 405, 409, 410, 418, 422, 429, 500, 502, 503, 504].flatMap((status): Fault[] => [
        { kind: 'status', status, body: '' },
        { kind: 'status', status, body: '{}' },
        { kind: 'status', status, body: 'not found', contentType: 'text/plain' },
        { kind: 'status', status, body: '404 page not found', contentType: 'text/plain' },
        { kind: 'status', status, body: '{"message":"not found"}' },
        { kind: 'status', status, body: '{"success":false,"error":"auth_error","msg":"Invalid user key"}' },
      ]),
      ...marketplace.one(machine).fields.map((field): Fault => ({ kind: 'drop_field', field })),
    ]
    for (const answer of answers) {
      if (marketplace.saysAbsent(answer)) continue
      rig.faultless()
      rig.fault({ ...answer, path: marketplace.one(machine).path })
      const provider = rig.another()
      const said = await rig.done(
        provider.lookAt(machine).then(
          ({ kind }) => kind,
          ({ kind }) => `error: ${kind}`,
        ),
      )
      expect(said, JSON.stringify(answer)).not.toBe('absent')
      expect(said, JSON.stringify(answer)).not.toBe('error: undefined')
    }
    rig.faultless()
    expect((await rig.seen(machine)).phase).toBe('running')
  })

  test('a change whose answer is lost is outcome_unknown or repeated, and a repeat is harmless', async () => {
    const { rig, machine } = await ready()
    const { abilities } = rig.provider.describe()
    const changes = verbsOf(rig.provider, { ...marketplace, offer: await rig.anOffer(), machine }).filter(({ name }) =>
      abilities.canStop ? name === 'stop' || name === 'terminate' : name === 'terminate',
    )
    for (const { name, run } of changes) {
      rig.fault({ kind: 'lose_reply', ...marketplace.changes[name === 'stop' ? 'stop' : 'terminate'], times: 1 })
      const kind = await kindOf(rig, run(rig.provider))
      expect(['done', 'outcome_unknown'], name).toContain(kind)
      await rig.done(run(rig.provider))
      await rig.pass(abilities.endDeadlineMs)
    }
    await rig.done(rig.provider.terminate(machine))
    expect(rig.ours().filter(({ billing }) => billing)).toEqual([])
  })
})

function kindOf(rig: Rig, work: Promise<unknown>): Promise<string> {
  return rig.done(
    work.then(
      () => 'done',
      (error) => error.kind ?? String(error),
    ),
  )
}
