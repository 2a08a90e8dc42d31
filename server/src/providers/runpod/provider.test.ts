import { describe, expect, test } from 'vitest'
import { nanosFromUsd } from '../../core/money.ts'
import { OutboundError, type OutboundRequest } from '../../outbound/outbound.ts'
import type { OfferQuery } from '../provider.ts'
import bodiesFile from './fixtures/bodies.json' with { type: 'json' }
import catalogue from './fixtures/catalogue.json' with { type: 'json' }
import { createRunpodProvider } from './provider.ts'
import {
  aGpuRow,
  aMarketplace,
  anOffer,
  anOrder,
  aPodRow,
  aPodThatIs,
  apiKey,
  createdAt,
  failureOf,
  json,
  text,
} from './testing.ts'

const { bodies, graphql } = bodiesFile

function aProvider(...answers: Parameters<typeof aMarketplace>) {
  const marketplace = aMarketplace(...answers)
  return { ...marketplace, runpod: createRunpodProvider({ ...marketplace.deps, apiVersion: 'v2' }) }
}

const id = '5xpma5eg46tqjq'
const lost = new OutboundError('timeout', 'no answer')
const queryOf = ({ url }: OutboundRequest) => Object.fromEntries(new URL(url).searchParams)
const aPage = (pods: unknown[], pagination?: unknown) => json({ pods, ...(pagination ? { pagination } : {}) })
const gone = json(bodies.notFound, 404)

describe('search', () => {
  const wish: OfferQuery = { models: [], markets: ['on_demand', 'spot'], diskGb: 100 }

  test('asks each cloud for each size that a machine can have', async () => {
    const { runpod, requests } = aProvider(json(catalogue.answer))
    const { offers, sampled } = await runpod.searchOffers(wish)

    expect(requests.map(queryOf).map(({ cloud, count }) => `${cloud} ${count}`)).toEqual([
      'SECURE 1',
      'COMMUNITY 1',
      'SECURE 2',
      'COMMUNITY 2',
      'SECURE 4',
      'COMMUNITY 4',
      'SECURE 8',
    ])
    expect(requests[0]).toMatchObject({
      target: 'runpod',
      account: 'main',
      operation: 'search',
      method: 'GET',
      url: 'https://runpod.test/v2/catalog/gpus?include=AVAILABILITY&product=POD&cloud=SECURE&count=1',
      headers: { authorization: `Bearer ${apiKey}` },
      repeat: 'safe',
      limits: [{ name: 'runpod.all', calls: 60, windowMs: 60_000 }],
    })
    expect(sampled).toBe(false)
    // Seven times three data centres, and the A100 with one and two GPUs.
    expect(offers).toHaveLength(23)
    expect(offers.every(({ market }) => market === 'on_demand')).toBe(true)
    expect(offers.filter(({ gpu }) => gpu.model === 'A100 PCIe 80GB').map(({ externalId }) => externalId)).toEqual([
      'NVIDIA A100 80GB PCIe|1|SECURE|*',
      'NVIDIA A100 80GB PCIe|2|SECURE|*',
    ])
  })

  test('shows the models that were asked for, and an odd size', async () => {
    const { runpod } = aProvider(json(catalogue.answer))
    const { offers } = await runpod.searchOffers({ ...wish, models: ['A100 PCIe 80GB'] })
    expect(new Set(offers.map(({ gpu }) => gpu.model))).toEqual(new Set(['A100 PCIe 80GB']))
    const { offers: three } = await runpod.searchOffers({ ...wish, gpuCount: 3 })
    expect(three.some(({ gpu }) => gpu.count === 3)).toBe(true)
  })

  test('asks nothing where only spot is wanted', async () => {
    const { runpod, requests } = aProvider()
    expect(await runpod.searchOffers({ ...wish, markets: ['spot'] })).toEqual({
      offers: [],
      skipped: {},
      sampled: false,
    })
    expect(requests).toEqual([])
  })

  test('skips and counts what it cannot read', async () => {
    const maxCount = { secure: 1, community: 1 }
    const gpus = [aGpuRow({ maxCount }), aGpuRow({ price: 'free' }), aGpuRow({ id: 'unknown', memory: 0 })]
    const { runpod, requests } = aProvider(json({ gpus }))
    const { offers, skipped } = await runpod.searchOffers(wish)
    expect(requests).toHaveLength(2)
    expect(offers).toHaveLength(6)
    expect(skipped).toEqual({ unreadable_price: 2, no_memory: 2 })
  })

  test('fails as a whole when one answer does', async () => {
    for (const answer of [json({}), text('<html>'), json({ gpus: null })]) {
      const { runpod } = aProvider(json(catalogue.answer), answer)
      expect(await failureOf(runpod.searchOffers(wish))).toMatchObject({ kind: 'unexpected_reply' })
    }
    const { runpod } = aProvider(json(catalogue.answer), json(bodies.server, 500))
    expect(await failureOf(runpod.searchOffers(wish))).toMatchObject({ kind: 'unavailable' })
  })
})

