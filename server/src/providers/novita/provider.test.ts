import { describe, expect, test } from 'vitest'
import { nanosFromUsd } from '../../core/money.ts'
import { OutboundError } from '../../outbound/outbound.ts'
import { type OfferQuery, ProviderError } from '../provider.ts'
import { billLineFromNovita } from './bills.ts'
import { createNovitaClient } from './client.ts'
import billing from './fixtures/billing.json' with { type: 'json' }
import { createNovitaProvider } from './provider.ts'
import {
  aListedRow,
  aMarketplace,
  anOffer,
  anOrder,
  aPage,
  aProduct,
  apiKey,
  aRow,
  aRowThatIs,
  clusters,
  json,
  now,
  refused,
  text,
} from './testing.ts'

function novita(answers: Parameters<typeof aMarketplace>[0]) {
  const market = aMarketplace(answers)
  return { ...market, provider: createNovitaProvider(market.deps) }
}

async function failureOf(promise: Promise<unknown>) {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof ProviderError)) throw new Error(`no ProviderError: ${String(error)}`)
  expect(`${error.message} ${String(error.stack)}`).not.toContain(apiKey)
  return error
}
const kindOf = async (promise: Promise<unknown>) => (await failureOf(promise)).kind

const id = '3560b7fec915bbf9'
const everything: OfferQuery = { models: [], markets: ['on_demand', 'spot'], diskGb: 10 }

describe('search', () => {
  test('asks each cluster for its own stock, by the id that /clusters names', async () => {
    const { provider, sent } = novita({
      clusters: json(clusters),
      products: ({ url }) =>
        json({ data: [aProduct({ inventoryState: url.includes('as-sgp-2') ? 'none' : 'normal' })] }),
    })
    const { offers, skipped, sampled } = await provider.searchOffers(everything)
    expect(sent('products').map(({ url }) => url)).toEqual([
      'https://novita.test/gpu-instance/openapi/v1/products?clusterId=us-ca-6',
      'https://novita.test/gpu-instance/openapi/v1/products?clusterId=as-sgp-2',
    ])
    expect(offers).toHaveLength(32)
    expect([...new Set(offers.map(({ region, available }) => `${region} ${available}`))].sort()).toEqual([
      'asia-southeast false',
      'us-west true',
    ])
    expect({ skipped, sampled }).toEqual({ skipped: {}, sampled: false })
  })

  test('shows only what was asked for, and counts what could not be read', async () => {
    const { provider } = novita({
      clusters: json({ data: [clusters.data[0], { name: 'no id' }] }),
      products: json({ data: [aProduct(), aProduct({ id: 'x', name: 'Other 8GB' }), aProduct({ price: 'free' })] }),
    })
    const { offers, skipped } = await provider.searchOffers({ ...everything, models: ['RTX 4090'], markets: ['spot'] })
    expect(offers.map(({ gpu, market }) => `${gpu.model} ${market}`)).toEqual(Array(8).fill('RTX 4090 spot'))
    expect(skipped).toEqual({ cluster_id: 1, product_price: 1 })
  })

  test('never has more than five calls under way', async () => {
    const { deps } = aMarketplace({})
    let underWay = 0
    let most = 0
    const provider = createNovitaProvider({
      ...deps,
      outbound: {
        async send({ operation }) {
          if (operation === 'clusters') {
            return json({ data: Array.from({ length: 12 }, (_, index) => ({ id: `c-${index}`, name: '' })) })
          }
          most = Math.max(most, ++underWay)
          await new Promise((resolve) => setImmediate(resolve))
          underWay -= 1
          return json({ data: [aProduct()] })
        },
      },
    })
    expect((await provider.searchOffers(everything)).offers).toHaveLength(192)
    expect(most).toBe(5)
  })

  test('one cluster that does not answer is an error, not a market without its offers', async () => {
    const { provider } = novita({
      clusters: json(clusters),
      products: ({ url }) => (url.includes('as-sgp-2') ? refused(500, 'UNKNOWN') : json({ data: [] })),
    })
    expect(await kindOf(provider.searchOffers(everything))).toBe('unavailable')
  })

  test('a list without its key, or a page of HTML, is an error', async () => {
    expect(await kindOf(novita({ clusters: json({}) }).provider.searchOffers(everything))).toBe('unexpected_reply')
    expect(await kindOf(novita({ clusters: text('<html>') }).provider.searchOffers(everything))).toBe(
      'unexpected_reply',
    )
  })
})

