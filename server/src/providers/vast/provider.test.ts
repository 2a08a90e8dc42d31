import { describe, expect, test } from 'vitest'
import { nanos } from '../../core/money.ts'
import { OutboundError, type OutboundReply, type OutboundRequest } from '../../outbound/outbound.ts'
import { type OfferQuery, ProviderError, type ProviderFailure } from '../provider.ts'
import bodiesFile from './fixtures/bodies.json' with { type: 'json' }
import { createVastProvider } from './provider.ts'
import {
  aBid,
  aMarketplace,
  anInstance,
  anOffer,
  anOfferRow,
  anOrder,
  aPage,
  apiKey,
  json,
  publicKey,
  seenAt,
  text,
} from './testing.ts'

const { bodies } = bodiesFile

function aProvider(...answers: Parameters<typeof aMarketplace>) {
  const marketplace = aMarketplace(...answers)
  return { ...marketplace, vast: createVastProvider(marketplace.deps) }
}

async function failureOf(attempt: Promise<unknown>): Promise<ProviderFailure & { message: string }> {
  const error = await attempt.then(
    () => new Error('nothing was thrown'),
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof ProviderError)) throw error
  return { ...error.failure, message: error.message }
}

const body = (request: OutboundRequest | undefined) => request?.json as Record<string, unknown>
const rows = (count: number, changes: Record<string, unknown> = {}) =>
  Array.from({ length: count }, (_, n) => anOfferRow({ id: 1000 + n, ask_contract_id: 1000 + n, ...changes }))
const lost = new OutboundError('network', 'connection reset')