describe('quote', () => {
  test('reads the one type again', async () => {
    const { runpod, requests } = aProvider(json(aGpuRow({ price: { secure: 0.7, community: 0.3 } })))
    const now = await runpod.quote(anOffer(), { diskGb: 100 })
    expect(now).toMatchObject({ externalId: anOffer().externalId, pricePerHour: nanosFromUsd('1.4') })
    expect(requests[0]?.url).toBe(
      'https://runpod.test/v2/catalog/gpus/NVIDIA%20GeForce%20RTX%204090?include=AVAILABILITY&product=POD&cloud=SECURE&count=2',
    )
  })

  test('says so when it is gone', async () => {
    for (const answer of [
      json(aGpuRow({ dataCenters: [] })),
      json(aGpuRow({ dataCenters: [{ id: 'EU-RO-1', name: 'x', availability: 'NONE' }] })),
      json(aGpuRow({ secure: false })),
      json(aGpuRow({ id: 'another' })),
      gone,
    ]) {
      expect(await failureOf(aProvider(answer).runpod.quote(anOffer(), { diskGb: 1 }))).toMatchObject({
        kind: 'no_capacity',
      })
    }
  })
})

describe('launch', () => {
  test('is sent once', async () => {
    const { runpod, requests } = aProvider(json(aPodThatIs('justMade'), 201))
    expect(await runpod.launch(anOrder())).toEqual({ externalId: id, pricePerHour: nanosFromUsd('1.38') })
    expect(requests).toMatchObject([
      { method: 'POST', url: 'https://runpod.test/v2/pods', repeat: 'once', json: { name: 'gf-home-inst_7d0c1a-1' } },
    ])
  })

  test('needs no more of the answer than the id', async () => {
    const { runpod } = aProvider(json({ id, cost: 'much' }, 201))
    expect(await runpod.launch(anOrder())).toEqual({ externalId: id, pricePerHour: null })
  })

  test.each([
    ['a lost answer', lost],
    ['a server error', json(bodies.server, 500)],
    ['a page', text('<html>')],
    ['an answer without an id', json({}, 201)],
  ])('%s leaves the outcome open', async (_name, answer) => {
    expect(await failureOf(aProvider(answer).runpod.launch(anOrder()))).toMatchObject({ kind: 'outcome_unknown' })
  })

  test('never shows what was sent', async () => {
    const secretive = anOrder({ onstartScript: 'export TOKEN=abc-in-script' })
    const detail = 'hf_very_secret and export TOKEN=abc-in-script are bad'
    const { runpod } = aProvider(json({ ...bodies.validation, detail }, 422))
    const { kind, message } = await failureOf(runpod.launch(secretive))
    expect(kind).toBe('rejected')
    expect(message).toContain('gpuTypeIds')
    expect(message).not.toMatch(/hf_very_secret|abc-in-script|rpa_key/)
  })

  describe('with a private registry', () => {
    const order = anOrder({ registryAuth: { server: 'ghcr.io', username: 'robot', password: 'ghp_secret' } })

    test('stores the credential under a name made from it, and names it', async () => {
      const { runpod, requests } = aProvider(
        json({ registries: [{ id: 'reg_0', name: 'other' }] }),
        (request) => json({ id: 'reg_1', name: (request.json as { name: string }).name }, 201),
        json({ id }, 201),
      )
      await runpod.launch(order)
      expect(requests.map(({ operation, repeat }) => [operation, repeat])).toEqual([
        ['registries', 'safe'],
        ['addRegistry', 'once'],
        ['launch', 'once'],
      ])
      expect(requests[1]?.json).toEqual({
        name: expect.stringMatching(/^gpufleet-[0-9a-f]{16}$/),
        username: 'robot',
        password: 'ghp_secret',
      })
      expect(requests[2]?.json).toMatchObject({ registry: 'reg_1' })
    })

    test('finds it again', async () => {
      const first = aProvider(
        json({ registries: [] }),
        (request) => json({ id: 'reg_1', name: (request.json as { name: string }).name }, 201),
        json({ id }, 201),
      )
      await first.runpod.launch(order)
      const name = (first.requests[1]?.json as { name: string } | undefined)?.name
      const { runpod, requests } = aProvider(json({ registries: [{ id: 'reg_7', name }] }), json({ id }, 201))
      await runpod.launch(order)
      expect(requests.map(({ operation }) => operation)).toEqual(['registries', 'launch'])
      expect(requests[1]?.json).toMatchObject({ registry: 'reg_7' })
    })

    test('has rented nothing when storing fails', async () => {
      const { runpod } = aProvider(json({ registries: [] }), lost)
      expect(await failureOf(runpod.launch(order))).toMatchObject({ kind: 'unavailable' })
    })

    test('stores nothing for a launch that cannot be', async () => {
      const { runpod, requests } = aProvider()
      await failureOf(runpod.launch({ ...order, ports: [{ containerPort: 53, protocol: 'udp' }] }))
      expect(requests).toEqual([])
    })
  })
})