describe('quote', () => {
  test('is the offer as it stands now, for its number of GPUs', async () => {
    const { provider, sent } = novita({
      products: json({ data: [aProduct({ id: 'x' }), aProduct({ spotPrice: 20000 })] }),
    })
    const offer = anOffer('spot', {}, 2)
    expect(await provider.quote(offer, { diskGb: 100 })).toEqual({
      ...offer,
      pricePerHour: nanosFromUsd('0.4'),
      details: expect.anything(),
    })
    expect(sent('products')[0]?.url).toContain('clusterId=us-ca-6&gpuNum=2')
  })

  test.each([
    ['is not listed any more', []],
    ['is sold out', [aProduct({ inventoryState: 'none' })]],
    ['is not sold on this market any more', [aProduct({ billingMethods: ['onDemand'] })]],
    ['has too small a disk', [aProduct({ maxRootFS: 50 })]],
  ])('there is no capacity when it %s', async (_, data) => {
    const { provider } = novita({ products: json({ data }) })
    expect(await kindOf(provider.quote(anOffer('spot'), { diskGb: 100 }))).toBe('no_capacity')
  })
})

describe('launch', () => {
  test('is sent once and names the new machine', async () => {
    const { provider, requests } = novita({ create: json({ id }) })
    expect(await provider.launch(anOrder())).toEqual({ externalId: id, pricePerHour: null })
    expect(requests).toMatchObject([
      {
        method: 'POST',
        url: 'https://novita.test/gpu-instance/openapi/v1/gpu/instance/create',
        repeat: 'once',
        headers: { authorization: `Bearer ${apiKey}` },
        limits: [{ name: 'novita.launch' }],
      },
    ])
    expect(JSON.stringify(requests[0]?.json)).not.toContain(apiKey)
  })

  test.each([
    ['a lost reply', new OutboundError('timeout', ''), 'outcome_unknown'],
    ['a broken connection', new OutboundError('network', ''), 'outcome_unknown'],
    ['nothing sent', new OutboundError('not_sent', ''), 'unavailable'],
    ['an open breaker', new OutboundError('circuit_open', ''), 'unavailable'],
    ['a server error', refused(500, 'UNKNOWN'), 'outcome_unknown'],
    ['success without an id', json({}), 'outcome_unknown'],
    ['an empty success', text(''), 'outcome_unknown'],
    ['sold out', refused(400, 'INSUFFICIENT_RESOURCE'), 'no_capacity'],
    ['no money', refused(400, 'BALANCE_NOT_ENOUGH'), 'no_money'],
    ['a bad parameter', refused(400, 'VALIDATOR_PARAM'), 'rejected'],
  ] as const)('%s', async (_, answer, kind) => {
    expect(await kindOf(novita({ create: answer }).provider.launch(anOrder()))).toBe(kind)
  })

  test('never repeats a body in an error, whatever Novita says', async () => {
    const { provider } = novita({ create: refused(400, 'VALIDATOR_PARAM', 'bad env hf_very_secret') })
    expect((await failureOf(provider.launch(anOrder()))).message).not.toContain('hf_very_secret')
  })

  test('the third 429 in a row is the quota; a success starts the count again', async () => {
    const limit = refused(429, 'RATE_LIMIT_EXCEEDED')
    const { provider } = novita({ create: [limit, limit, json({ id }), limit, limit, limit] })
    expect((await failureOf(provider.launch(anOrder()))).failure).toEqual({ kind: 'rate_limited', retryAfterMs: 1000 })
    expect((await failureOf(provider.launch(anOrder()))).failure).toEqual({ kind: 'rate_limited', retryAfterMs: 2000 })
    await provider.launch(anOrder())
    expect(await kindOf(provider.launch(anOrder()))).toBe('rate_limited')
    expect(await kindOf(provider.launch(anOrder()))).toBe('rate_limited')
    expect(await kindOf(provider.launch(anOrder()))).toBe('no_money')
  })

  test('our own waiting for the limit is not counted as their refusal', async () => {
    const wait = new OutboundError('rate_limited', '', { retryAfterMs: 9 })
    const { provider } = novita({ create: wait })
    for (let time = 0; time < 4; time++) {
      expect((await failureOf(provider.launch(anOrder()))).failure).toEqual({ kind: 'rate_limited', retryAfterMs: 9 })
    }
  })
})