describe('search', () => {
  const wish: OfferQuery = { models: ['RTX 4090'], markets: ['on_demand', 'spot'], diskGb: 100 }

  test('asks for the cheapest 64 verified ones, with the disk in the price', async () => {
    const { vast, requests } = aProvider(json({ offers: [anOfferRow()] }))
    await vast.searchOffers(wish)
    expect(requests).toHaveLength(1)
    expect(requests[0]).toMatchObject({
      target: 'vast',
      account: 'main',
      operation: 'search',
      method: 'POST',
      url: 'https://vast.test/api/v0/bundles/',
      headers: { authorization: `Bearer ${apiKey}` },
      repeat: 'safe',
      limits: [{ name: 'vast.search', calls: 1, windowMs: 2_100, burst: 1 }],
    })
    expect(body(requests[0])).toEqual({
      verified: { eq: true },
      external: { eq: false },
      rentable: { eq: true },
      gpu_name: { eq: 'RTX 4090' },
      type: 'ondemand',
      order: [['dph_total', 'asc']],
      allocated_storage: 100,
      limit: 64,
    })
  })

  test('reads both markets from one answer', async () => {
    const { vast } = aProvider(json({ offers: [anOfferRow()], truncated: false }))
    const found = await vast.searchOffers(wish)
    expect(found.offers.map((offer) => offer.market)).toEqual(['on_demand', 'spot'])
    expect(found).toMatchObject({ sampled: false, skipped: {} })
  })

  test('asks by bid as well when the first answer was cut short', async () => {
    const bid = anOfferRow({ id: 7, is_bid: true, min_bid: 0.1, dph_base: 0.1 })
    const noBargain = anOfferRow({ id: 1000, is_bid: true, min_bid: 0.4, dph_base: 0.4 })
    const { vast, requests } = aProvider(json({ offers: rows(64) }), json({ offers: [bid, noBargain] }))
    const found = await vast.searchOffers(wish)
    expect(requests.map((request) => body(request).type)).toEqual(['ondemand', 'bid'])
    expect(found.sampled).toBe(true)
    expect(found.offers).toContainEqual(expect.objectContaining({ externalId: '7', market: 'spot' }))
    expect(found.offers).not.toContainEqual(expect.objectContaining({ externalId: '1000', market: 'spot' }))
    expect(found.offers).not.toContainEqual(expect.objectContaining({ externalId: '7', market: 'on_demand' }))
  })

  test('asks for one market alone when only that is wanted', async () => {
    const spot = aProvider(json({ offers: [anOfferRow({ is_bid: true })] }))
    const found = await spot.vast.searchOffers({ ...wish, markets: ['spot'] })
    expect(spot.requests.map((request) => body(request).type)).toEqual(['bid'])
    expect(found.offers.map((offer) => offer.market)).toEqual(['spot'])

    const outright = aProvider(json({ offers: rows(64) }))
    const dear = await outright.vast.searchOffers({ ...wish, markets: ['on_demand'] })
    expect(outright.requests).toHaveLength(1)
    expect(new Set(dear.offers.map((offer) => offer.market))).toEqual(new Set(['on_demand']))
  })

  test('says when it shows a part', async () => {
    const { vast } = aProvider(json({ offers: [anOfferRow()], truncated: true }))
    expect(await vast.searchOffers(wish)).toMatchObject({ sampled: true })
  })

  test('spells with spaces, and asks once for a spelling that two models share', async () => {
    const { vast, requests } = aProvider(json({ offers: [] }))
    await vast.searchOffers({ ...wish, models: ['RTX 4090', 'A100 SXM 40GB', 'A100 SXM 80GB', 'Not sold here'] })
    expect(requests.map((request) => body(request).gpu_name)).toEqual([{ eq: 'RTX 4090' }, { eq: 'A100 SXM4' }])
  })

  test('asks for anything when no model is named', async () => {
    const { vast, requests } = aProvider(json({ offers: rows(64) }))
    await vast.searchOffers({ ...wish, models: [] })
    expect(requests.map((request) => [body(request).type, body(request).gpu_name])).toEqual([
      ['ondemand', undefined],
      ['bid', undefined],
    ])
  })

  test('skips and counts what it cannot use', async () => {
    const odd = [null, anOfferRow({ dph_base: null }), anOfferRow({ cpu_cores: null }), anOfferRow({ gpu_name: 'L4' })]
    const { vast } = aProvider(json({ offers: [...odd, anOfferRow()] }))
    const found = await vast.searchOffers(wish)
    expect(found.offers).toHaveLength(2)
    expect(found.skipped).toEqual({ unreadable_row: 1, unreadable_dph_base: 1, no_cpu_cores: 1, another_gpu: 1 })
  })

  test('an answer without its list is an error, not an empty market', async () => {
    for (const answer of [json({ success: true }), json([]), json({ offers: null }), text('<html>')]) {
      expect((await failureOf(aProvider(answer).vast.searchOffers(wish))).kind).toBe('unexpected_reply')
    }
  })

  test('stops asking when the rows of the day are used up, and starts again afterwards', async () => {
    const quota = json(bodies.search_quota.body, 429, { retryAfterMs: 21_600_000 })
    const { vast, requests, passMs } = aProvider(quota, json({ offers: [] }))
    const first = { kind: 'rate_limited', retryAfterMs: 21_600_000 }
    expect(await failureOf(vast.searchOffers(wish))).toMatchObject(first)
    passMs(1_000)
    const second = { kind: 'rate_limited', retryAfterMs: 21_599_000 }
    expect(await failureOf(vast.searchOffers(wish))).toMatchObject(second)
    expect(await failureOf(vast.quote(anOffer(), { diskGb: 100 }))).toMatchObject(second)
    expect(requests).toHaveLength(1)
    passMs(21_600_000)
    expect(await vast.searchOffers(wish)).toMatchObject({ offers: [] })
  })

  test('goes on searching after a wait of our own: nobody has said that the rows of the day are used up', async () => {
    const turnedAway = new OutboundError('rate_limited', 'in 62 s', { retryAfterMs: 62_000 })
    const { vast } = aProvider(turnedAway, json({ offers: [] }))
    expect(await failureOf(vast.searchOffers(wish))).toMatchObject({ kind: 'rate_limited' })
    expect(await vast.searchOffers(wish)).toMatchObject({ offers: [] })
  })

  test('keeps a longer distance once a refusal has named it', async () => {
    const { vast, requests } = aProvider(
      text('API requests too frequent: endpoint threshold=6.0', 429),
      json({ offers: [] }),
    )
    expect(await failureOf(vast.searchOffers(wish))).toMatchObject({ kind: 'rate_limited', retryAfterMs: 6_000 })
    await vast.searchOffers(wish)
    expect(requests[1]?.limits[0]?.windowMs).toBe(6_300)
  })
})