describe('look', () => {
  test('reads all pages, empty ones too', async () => {
    const { runpod, requests } = aProvider(
      aPage([aPodRow()], { nextCursor: 'c1', hasNextPage: true }),
      aPage([], { nextCursor: 'c2', hasNextPage: true }),
      aPage([aPodRow({ id: 'other' })], { nextCursor: null, hasNextPage: false }),
    )
    const { machines } = await runpod.look()
    expect(machines.map(({ externalId }) => externalId)).toEqual([id, 'other'])
    expect(requests.map(queryOf)).toEqual([
      { limit: '1000' },
      { limit: '1000', cursor: 'c1' },
      { limit: '1000', cursor: 'c2' },
    ])
  })

  test('takes an answer without pages for the whole', async () => {
    expect((await aProvider(aPage([aPodRow()])).runpod.look()).machines).toHaveLength(1)
    expect((await aProvider(aPage([])).runpod.look()).machines).toEqual([])
  })

  test.each([
    ['no list', json({})],
    ['an error body with 200', json(bodies.server)],
    ['a page', text('<html>')],
    ['an unreadable pod', aPage([aPodRow(), aPodRow({ status: undefined })])],
    ['pages without a way to them', aPage([], { nextCursor: null, hasNextPage: true })],
    ['pages without an end', aPage([], { nextCursor: 'c', hasNextPage: true })],
    ['a broken page block', aPage([], { hasNextPage: 'no' })],
    ['410', json('gone', 410)],
  ])('%s is an error, never a smaller fleet', async (_name, answer) => {
    expect(await failureOf(aProvider(answer).runpod.look())).toMatchObject({ kind: 'unexpected_reply' })
  })

  test('a bad key is an error', async () => {
    expect(await failureOf(aProvider(json(bodies.noKey, 401)).runpod.look())).toMatchObject({ kind: 'unauthorized' })
  })
})

describe('look at one', () => {
  test('is absent only when RunPod says so', async () => {
    expect(await aProvider(gone).runpod.lookAt(id)).toMatchObject({ kind: 'absent' })
    expect(await failureOf(aProvider(text('no', 404)).runpod.lookAt(id))).toMatchObject({ kind: 'unexpected_reply' })
    const other404 = json({ title: 'Not Found', status: 404, detail: 'no such route' }, 404)
    expect(await failureOf(aProvider(other404).runpod.lookAt(id))).toMatchObject({ kind: 'unexpected_reply' })
  })

  test('shows a pod that has ended as ended', async () => {
    const sighting = await aProvider(json(aPodThatIs('terminated'))).runpod.lookAt(id)
    expect(sighting).toMatchObject({ kind: 'seen', machine: { phase: 'ended' } })
  })

  test('does not mistake another pod for it', async () => {
    expect(await aProvider(json(aPodRow({ id: 'other' }))).runpod.lookAt(id)).toMatchObject({ kind: 'unknown' })
  })

  test('refuses what would end in another path', async () => {
    const { runpod, requests } = aProvider()
    expect(await failureOf(runpod.lookAt('../registries'))).toMatchObject({ kind: 'rejected' })
    expect(requests).toEqual([])
  })
})

describe('the meters of a pod that was started again', () => {
  const sinceOf = async (runpod: ReturnType<typeof aProvider>['runpod']) => {
    const sighting = await runpod.lookAt(id)
    return sighting.kind === 'seen' ? sighting.machine.meters[0]?.since : undefined
  }

  test('do not begin at its creation, whether we stopped it or saw it stopped', async () => {
    const untouched = aProvider(json(aPodRow()))
    expect(await sinceOf(untouched.runpod)).toBe(createdAt)

    const stopped = aProvider(json(aPodThatIs('exited')), json(aPodRow()))
    await stopped.runpod.stop(id)
    expect(await sinceOf(stopped.runpod)).toBeNull()

    const seen = aProvider(aPage([aPodThatIs('exited')]), json(aPodRow()))
    await seen.runpod.look()
    expect(await sinceOf(seen.runpod)).toBeNull()
  })
})