describe('look', () => {
  const rows = (from: number, count: number) =>
    Array.from({ length: count }, (_, index) => aListedRow({ id: `i-${from + index}`, status: 'exited' }))
  const pageOf = (url: string) => Number(new URL(url).searchParams.get('pageNum'))

  test('reads all pages, from page 1, by Novita’s names of the parameters', async () => {
    const { provider, sent } = novita({
      list: ({ url }) => aPage(pageOf(url) === 1 ? rows(0, 100) : rows(100, 30), '130'),
    })
    expect((await provider.look()).machines).toHaveLength(130)
    expect(sent('list').map(({ url }) => url.split('?')[1])).toEqual([
      'pageNum=1&pageSize=100',
      'pageNum=2&pageSize=100',
    ])
  })

  test('goes on to the total when Novita gives shorter pages than asked for', async () => {
    const { provider } = novita({ list: ({ url }) => aPage(rows(pageOf(url) * 10, pageOf(url) < 3 ? 10 : 5), 25) })
    expect((await provider.look()).machines).toHaveLength(25)
  })

  test('an empty account is an empty fleet', async () => {
    expect((await novita({ list: aPage([]) }).provider.look()).machines).toEqual([])
  })

  test('starts again when the fleet changes under it', async () => {
    const { provider } = novita({
      list: [aPage(rows(0, 100), 150), aPage(rows(101, 49), 149), aPage(rows(0, 100), 149), aPage(rows(100, 49), 149)],
    })
    const { machines } = await provider.look()
    expect(machines).toHaveLength(149)
    // The one that slipped onto the page that had been read.
    expect(machines.map(({ externalId }) => externalId)).toContain('i-100')
  })

  test.each([
    ['a page too few', aPage([], 3), 'unexpected_reply'],
    ['more machines than announced', aPage(rows(0, 3), 2), 'unexpected_reply'],
    ['the same page again and again', aPage(rows(0, 2), 4), 'unavailable'],
    ['no list', json({ total: 0 }), 'unexpected_reply'],
    ['no total', json({ instances: [] }), 'unexpected_reply'],
    ['an unreadable machine', aPage([aListedRow({ status: undefined })]), 'unexpected_reply'],
    ['HTML', text('<html></html>'), 'unexpected_reply'],
    ['an error with status 200', json({ code: 401, reason: 'UNAUTHORIZED', message: '' }), 'unauthorized'],
    ['a refused key', refused(401, 'UNAUTHORIZED'), 'unauthorized'],
    ['a retired path', text('Gone', 410), 'unexpected_reply'],
    ['an unrouted path', text('404 page not found', 404), 'unexpected_reply'],
    ['a broken server', text('', 503), 'unavailable'],
  ] as const)('%s is an error, never an empty fleet', async (_, answer, kind) => {
    expect(await kindOf(novita({ list: answer }).provider.look())).toBe(kind)
  })

  test('reads the SSH address, which the list does not show, once for each start', async () => {
    let startedAt = '1767222090'
    const { provider, sent } = novita({
      list: () => aPage([aListedRow({ lastStartedAt: startedAt })]),
      one: () => json(aRow({ lastStartedAt: startedAt })),
    })
    for (let time = 0; time < 3; time++) expect((await provider.look()).machines[0]?.ssh?.port).toBe(32_787)
    expect(sent('one')).toHaveLength(1)
    startedAt = '1767223000'
    await provider.look()
    expect(sent('one')).toHaveLength(2)
  })

  test('is good without the SSH addresses, asks for a few at a time, and gives up in the end', async () => {
    const fleet = Array.from({ length: 5 }, (_, index) => aListedRow({ id: `i-${index}` }))
    const { provider, sent } = novita({ list: aPage(fleet), one: refused(500, 'UNKNOWN') })
    expect((await provider.look()).machines.map(({ ssh }) => ssh)).toEqual(Array(5).fill(null))
    expect(sent('one')).toHaveLength(3)
    for (let time = 0; time < 40; time++) await provider.look()
    expect(sent('one')).toHaveLength(50)
  })

  test('knows the rate of a machine of ours by itself, and asks for that of others once in a while', async () => {
    const foreign = aListedRow({ id: 'other', status: 'pulling', envs: [], billingMode: 'onDemand', gpuNum: '2' })
    const { provider, sent, clock } = novita({
      list: aPage([aListedRow({ status: 'pulling' }), foreign]),
      products: [text('', 503), json({ data: [aProduct()] })],
    })
    const rates = async () => (await provider.look()).machines.map(({ pricePerHour }) => pricePerHour)
    expect(await rates()).toEqual([nanosFromUsd('0.18'), null])
    await rates()
    expect(sent('products')).toHaveLength(1)
    clock.at += 600_000
    expect(await rates()).toEqual([nanosFromUsd('0.18'), nanosFromUsd('0.7')])
  })

  test('learns from a machine that pulls how to read the start time', async () => {
    const running = aListedRow({ status: 'running', portMappings: [{ port: 22, endpoint: 'h:5', type: 'tcp' }] })
    const pulling = aListedRow({ id: 'new', status: 'pulling', lastStartedAt: '0' })
    const { provider } = novita({ list: [aPage([running]), aPage([running, pulling])] })
    const since = async () => (await provider.look()).machines[0]?.meters[0]?.since
    expect(await since()).toBe(1_767_222_090_000)
    expect(await since()).toBeNull()
  })
})