describe('quote', () => {
  test('finds the offer by its own id', async () => {
    const { vast, requests } = aProvider(json({ offers: [anOfferRow({ dph_base: 0.4 })] }))
    const now = await vast.quote(anOffer(), { diskGb: 100 })
    expect(now).toMatchObject({ externalId: '30114277', market: 'on_demand', pricePerHour: nanos(400_000_000n) })
    expect(body(requests[0])).toMatchObject({ ask_contract_id: { eq: 30114277 }, type: 'ondemand', limit: 1 })
  })

  test('else among the offers of its machine, when the filter is ignored, empty or refused', async () => {
    const refused = json({ error: 'invalid_request', msg: 'ask_contract_id is not a valid search key' }, 400)
    for (const first of [json({ offers: [] }), json({ offers: [anOfferRow({ id: 5 })] }), refused]) {
      const { vast, requests } = aProvider(first, json({ offers: [anOfferRow({ id: 5 }), anOfferRow()] }))
      expect(await vast.quote(anOffer(), { diskGb: 100 })).toMatchObject({ externalId: '30114277' })
      expect(body(requests[1])).toMatchObject({ machine_id: { eq: 41207 }, num_gpus: { eq: 1 } })
    }
  })

  test('a machine that was found by its bid tells what it costs outright', async () => {
    const { vast, requests } = aProvider(json({ offers: [anOfferRow()] }))
    const now = await vast.quote({ ...anOffer('spot'), market: 'on_demand' }, { diskGb: 100 })
    expect(now).toMatchObject({ market: 'on_demand', pricePerHour: anOffer().pricePerHour })
    expect(requests.map((request) => body(request).type)).toEqual(['ondemand'])
  })

  test('a spot offer is quoted at the lowest bid that wins now', async () => {
    const { vast, requests } = aProvider(json({ offers: [anOfferRow({ is_bid: true, min_bid: 0.5 })] }))
    const now = await vast.quote(anOffer('spot'), { diskGb: 100 })
    expect(now).toMatchObject({ market: 'spot', pricePerHour: nanos(500_000_000n) })
    expect(body(requests[0]).type).toBe('bid')
  })

  test('gone, rented or too small is no capacity', async () => {
    for (const offers of [[], [anOfferRow({ rented: true })], [anOfferRow({ disk_space: 50 })]]) {
      expect((await failureOf(aProvider(json({ offers })).vast.quote(anOffer(), { diskGb: 100 }))).kind).toBe(
        'no_capacity',
      )
    }
  })

  test('trouble is not a sold offer', async () => {
    const badKey = json(bodies.bad_key.body, 404)
    expect((await failureOf(aProvider(badKey).vast.quote(anOffer(), { diskGb: 100 }))).kind).toBe('unauthorized')
    expect((await failureOf(aProvider(lost).vast.quote(anOffer(), { diskGb: 100 }))).kind).toBe('unavailable')
  })
})

