import { describe, expect, test } from 'vitest'
import { nanosFromUsd } from '../../core/money.ts'
import { OutboundError, type OutboundRequest } from '../../outbound/outbound.ts'
import type { OfferQuery } from '../provider.ts'
import bodiesFile from './fixtures/bodies.json' with { type: 'json' }
import fixture from './fixtures/graphql.json' with { type: 'json' }
import { createRunpodProvider } from './provider.ts'
import { aMarketplace, anOffer, anOrder, apiKey, failureOf, json, text } from './testing.ts'

const { graphql: bodies } = bodiesFile
const id = '5xpma5eg46tqjq'

function aProvider(...answers: Parameters<typeof aMarketplace>) {
  const marketplace = aMarketplace(...answers)
  return { ...marketplace, runpod: createRunpodProvider({ ...marketplace.deps, apiVersion: 'graphql' }) }
}

const sentBy = (request: OutboundRequest | undefined) =>
  request?.json as { query: string; variables: Record<string, unknown> }
const data = (value: unknown) => json({ data: value })
const aPod = (changes: Record<string, unknown> = {}) => ({ ...fixture.pod, ...changes })
const aType = (changes: Record<string, unknown> = {}) => ({ ...fixture.gpuType, ...changes })
const wish: OfferQuery = { models: [], markets: ['on_demand'], diskGb: 100 }

describe('search', () => {
  test('asks for each size in each cloud, with values in variables only', async () => {
    const { runpod, requests } = aProvider(data({ gpuTypes: [aType()] }))
    const { offers, skipped } = await runpod.searchOffers(wish)

    expect(requests).toHaveLength(8)
    expect(requests[0]).toMatchObject({
      target: 'runpod-graphql',
      method: 'POST',
      url: 'https://runpod.test/graphql',
      headers: { authorization: `Bearer ${apiKey}` },
      limits: [{ name: 'runpod.graphql' }],
    })
    expect(new Set(requests.map((request) => sentBy(request).query)).size).toBe(1)
    expect(requests.map((request) => sentBy(request).variables)).toContainEqual({ gpuCount: 8, secureCloud: false })
    expect(skipped).toEqual({})
    // Four GPUs at most, and 0.5 is no price where the cloud is not served.
    expect(offers.map(({ externalId }) => externalId)).toEqual([
      'NVIDIA GeForce RTX 4090|1|SECURE|*',
      'NVIDIA GeForce RTX 4090|2|SECURE|*',
      'NVIDIA GeForce RTX 4090|4|SECURE|*',
    ])
    expect(offers[1]).toMatchObject({
      region: 'any',
      pricePerHour: nanosFromUsd('1.38'),
      available: true,
      disk: { stoppedPricePerGbHour: null },
    })
  })

  test('a size without a price is not in stock', async () => {
    const lowestPrice = { uninterruptablePrice: null, minimumBidPrice: null, stockStatus: null }
    const { runpod } = aProvider(data({ gpuTypes: [aType({ lowestPrice })] }))
    expect((await runpod.searchOffers(wish)).offers.map(({ available }) => available)).toEqual([false, false, false])
  })

  test('skips and counts rows that do not say where they are sold', async () => {
    const { runpod } = aProvider(data({ gpuTypes: [aType({ secureCloud: undefined }), aType({ memoryInGb: 0 })] }))
    const { skipped } = await runpod.searchOffers(wish)
    expect(skipped).toEqual({ unreadable_secureCloud: 8, no_memory: 8 })
  })
})

test('a quote reads the one type again', async () => {
  const { runpod, requests } = aProvider(data({ gpuTypes: [aType({ securePrice: 0.7 })] }))
  expect(await runpod.quote(anOffer(), { diskGb: 1 })).toMatchObject({
    externalId: anOffer().externalId,
    pricePerHour: nanosFromUsd('1.4'),
  })
  expect(sentBy(requests[0]).variables).toEqual({ id: 'NVIDIA GeForce RTX 4090', gpuCount: 2, secureCloud: true })
  const none = aProvider(data({ gpuTypes: [] }))
  expect(await failureOf(none.runpod.quote(anOffer(), { diskGb: 1 }))).toMatchObject({ kind: 'no_capacity' })
})

describe('launch', () => {
  test('is sent once, and no value is part of the text', async () => {
    const nasty = '"}) { id } } mutation { podTerminate(input: {podId: "x"}) } #'
    const { runpod, requests } = aProvider(data({ podFindAndDeployOnDemand: { id, costPerHr: 1.38 } }))
    expect(await runpod.launch(anOrder({ environment: { NASTY: nasty } }))).toEqual({
      externalId: id,
      pricePerHour: nanosFromUsd('1.38'),
    })
    const { query, variables } = sentBy(requests[0])
    expect(requests[0]?.repeat).toBe('once')
    expect(query).toBe(`mutation Deploy($input: PodFindAndDeployOnDemandInput!) {
  podFindAndDeployOnDemand(input: $input) {
    id
    costPerHr
  }
}`)
    expect(variables.input).toMatchObject({ env: expect.arrayContaining([{ key: 'NASTY', value: nasty }]) })
  })

  test.each([
    ['no capacity', json(bodies.capacity), 'no_capacity'],
    ['no pod and no error', data({ podFindAndDeployOnDemand: null }), 'outcome_unknown'],
    ['a lost answer', new OutboundError('network', 'reset'), 'outcome_unknown'],
    ['a page', text('<html>', 502), 'outcome_unknown'],
  ])('%s', async (_name, answer, kind) => {
    expect(await failureOf(aProvider(answer).runpod.launch(anOrder()))).toMatchObject({ kind })
  })

  test('never shows what was sent', async () => {
    const body = { errors: [{ message: 'bad env hf_very_secret' }], data: null }
    const { message } = await failureOf(aProvider(json(body)).runpod.launch(anOrder()))
    expect(message).not.toContain('hf_very_secret')
  })
})