describe('one machine', () => {
  const sighting = (answer: Parameters<typeof novita>[0][string]) => novita({ one: answer }).provider.lookAt(id)

  test('is seen', async () => {
    expect(await sighting(json(aRow()))).toMatchObject({ kind: 'seen', at: now, machine: { ssh: { port: 32_787 } } })
  })

  test.each([
    ['404', json({ code: 404, message: 'not found' }, 404)],
    ['400 RESOURCE_NOT_FOUND', refused(400, 'RESOURCE_NOT_FOUND', 'resource not found')],
    ['removed', json(aRowThatIs('removed'))],
  ])('%s means absent', async (_, answer) => {
    expect(await sighting(answer)).toEqual({ kind: 'absent', at: now })
  })

  test.each([
    ['a path that does not exist', text('404 page not found', 404), 'unexpected_reply'],
    ['a refused key', refused(401, 'UNAUTHORIZED'), 'unauthorized'],
    ['a forbidden one', refused(403, 'FORBIDDEN'), 'unauthorized'],
    ['a broken server', refused(500, 'UNKNOWN'), 'unavailable'],
    ['an empty object', json({}), 'unexpected_reply'],
    ['no answer', new OutboundError('timeout', ''), 'unavailable'],
  ] as const)('%s does not', async (_, answer, kind) => {
    expect(await kindOf(sighting(answer))).toBe(kind)
  })

  test('another machine than the one asked for says nothing', async () => {
    expect(await sighting(json(aRow({ id: 'other' })))).toMatchObject({ kind: 'unknown' })
  })
})