describe('stop, start, restart', () => {
  test('name the action', async () => {
    const { runpod, requests } = aProvider(json(aPodRow()))
    await runpod.stop(id)
    await runpod.start(id)
    await runpod.restart(id)
    expect(requests.map(({ url, json: sent, repeat }) => [new URL(url).pathname, sent, repeat])).toEqual([
      [`/v2/pods/${id}/action`, { action: 'stop' }, 'safe'],
      [`/v2/pods/${id}/action`, { action: 'start' }, 'safe'],
      [`/v2/pods/${id}/action`, { action: 'restart' }, 'once'],
    ])
  })

  const conflict = json(bodies.badAction, 409)

  test('already there, or on the way, is accepted', async () => {
    await aProvider(conflict, json(aPodThatIs('exited'))).runpod.stop(id)
    await aProvider(conflict, json(aPodRow())).runpod.start(id)
    await aProvider(conflict, json(aPodThatIs('starting'))).runpod.restart(id)
  })

  test('anything else waits for another look', async () => {
    expect(await failureOf(aProvider(conflict, json(aPodRow())).runpod.stop(id))).toMatchObject({ kind: 'not_now' })
    expect(await failureOf(aProvider(gone).runpod.stop(id))).toMatchObject({ kind: 'not_now' })
  })

  test('a locked pod is a matter for a person', async () => {
    const failure = await failureOf(aProvider(conflict, json(aPodRow({ locked: true }))).runpod.stop(id))
    expect(failure).toMatchObject({ kind: 'rejected', message: expect.stringContaining('unlock') })
  })

  test('a start whose GPUs are let to somebody else', async () => {
    expect(await failureOf(aProvider(json(bodies.rule, 400)).runpod.start(id))).toMatchObject({ kind: 'no_capacity' })
  })
})

describe('terminate', () => {
  test('accepts a pod that is gone', async () => {
    const { runpod, requests } = aProvider(json(undefined, 204), gone)
    await runpod.terminate(id)
    await runpod.terminate(id)
    expect(requests).toMatchObject([
      { method: 'DELETE', url: `https://runpod.test/v2/pods/${id}`, repeat: 'safe' },
      { method: 'DELETE' },
    ])
  })

  test('a 404 from somewhere else is no acceptance', async () => {
    expect(await failureOf(aProvider(text('<html>', 404)).runpod.terminate(id))).toMatchObject({
      kind: 'unexpected_reply',
    })
  })

  test('a refusal is looked into', async () => {
    const conflict = json(bodies.badAction, 409)
    await aProvider(conflict, gone).runpod.terminate(id)
    const locked = aProvider(conflict, json(aPodRow({ locked: true })))
    expect(await failureOf(locked.runpod.terminate(id))).toMatchObject({ kind: 'rejected' })
    const other = aProvider(conflict, json(aPodRow()))
    expect(await failureOf(other.runpod.terminate(id))).toMatchObject({ kind: 'not_now' })
  })
})

describe('balance', () => {
  test('is asked by GraphQL, under its own limit', async () => {
    const { runpod, requests } = aProvider(json(graphql.balance))
    expect(await runpod.balance()).toBe(nanosFromUsd('17.06'))
    expect(requests).toMatchObject([
      { method: 'POST', url: 'https://runpod.test/graphql', repeat: 'once', limits: [{ name: 'runpod.graphql' }] },
    ])
  })

  test.each([
    ['switched off', json('gone', 410)],
    ['broken', json(graphql.internal)],
    ['a page', text('<html>', 403)],
    ['silent', lost],
    ['odd', json({ data: { myself: null } })],
  ])('is unknown when it is %s', async (_name, answer) => {
    expect(await aProvider(answer).runpod.balance()).toBeNull()
  })
})

test('what RunPod does not have is refused without a call', async () => {
  const { runpod, requests } = aProvider()
  for (const attempt of [
    runpod.changeBid(id, nanosFromUsd('1')),
    runpod.sshKeys(),
    runpod.addSshKey({ name: 'me', publicKey: 'ssh-ed25519 AAAA' }),
  ]) {
    expect(await failureOf(attempt)).toMatchObject({ kind: 'rejected' })
  }
  expect(requests).toEqual([])
})

test('translates words both ways, and says when it cannot', () => {
  const { runpod } = aProvider()
  expect(runpod.gpuSpellings('RTX 4090')[0]).toBe('NVIDIA GeForce RTX 4090')
  expect(runpod.regionSpellings('us-west')).toEqual(['US-CA-2', 'US-WA-1'])
  expect(runpod.regionFrom('EU-RO-1')).toBe('europe-central')
  expect(runpod.regionFrom('US-TX-9')).toBe('us-central')
  for (const region of runpod.describe().regions) {
    for (const spelling of runpod.regionSpellings(region)) expect(runpod.regionFrom(spelling)).toBe(region)
  }
  expect(() => runpod.gpuSpellings('RTX 1')).toThrow(RangeError)
  expect(() => runpod.regionSpellings('africa')).toThrow(RangeError)
  expect(() => runpod.regionFrom('MOON-1')).toThrow(RangeError)
})