describe('launch', () => {
  test('rents by the ask, once, and learns the id', async () => {
    const { vast, requests } = aProvider(json(bodies.create_ok.body))
    expect(await vast.launch(anOrder())).toEqual({ externalId: '27453221', pricePerHour: null })
    expect(requests[0]).toMatchObject({
      method: 'PUT',
      url: 'https://vast.test/api/v0/asks/30114277/',
      repeat: 'once',
      limits: [{ name: 'vast.launch', windowMs: 4_725 }],
    })
    expect(body(requests[0])).toMatchObject({ client_id: 'me', label: 'gf-home-inst_7d0c1a-1' })
  })

  test('a bid goes with a spot order alone', async () => {
    const { vast, requests } = aProvider(json(bodies.create_ok.body))
    await vast.launch(anOrder({ offer: anOffer('spot'), bidPerHour: aBid }))
    await vast.launch(anOrder({ bidPerHour: aBid }))
    expect(requests.map((request) => body(request).price)).toEqual([0.25, undefined])
  })

  test('a machine that exists although the launch failed is named', async () => {
    const stopped = aProvider(json(bodies.create_stopped.body)).vast.launch(anOrder())
    expect(await failureOf(stopped)).toMatchObject({ kind: 'outcome_unknown', externalId: '27453222' })
    const low = aProvider(json(bodies.create_too_low.body, 400)).vast.launch(anOrder())
    expect(await failureOf(low)).toMatchObject({ kind: 'outcome_unknown', externalId: '27453223' })
  })

  test('an answer that does not settle it leaves it open', async () => {
    const answers: (OutboundReply | Error)[] = [
      lost,
      new OutboundError('timeout', 'slow'),
      json({ success: true }),
      text('<html>'),
      json({}, 500),
    ]
    for (const answer of answers) {
      expect((await failureOf(aProvider(answer).vast.launch(anOrder()))).kind).toBe('outcome_unknown')
    }
  })

  test('what was not sent was not done', async () => {
    const closed = new OutboundError('circuit_open', 'open')
    expect((await failureOf(aProvider(closed).vast.launch(anOrder()))).kind).toBe('unavailable')
  })

  test('an order that cannot be met is refused before anything is sent', async () => {
    const { vast, requests } = aProvider(json(bodies.create_ok.body))
    expect((await failureOf(vast.launch(anOrder({ offer: anOffer('spot') })))).kind).toBe('rejected')
    const crooked = anOrder({ offer: anOffer('on_demand', { externalId: '1/../users' }) })
    expect((await failureOf(vast.launch(crooked))).kind).toBe('rejected')
    expect(requests).toEqual([])
  })

  test('no secret is in the error, even when Vast repeats the body', async () => {
    const echo = json({ error: 'invalid_args', msg: 'error 400/3467: Invalid args: HF_TOKEN=hf_very_secret' }, 400)
    const { message } = await failureOf(aProvider(echo).vast.launch(anOrder()))
    expect(message).toBe('Vast launch: HTTP 400, invalid_args, 400/3467')
  })
})