describe('orders', () => {
  const wrongState = refused(400, 'REQUEST', 'invalid state change')

  test.each(['stop', 'start', 'restart'] as const)('%s accepts any good answer, an empty one too', async (action) => {
    for (const answer of [json({ instanceId: id, state: 'x' }), json({}), text(''), text('', 204)]) {
      const { provider, requests } = novita({ [action]: answer })
      await provider[action](id)
      expect(requests).toMatchObject([{ method: 'POST', json: { instanceId: id }, repeat: 'once' }])
      expect(requests[0]?.url).toBe(`https://novita.test/gpu-instance/openapi/v1/gpu/instance/${action}`)
    }
  })

  test.each([
    ['stop', 'exited'],
    ['stop', 'toStop'],
    ['start', 'running'],
    ['start', 'pulling'],
    ['restart', 'restarting'],
    ['terminate', 'removing'],
  ] as const)('%s counts as accepted when the machine is already %s', async (verb, status) => {
    const { provider } = novita({ [verb === 'terminate' ? 'delete' : verb]: wrongState, one: json(aRow({ status })) })
    await provider[verb](id)
  })

  test('an effect that shows late is waited for', async () => {
    const { provider, slept } = novita({
      start: wrongState,
      one: [json(aRow({ status: 'exited' })), json(aRow({ status: 'toStart' }))],
    })
    await provider.start(id)
    expect(slept).toEqual([2000])
  })

  test('a state that forbids it is said', async () => {
    const { provider } = novita({ stop: wrongState, one: json(aRow({ status: 'migrating' })) })
    const error = await failureOf(provider.stop(id))
    expect(error.kind).toBe('not_now')
    expect(error.message).toContain('migrating')
  })

  test('a start may find its GPU taken, or the balance used up', async () => {
    expect(await kindOf(novita({ start: refused(400, 'INSUFFICIENT_RESOURCE') }).provider.start(id))).toBe(
      'no_capacity',
    )
    expect(await kindOf(novita({ start: refused(400, 'EXPIRED_OR_BALANCE_NOT_ENOUGH') }).provider.start(id))).toBe(
      'no_money',
    )
  })

  test('terminate may be repeated and takes an unknown machine for ended', async () => {
    for (const answer of [text(''), json({}), refused(400, 'RESOURCE_NOT_FOUND'), json({ message: 'no' }, 404)]) {
      const { provider, requests } = novita({ delete: answer })
      await provider.terminate(id)
      expect(requests).toMatchObject([{ repeat: 'safe', limits: [{ name: 'novita.act' }] }])
    }
  })

  test('terminate is not accepted by an unrouted path, a refused key, a page of HTML or a prepaid machine', async () => {
    const end = (answer: Parameters<typeof novita>[0][string]) =>
      kindOf(novita({ delete: answer }).provider.terminate(id))
    expect(await end(text('404 page not found', 404))).toBe('unexpected_reply')
    expect(await end(refused(401, 'UNAUTHORIZED'))).toBe('unauthorized')
    expect(await end(text('<html>'))).toBe('unexpected_reply')
    expect(await end(refused(400, 'PREPAID_INSTANCE_NOT_SUPPORT_RELEASE'))).toBe('rejected')
    expect(await end(refused(500, 'UNKNOWN'))).toBe('outcome_unknown')
  })

  test('a machine that is gone cannot be stopped', async () => {
    expect(await kindOf(novita({ stop: refused(400, 'RESOURCE_NOT_FOUND') }).provider.stop(id))).toBe('not_now')
  })
})