describe('look', () => {
  test('maps pods, and never asks for their environment', async () => {
    const { runpod, requests } = aProvider(data({ myself: { pods: [aPod()] } }))
    const { machines } = await runpod.look()
    expect(machines).toMatchObject([
      {
        externalId: id,
        label: 'gf-home-inst_7d0c1a-1',
        phase: 'running',
        message: expect.stringContaining('Rented by User'),
        market: 'on_demand',
        gpu: { spelling: 'RTX 4090', count: 1 },
        region: 'europe-central',
        pricePerHour: nanosFromUsd('0.69'),
        ssh: { host: '203.0.113.77', port: 34446, user: 'root' },
        endpoints: [{ containerPort: 8000, url: `https://${id}-8000.proxy.runpod.net` }],
        meters: [
          { kind: 'gpu', state: 'on', since: null, ratePerHour: nanosFromUsd('0.69') },
          { kind: 'disk', state: 'on', ratePerHour: 13_888_889n },
        ],
      },
    ])
    expect(sentBy(requests[0]).query).not.toMatch(/\benv\b/)
  })

  test.each([
    [{ runtime: null }, 'starting'],
    [{ runtime: {} }, 'starting'],
    [{ desiredStatus: 'EXITED' }, 'stopped'],
    [{ desiredStatus: 'TERMINATED' }, 'ended'],
    [{ desiredStatus: 'DEAD' }, 'unclear'],
  ])('%o is %s', async (changes, phase) => {
    const { runpod } = aProvider(data({ myself: { pods: [aPod(changes)] } }))
    expect((await runpod.look()).machines).toMatchObject([{ phase }])
  })

  test.each([
    ['an error with 200', json({ ...bodies.internal, data: { myself: { pods: [] } } }), 'unavailable'],
    ['nobody', data({ myself: null }), 'unexpected_reply'],
    ['an unreadable pod', data({ myself: { pods: [aPod({ desiredStatus: null })] } }), 'unexpected_reply'],
    ['410', json('gone', 410), 'unexpected_reply'],
    ['a bad key', json({}, 401), 'unauthorized'],
  ])('%s is an error, never a smaller fleet', async (_name, answer, kind) => {
    expect(await failureOf(aProvider(answer).runpod.look())).toMatchObject({ kind })
  })

  test('410 names the way out', async () => {
    expect((await failureOf(aProvider(json('gone', 410)).runpod.look())).message).toContain('RUNPOD_API_VERSION=v2')
  })
})

test('a pod that is not listed is absent only when RunPod has none by its id', async () => {
  const empty = data({ myself: { pods: [] } })
  expect(await aProvider(data({ myself: { pods: [aPod()] } })).runpod.lookAt(id)).toMatchObject({ kind: 'seen' })
  expect(await aProvider(empty, data({ pod: null })).runpod.lookAt(id)).toMatchObject({ kind: 'absent' })
  expect(await aProvider(empty, data({ pod: aPod() })).runpod.lookAt(id)).toMatchObject({ kind: 'seen' })
  const failure = await failureOf(aProvider(empty, json(bodies.validation, 400)).runpod.lookAt(id))
  expect(failure).toMatchObject({ kind: 'unexpected_reply' })
})

test('terminate accepts a pod that is gone', async () => {
  const { runpod, requests } = aProvider(data({ podTerminate: null }), json(bodies.podGone), json(bodies.internal))
  await runpod.terminate(id)
  await runpod.terminate(id)
  expect(await failureOf(runpod.terminate(id))).toMatchObject({ kind: 'outcome_unknown' })
  expect(sentBy(requests[0])).toMatchObject({ variables: { podId: id } })
})

test('everything else is refused without a call, with a way forward', async () => {
  const { runpod, requests } = aProvider()
  for (const attempt of [runpod.stop(id), runpod.start(id), runpod.restart(id), runpod.logs(id, { tail: 1 })]) {
    expect(await failureOf(attempt)).toMatchObject({
      kind: 'rejected',
      message: expect.stringContaining('RUNPOD_API_VERSION=v2'),
    })
  }
  for (const attempt of [
    runpod.changeBid(id, nanosFromUsd('1')),
    runpod.sshKeys(),
    runpod.addSshKey({ name: 'me', publicKey: 'x' }),
  ]) {
    expect(await failureOf(attempt)).toMatchObject({ kind: 'rejected' })
  }
  expect(requests).toEqual([])
  expect(runpod.describe()).toMatchObject({ apiVersion: 'graphql', abilities: { canStop: false, hasSpot: false } })
})

test('the balance is the same in both modes', async () => {
  expect(await aProvider(json(bodies.balance)).runpod.balance()).toBe(nanosFromUsd('17.06'))
  expect(await aProvider(json('gone', 410)).runpod.balance()).toBeNull()
})