describe('look', () => {
  test('reads every page', async () => {
    const page = (ids: number[], next: string | null) =>
      aPage(
        ids.map((id) => anInstance({ id })),
        { total_instances: 3, next_token: next },
      )
    const { vast, requests } = aProvider(page([1, 2], 'to=ken'), page([3], null))
    const { machines, at } = await vast.look()
    expect(machines.map((machine) => machine.externalId)).toEqual(['1', '2', '3'])
    expect(at).toBe(seenAt)
    const urls = requests.map((request) => new URL(request.url))
    expect(urls.map((url) => url.pathname)).toEqual(['/api/v1/instances/', '/api/v1/instances/'])
    expect(urls.map((url) => url.searchParams.get('after_token'))).toEqual([null, 'to=ken'])
    expect(urls[0]?.searchParams.get('limit')).toBe('25')
  })

  test('an empty fleet is an empty list that says so', async () => {
    expect((await aProvider(aPage([])).vast.look()).machines).toEqual([])
  })

  test.each<[string, OutboundReply, ProviderFailure['kind']]>([
    ['a bad key', json(bodies.bad_key.body, 404), 'unauthorized'],
    ['a retired endpoint', json(bodies.list_v0_new_account.body, 410), 'unexpected_reply'],
    ['an error body with a good status', json({ success: false, error: 'server_error' }), 'unexpected_reply'],
    ['a page of HTML', text('<html>'), 'unexpected_reply'],
    ['a missing list', json({ success: true, total_instances: 0, next_token: null }), 'unexpected_reply'],
    ['a bare array', json([]), 'unexpected_reply'],
    ['a row we cannot read', aPage([anInstance(), { id: 3 }]), 'unexpected_reply'],
    ['fewer rows than there are', aPage([anInstance()], { total_instances: 2 }), 'unexpected_reply'],
    ['fewer rows than announced', aPage([anInstance()], { instances_found: 2 }), 'unexpected_reply'],
    ['a server in trouble', json({}, 503), 'unavailable'],
    ['a limit', json(bodies.rate_detail.body, 429), 'rate_limited'],
  ])('%s is an error, never an empty fleet', async (_, answer, kind) => {
    expect((await failureOf(aProvider(answer).vast.look())).kind).toBe(kind)
  })

  test('a page that repeats itself is an error', async () => {
    const answer = aPage([anInstance()], { next_token: 'same', total_instances: 50 })
    expect((await failureOf(aProvider(answer).vast.look())).kind).toBe('unexpected_reply')
  })

  test('a machine that ended between two pages does not spoil the look', async () => {
    const { vast } = aProvider(
      aPage([anInstance({ id: 1 }), anInstance({ id: 2 })], { total_instances: 3, next_token: 't' }),
      aPage([anInstance({ id: 3 })], { total_instances: 2 }),
    )
    expect((await vast.look()).machines).toHaveLength(3)
  })
})

describe('look at one', () => {
  test('sees it', async () => {
    const { vast, requests } = aProvider(json({ instances: anInstance() }))
    const sighting = await vast.lookAt('27453221')
    expect(sighting).toMatchObject({ kind: 'seen', at: seenAt, machine: { phase: 'running' } })
    expect(requests[0]?.url).toBe('https://vast.test/api/v0/instances/27453221/')
  })

  test('null, or a 404 that names the instance, is absence', async () => {
    expect(await aProvider(json({ instances: null })).vast.lookAt('27453221')).toEqual({ kind: 'absent', at: seenAt })
    const gone = json(bodies.destroy_gone.body, 404)
    expect(await aProvider(gone).vast.lookAt('27453221')).toEqual({ kind: 'absent', at: seenAt })
  })

  test.each<[OutboundReply, ProviderFailure['kind']]>([
    [json(bodies.bad_key.body, 404), 'unauthorized'],
    [text('<html>404</html>', 404), 'unexpected_reply'],
    [json({}), 'unexpected_reply'],
    [json({ instances: [] }), 'unexpected_reply'],
    [json({ instances: {} }), 'unexpected_reply'],
    [json({}, 500), 'unavailable'],
  ])('nothing else is (%#)', async (answer, kind) => {
    expect((await failureOf(aProvider(answer).vast.lookAt('27453221'))).kind).toBe(kind)
  })

  test('another instance than the one asked for is unknown', async () => {
    const sighting = await aProvider(json({ instances: anInstance({ id: 1 }) })).vast.lookAt('27453221')
    expect(sighting.kind).toBe('unknown')
  })
})