describe('the rest', () => {
  test('the balance is in ten-thousandths of a dollar', async () => {
    const { provider, requests } = novita({ balance: json(billing.balance) })
    expect(await provider.balance()).toBe(nanosFromUsd('12.3456'))
    expect(requests[0]?.url).toBe('https://novita.test/openapi/v1/billing/balance/detail')
  })

  test('bills are read by instance and hour', async () => {
    const { deps, requests } = aMarketplace({ bills: json(billing.bills) })
    const search = { cycleType: 'Hour', startTime: 1_767_222_000, endTime: 1_767_225_600, ownerId: id } as const
    const bills = await createNovitaClient(deps).bills(search)
    expect(bills.map(billLineFromNovita)).toEqual([
      {
        externalId: id,
        label: null,
        kind: 'all',
        from: 1_767_222_000_000,
        until: 1_767_225_600_000,
        amount: nanosFromUsd('0.1755'),
      },
    ])
    expect(requests[0]?.url).toBe(
      `https://novita.test/openapi/v1/billing/bill/list?cycleType=Hour&productCategory=gpu&startTime=1767222000&endTime=1767225600&ownerId=${id}`,
    )
  })

  test('a bill without its precision has no amount; too many questions are told apart', async () => {
    const [bill] = await createNovitaClient(
      aMarketplace({ bills: json({ bills: [{ ...billing.bills.bills[0], pricePrecision: null }] }) }).deps,
    ).bills({ cycleType: 'Day', startTime: 0, endTime: 1 })
    expect(() => bill && billLineFromNovita(bill)).toThrow('pricePrecision')
    const tooFast = createNovitaClient(aMarketplace({ bills: refused(429, 'LIST_BILL_TOO_FAST') }).deps)
    expect(await kindOf(tooFast.bills({ cycleType: 'Day', startTime: 0, endTime: 1 }))).toBe('rate_limited')
  })

  test('what Novita cannot do is rejected', async () => {
    const { provider } = novita({})
    expect(await kindOf(provider.changeBid(id, nanosFromUsd(1)))).toBe('rejected')
    expect(await kindOf(provider.logs(id, { tail: 5 }))).toBe('rejected')
    expect(await kindOf(provider.sshKeys())).toBe('rejected')
    expect(await kindOf(provider.addSshKey({ name: 'x', publicKey: 'y' }))).toBe('rejected')
  })

  test('names are translated both ways, and an unknown one is an error', async () => {
    const { provider } = novita({
      clusters: json({ data: [{ id: 'us-tx-2', name: 'US-TX-02 (Texas)' }] }),
      products: json({ data: [] }),
    })
    expect(provider.gpuSpellings('RTX 4090')).toEqual(['RTX 4090 24GB', 'RTX4090 24GB'])
    expect(() => provider.gpuSpellings('T4')).toThrow(RangeError)
    for (const spelling of ['us-ca-6', 'US-CA-06', 'US-CA-06 (California)']) {
      expect(provider.regionFrom(spelling)).toBe('us-west')
    }
    expect(provider.regionFrom('cn-hongkong-1')).toBe('asia-east')
    expect(() => provider.regionFrom('XX-YY-01')).toThrow(RangeError)
    expect(provider.regionSpellings('australia')).toEqual(['OC-AU-01'])
    expect(() => provider.regionSpellings('us-central')).toThrow(RangeError)
    await provider.searchOffers(everything)
    expect(provider.regionSpellings('us-central')).toEqual(['US-TX-02'])
  })

  test('a model that a search showed is sold, whether or not the catalogue has its spelling', async () => {
    const { deps } = aMarketplace({ clusters: json(clusters), products: json({ data: [aProduct()] }) })
    const provider = createNovitaProvider({ ...deps, gpus: { ...deps.gpus, spellingsOf: () => [] } })
    expect(() => provider.gpuSpellings('RTX 4090')).toThrow(RangeError)
    await provider.searchOffers(everything)
    expect(provider.gpuSpellings('RTX 4090')).toEqual(['RTX 4090 24GB'])
  })

  test('the GPU routes have five calls a second between them', () => {
    const { provider } = novita({})
    const perSecond = provider
      .limits()
      .filter(({ scope }) => scope !== 'billing')
      .reduce((sum, { calls, windowMs }) => sum + (calls * 1000) / windowMs, 0)
    expect(perSecond).toBe(5)
  })
})