describe('orders to a machine', () => {
  const done = json({ success: true })

  test('each goes to its own endpoint', async () => {
    const { vast, requests } = aProvider(done)
    await vast.stop('5')
    await vast.start('5')
    await vast.restart('5')
    await vast.terminate('5')
    await vast.changeBid('5', aBid)
    const seen = requests.map(({ method, url, json, repeat }) => [
      method,
      url.slice('https://vast.test'.length),
      json,
      repeat,
    ])
    expect(seen).toEqual([
      ['PUT', '/api/v0/instances/5/', { state: 'stopped' }, 'safe'],
      ['PUT', '/api/v0/instances/5/', { state: 'running' }, 'safe'],
      ['PUT', '/api/v0/instances/reboot/5/', {}, 'once'],
      ['DELETE', '/api/v0/instances/5/', undefined, 'safe'],
      ['PUT', '/api/v0/instances/bid_price/5/', { client_id: 'me', price: 0.25 }, 'safe'],
    ])
    expect(new Set(requests.flatMap((request) => request.limits.map((limit) => limit.name))).size).toBe(4)
  })

  test('a queued start is on its way', async () => {
    await expect(aProvider(json(bodies.start_queued.body)).vast.start('5')).resolves.toBeUndefined()
  })

  test('a machine that is gone counts as terminated, a bad key does not', async () => {
    await expect(aProvider(json(bodies.destroy_gone.body, 404)).vast.terminate('5')).resolves.toBeUndefined()
    await expect(aProvider(json(bodies.destroy_gone_old.body, 404)).vast.terminate('5')).resolves.toBeUndefined()
    expect((await failureOf(aProvider(json(bodies.bad_key.body, 404)).vast.terminate('5'))).kind).toBe('unauthorized')
    expect((await failureOf(aProvider(text('<html>', 404)).vast.terminate('5'))).kind).toBe('unexpected_reply')
    expect((await failureOf(aProvider(lost).vast.terminate('5'))).kind).toBe('outcome_unknown')
  })

  test('a refusal says why', async () => {
    const { kind, message } = await failureOf(aProvider(json(bodies.start_no_money.body, 400)).vast.start('5'))
    expect(kind).toBe('no_money')
    expect(message).toBe('Vast state: HTTP 400, missing_billing, You lack credit, see the billing page.')
    expect((await failureOf(aProvider(json(bodies.reboot_not_started.body)).vast.restart('5'))).kind).toBe('not_now')
    expect((await failureOf(aProvider(done).vast.changeBid('5', nanos(0n)))).kind).toBe('rejected')
    expect((await failureOf(aProvider(done).vast.stop('../users'))).kind).toBe('rejected')
  })
})

describe('logs', () => {
  const requested = json(bodies.logs_requested.body)

  test('waits for the file, and shows it no key', async () => {
    const { vast, requests, slept } = aProvider(requested, text('', 404), text('', 403), text('one\ntwo\r\nthree\n'))
    expect(await vast.logs('5', { tail: 2 })).toEqual(['two', 'three'])
    expect(body(requests[0])).toEqual({ tail: '2' })
    expect(slept).toEqual([1_000, 1_000])
    for (const request of requests.slice(1)) {
      expect(request.url).toBe(bodies.logs_requested.body.result_url)
      expect(JSON.stringify(request.headers ?? {})).not.toContain(apiKey)
    }
  })

  test('gives up after a while', async () => {
    const { vast, requests } = aProvider(requested, text('', 404))
    expect((await failureOf(vast.logs('5', { tail: 10 }))).kind).toBe('unavailable')
    expect(requests).toHaveLength(26)
  })

  test('does not follow an answer to anywhere', async () => {
    const inside = json({ success: true, result_url: 'http://169.254.169.254/latest/meta-data' })
    const { vast, requests } = aProvider(inside)
    expect((await failureOf(vast.logs('5', { tail: 10 }))).kind).toBe('unexpected_reply')
    expect(requests).toHaveLength(1)
  })
})

describe('account', () => {
  test('balance and credit are spendable together', async () => {
    expect(await aProvider(json(bodies.user.body)).vast.balance()).toBe(nanos(84_112_000_000n))
    expect(await aProvider(json({ balance: -1.5, credit: 2 })).vast.balance()).toBe(nanos(500_000_000n))
    expect((await failureOf(aProvider(json({ id: 1 })).vast.balance())).kind).toBe('unexpected_reply')
  })

  test('reads both shapes of the key list, and 404 as none', async () => {
    const key = { id: 9, user_id: 1, key: publicKey, created_at: '2026-01-01', deleted_at: null }
    const read = [{ id: '9', name: null, publicKey }]
    expect(await aProvider(json([key])).vast.sshKeys()).toEqual(read)
    expect(await aProvider(json({ ssh_keys: [{ id: 9, public_key: publicKey }] })).vast.sshKeys()).toEqual(read)
    expect(await aProvider(json([{ ...key, deleted_at: '2026-02-02' }])).vast.sshKeys()).toEqual([])
    expect(await aProvider(json({ success: false, msg: 'No SSH keys' }, 404)).vast.sshKeys()).toEqual([])
    expect((await failureOf(aProvider(json(bodies.bad_key.body, 404)).vast.sshKeys())).kind).toBe('unauthorized')
  })

  test('registers a key that is not there, and leaves one that is', async () => {
    const present = aProvider(json([{ id: 9, key: `${publicKey.split(' ').slice(0, 2).join(' ')} old name` }]))
    expect(await present.vast.addSshKey({ name: 'x', publicKey })).toMatchObject({ id: '9' })
    expect(present.requests).toHaveLength(1)

    const created = json({ success: true, key: { id: 10, user_id: 1, public_key: publicKey } })
    const absent = aProvider(json([]), created)
    expect(await absent.vast.addSshKey({ name: 'x', publicKey })).toEqual({ id: '10', name: null, publicKey })
    expect(absent.requests[1]).toMatchObject({ method: 'POST', json: { ssh_key: publicKey }, repeat: 'once' })
  })
})

describe('words', () => {
  const { vast } = aProvider(json({}))

  test('translate both ways, and say when they cannot', () => {
    expect(vast.gpuSpellings('RTX 4090')).toEqual(['RTX 4090', 'RTX_4090'])
    expect(() => vast.gpuSpellings('Abacus')).toThrow(RangeError)
    expect(vast.regionSpellings('canada')).toEqual(['CA'])
    expect(() => vast.regionSpellings('atlantis')).toThrow(RangeError)
    expect(vast.regionFrom('Quebec, CA')).toBe('canada')
    expect(() => vast.regionFrom(', US')).toThrow(RangeError)
  })

  test('limits are minimum intervals with a source', () => {
    expect(vast.limits().find(({ scope }) => scope === 'launch')).toMatchObject({ calls: 1, windowMs: 4_500, burst: 1 })
    for (const limit of vast.limits()) expect(limit.source).not.toBe('')
  })
})

test('every path ends in a slash and no error shows the key', async () => {
  const { vast, requests } = aProvider(json({ success: false, error: 'server_error' }, 500))
  const order = anOrder()
  const attempts = [
    vast.searchOffers({ models: [], markets: ['on_demand'], diskGb: 10 }),
    vast.launch(order),
    vast.look(),
    vast.lookAt('5'),
    vast.stop('5'),
    vast.restart('5'),
    vast.terminate('5'),
    vast.changeBid('5', aBid),
    vast.logs('5', { tail: 5 }),
    vast.sshKeys(),
    vast.balance(),
  ]
  for (const { message } of await Promise.all(attempts.map(failureOf))) {
    expect(message).not.toContain(apiKey)
    expect(message).not.toContain('hf_very_secret')
  }
  for (const request of requests) expect(new URL(request.url).pathname).toMatch(/\/$/)
})

test('a full page that tells neither a next one nor a total is not taken for the whole fleet', async () => {
  const instances = Array.from({ length: 25 }, (_, n) => anInstance({ id: 1000 + n }))
  const unsure = { total_instances: undefined, next_token: null }
  expect(await failureOf(aProvider(aPage(instances, unsure)).vast.look())).toMatchObject({ kind: 'unexpected_reply' })
  const { machines } = await aProvider(aPage(instances.slice(1), unsure)).vast.look()
  expect(machines).toHaveLength(24)
})
