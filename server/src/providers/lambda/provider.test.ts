import { describe, expect, test } from 'vitest'
import { nanosFromUsd, noMoney } from '../../core/money.ts'
import { OutboundError } from '../../outbound/outbound.ts'
import types from './fixtures/instance-types.json' with { type: 'json' }
import { createLambdaProvider } from './provider.ts'
import { nameOfKey } from './ssh-keys.ts'
import {
  aMarketplace,
  anInstance,
  anOffer,
  anOrder,
  apiKey,
  aTypeEntry,
  instanceId,
  json,
  otherKey,
  publicKey,
  refused,
  seenAt,
  text,
} from './testing.ts'

const typesReply = json(types.answer)
const launched = json({ data: { instance_ids: [instanceId] } })
const laptop = { id: '1', name: 'laptop', public_key: publicKey }
const desk = { id: '2', name: 'desk', public_key: otherKey }
const query = { models: [], markets: ['on_demand' as const], diskGb: 10 }

function keys(...list: unknown[]) {
  return json({ data: list })
}

function provide(...answers: Parameters<typeof aMarketplace>) {
  const market = aMarketplace(...answers)
  return { ...market, lambda: createLambdaProvider(market.deps) }
}

describe('searching', () => {
  test('shows all that is on sale and counts what it cannot read', async () => {
    const { lambda, requests } = provide(typesReply)
    const found = await lambda.searchOffers(query)
    expect(found.offers.map(({ externalId, available }) => [externalId, available])).toEqual([
      ['gpu_1x_a10|us-east-1', true],
      ['gpu_1x_a10|us-west-1', true],
      ['gpu_8x_h100_sxm5|unknown', false],
      ['gpu_1x_gh200|us-east-3', true],
    ])
    expect(found).toMatchObject({ skipped: { without_gpu: 1 }, sampled: false })
    expect(requests).toMatchObject([
      {
        target: 'lambda',
        account: 'main',
        method: 'GET',
        url: 'https://lambda.test/api/v1/instance-types',
        headers: { authorization: `Bearer ${apiKey}` },
        repeat: 'safe',
      },
    ])
  })

  test('keeps to the models that are asked for', async () => {
    const found = await provide(typesReply).lambda.searchOffers({ ...query, models: ['GH200 96GB'] })
    expect(found.offers.map(({ gpu }) => gpu.model)).toEqual(['GH200 96GB'])
  })

  test('has nothing on the spot market, and does not ask', async () => {
    const { lambda, requests } = provide(typesReply)
    expect((await lambda.searchOffers({ ...query, markets: ['spot'] })).offers).toEqual([])
    expect(requests).toEqual([])
  })

  test.each([json({ data: [] }), json({ data: null }), json({}), text('<html>'), json([])])(
    'takes no unreadable answer for an empty market (%#)',
    async (reply) => {
      await expect(provide(reply).lambda.searchOffers(query)).rejects.toMatchObject({ kind: 'unexpected_reply' })
    },
  )
})

describe('quoting', () => {
  test('shows the offer at its price of now', async () => {
    const { lambda } = provide(json({ data: { gpu_1x_a10: aTypeEntry({ price_cents_per_hour: 99 }) } }))
    const now = await lambda.quote(anOffer(), { diskGb: 10 })
    expect(now).toMatchObject({ externalId: 'gpu_1x_a10|us-east-1', pricePerHour: nanosFromUsd('0.99') })
  })

  test.each([
    ['the region has no capacity now', anOffer({ externalId: 'gpu_1x_a10|us-west-3' })],
    ['the type is sold out', anOffer({ externalId: 'gpu_8x_h100_sxm5|us-east-1' })],
    ['the type is sold no more', anOffer({ externalId: 'gpu_1x_v100|us-east-1' })],
    ['it never was for sale', anOffer({ externalId: 'gpu_8x_h100_sxm5|unknown' })],
    ['its name is one of JavaScript', anOffer({ externalId: 'constructor|us-east-1' })],
    ['it is spot', anOffer({ market: 'spot' })],
  ])('is refused when %s', async (_, offer) => {
    await expect(provide(typesReply).lambda.quote(offer, { diskGb: 10 })).rejects.toMatchObject({ kind: 'no_capacity' })
  })

  test('is refused when the disk is too small', async () => {
    const quoted = provide(typesReply).lambda.quote(anOffer(), { diskGb: 5_000 })
    await expect(quoted).rejects.toMatchObject({ kind: 'no_capacity' })
  })
})

describe('launching', () => {
  test('uses the registered key and sends once', async () => {
    const { lambda, requests } = provide(keys(desk, laptop), launched)
    expect(await lambda.launch(anOrder())).toEqual({ externalId: instanceId, pricePerHour: null })
    expect(requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'GET https://lambda.test/api/v1/ssh-keys',
      'POST https://lambda.test/api/v1/instance-operations/launch',
    ])
    expect(requests[1]).toMatchObject({ repeat: 'once', timeoutMs: 120_000, json: { ssh_key_names: ['laptop'] } })
  })

  test('registers a new key under a name made of it', async () => {
    const name = nameOfKey(publicKey)
    const { lambda, requests } = provide(keys(desk), json({ data: { ...laptop, name } }), launched)
    await lambda.launch(anOrder())
    expect(requests[1]).toMatchObject({ method: 'POST', json: { name, public_key: publicKey }, repeat: 'once' })
    expect(requests[2]).toMatchObject({ json: { ssh_key_names: [name] } })
  })

  test.each([
    ['was registered by somebody else at the same moment', refused('global/duplicate')],
    ['was registered and the answer lost', new OutboundError('timeout', 'no answer')],
  ])('goes on when the key %s', async (_, answer) => {
    const { lambda, requests } = provide(keys(), answer, keys(laptop), launched)
    await lambda.launch(anOrder())
    expect(requests[3]).toMatchObject({ json: { ssh_key_names: ['laptop'] } })
  })

  test('trouble with the key leaves nothing unknown, because nothing was rented', async () => {
    const lost = provide(keys(), new OutboundError('timeout', 'no answer'), keys())
    await expect(lost.lambda.launch(anOrder())).rejects.toMatchObject({ kind: 'unavailable' })
    const wrong = provide(keys(), refused('global/invalid-parameters'), keys())
    await expect(wrong.lambda.launch(anOrder())).rejects.toMatchObject({ kind: 'rejected' })
    for (const { requests } of [lost, wrong]) expect(requests.map(({ operation }) => operation)).not.toContain('launch')
  })

  test('does not begin when the key took so long that nobody would expect the machine', async () => {
    const market = aMarketplace(() => {
      market.passMs(60_000)
      return keys(laptop)
    })
    const lambda = createLambdaProvider(market.deps)
    await expect(lambda.launch(anOrder())).rejects.toMatchObject({ kind: 'unavailable' })
    expect(market.requests).toHaveLength(1)
  })

  test("uses the account's first key when the order has none", async () => {
    const { lambda, requests } = provide(keys({ ...laptop, name: nameOfKey(publicKey) }, desk), launched)
    await lambda.launch(anOrder({ sshPublicKey: null }))
    expect(requests[1]).toMatchObject({ json: { ssh_key_names: ['desk'] } })
  })

  test('never lets Lambda make a key: without any the order is refused with what to do', async () => {
    const { lambda, requests } = provide(keys())
    await expect(lambda.launch(anOrder({ sshPublicKey: null }))).rejects.toMatchObject({
      kind: 'rejected',
      message: expect.stringContaining('give ssh_public_key'),
    })
    expect(requests.map(({ method }) => method)).toEqual(['GET'])
  })

  test('refuses a bad order before it asks anything', async () => {
    const { lambda, requests } = provide(keys(laptop), launched)
    await expect(lambda.launch(anOrder({ image: '-x' }))).rejects.toMatchObject({ kind: 'rejected' })
    expect(requests).toEqual([])
  })

  test.each([
    [refused('instance-operations/launch/insufficient-capacity'), 'no_capacity'],
    [refused('global/quota-exceeded'), 'no_money'],
    [refused('global/invalid-address', 403), 'no_money'],
    [refused('global/invalid-api-key', 401), 'unauthorized'],
    [refused('global/object-does-not-exist', 404), 'rejected'],
    [refused('global/invalid-parameters'), 'rejected'],
    [text('slow down', 429), 'rate_limited'],
    [text('error code: 1010', 403), 'unavailable'],
    [refused('provider/internal-unavailable', 503), 'outcome_unknown'],
    [json({ data: { instance_ids: [] } }), 'outcome_unknown'],
    [json({ data: {} }), 'outcome_unknown'],
    [text('<html>'), 'outcome_unknown'],
    [new OutboundError('timeout', 'no answer'), 'outcome_unknown'],
    [new OutboundError('network', 'broken'), 'outcome_unknown'],
    [new OutboundError('not_sent', 'refused'), 'unavailable'],
    [new OutboundError('circuit_open', 'open'), 'unavailable'],
    [new OutboundError('rate_limited', 'wait', { retryAfterMs: 61_000 }), 'rate_limited'],
  ])('tells apart what its answer means (%#)', async (answer, kind) => {
    await expect(provide(keys(laptop), answer).lambda.launch(anOrder())).rejects.toMatchObject({ kind })
  })

  test('no message repeats a key, a value of the environment or what Lambda says about the body', async () => {
    const answer = json(
      { error: { code: 'global/invalid-parameters', message: 'bad hf_very_secret in user_data' } },
      400,
    )
    const error = await provide(keys(laptop), answer)
      .lambda.launch(anOrder())
      .catch((thrown: unknown) => thrown)
    expect(String(error)).toContain('global/invalid-parameters')
    expect(String(error)).not.toMatch(/hf_very_secret|must-not-show/)
  })
})

describe('looking', () => {
  test('shows the whole fleet', async () => {
    const { lambda } = provide(
      json({ data: [anInstance(), anInstance({ id: 'b', status: 'booting', ip: undefined })] }),
    )
    const look = await lambda.look()
    expect(look.at).toBe(seenAt)
    expect(look.machines.map(({ externalId, phase }) => [externalId, phase])).toEqual([
      [instanceId, 'running'],
      ['b', 'starting'],
    ])
  })

  test.each([
    [json({ data: [anInstance(), anInstance({ status: undefined })] }), 'unexpected_reply'],
    [json({ data: null }), 'unexpected_reply'],
    [json({}), 'unexpected_reply'],
    [json([]), 'unexpected_reply'],
    [text('<html>maintenance</html>'), 'unexpected_reply'],
    [text('gone', 410), 'unexpected_reply'],
    [refused('global/not-found', 404), 'unexpected_reply'],
    [refused('global/forbidden', 403), 'unauthorized'],
    [refused('global/invalid-api-key', 401), 'unauthorized'],
    [refused('global/invalid-api-key', 200), 'unauthorized'],
    [text('error code: 1010', 403), 'unavailable'],
    [text('bad gateway', 502), 'unavailable'],
    [new OutboundError('timeout', 'no answer'), 'unavailable'],
  ])('takes nothing unreadable for an empty or a shorter fleet (%#)', async (answer, kind) => {
    await expect(provide(answer).lambda.look()).rejects.toMatchObject({ kind })
  })

  test('an unhealthy machine bills on once it was active', async () => {
    const unhealthy = json({ data: [anInstance({ status: 'unhealthy' })] })
    const { lambda } = provide(unhealthy, json({ data: [anInstance()] }), unhealthy)
    const states = []
    for (let looks = 0; looks < 3; looks++) states.push((await lambda.look()).machines[0]?.meters[0]?.state)
    expect(states).toEqual(['unclear', 'on', 'on'])
  })
})

describe('looking at one', () => {
  test.each([
    ['404', refused('global/object-does-not-exist', 404), 'absent'],
    ['terminated', json({ data: anInstance({ status: 'terminated' }) }), 'absent'],
    ['preempted', json({ data: anInstance({ status: 'preempted' }) }), 'absent'],
    ['terminating', json({ data: anInstance({ status: 'terminating' }) }), 'seen'],
    ['active', json({ data: anInstance() }), 'seen'],
    ['a new word', json({ data: anInstance({ status: 'resting' }) }), 'seen'],
    ['another machine', json({ data: anInstance({ id: 'other' }) }), 'unknown'],
  ])('%s', async (_, answer, kind) => {
    const { lambda, requests } = provide(answer)
    expect(await lambda.lookAt(instanceId)).toMatchObject({ kind, at: seenAt })
    expect(requests[0]?.url).toBe(`https://lambda.test/api/v1/instances/${instanceId}`)
  })

  test.each([
    text('<html>not found</html>', 404),
    refused('global/not-found', 404),
    refused('global/invalid-api-key', 401),
    text('error code: 1010', 403),
    json({ data: null }),
    new OutboundError('network', 'broken'),
  ])('an unclear answer is never absence (%#)', async (answer) => {
    await expect(provide(answer).lambda.lookAt(instanceId)).rejects.toMatchObject({ name: 'ProviderError' })
  })

  test.each(['', '..', 'a/b', 'a?b'])('the id %j goes into no path', async (id) => {
    const { lambda, requests } = provide(json({ data: [] }))
    await expect(lambda.lookAt(id)).rejects.toMatchObject({ kind: 'rejected' })
    expect(requests).toEqual([])
  })
})

describe('ending and restarting', () => {
  test('a termination is accepted, and so is one of a machine that is gone', async () => {
    const { lambda, requests } = provide(
      json({ data: { terminated_instances: [anInstance({ status: 'terminating' })] } }),
      refused('global/object-does-not-exist', 404),
    )
    await lambda.terminate(instanceId)
    await lambda.terminate(instanceId)
    expect(requests[0]).toMatchObject({ json: { instance_ids: [instanceId] }, repeat: 'safe' })
  })

  test.each([
    [text('<html>'), 'unexpected_reply'],
    [text('error code: 1010', 403), 'unavailable'],
    [refused('global/not-found', 404), 'unexpected_reply'],
    [refused('global/invalid-api-key', 401), 'unauthorized'],
    [refused('global/internal-error', 500), 'outcome_unknown'],
  ])('nothing else is taken for an accepted termination (%#)', async (answer, kind) => {
    await expect(provide(answer).lambda.terminate(instanceId)).rejects.toMatchObject({ kind })
  })

  test('a restart is sent once and may have to wait', async () => {
    const { lambda, requests } = provide(json({ data: { restarted_instances: [] } }), refused('global/conflict', 409))
    await lambda.restart(instanceId)
    expect(requests[0]).toMatchObject({ repeat: 'once', json: { instance_ids: [instanceId] } })
    await expect(lambda.restart(instanceId)).rejects.toMatchObject({ kind: 'not_now' })
  })

  test('what Lambda cannot do is refused with what to do instead', async () => {
    const { lambda, requests } = provide(typesReply)
    const attempts = [
      lambda.stop(instanceId),
      lambda.start(instanceId),
      lambda.changeBid(instanceId, noMoney),
      lambda.logs(instanceId, { tail: 10 }),
    ]
    for (const attempt of attempts) await expect(attempt).rejects.toMatchObject({ kind: 'rejected' })
    expect(await lambda.balance()).toBeNull()
    expect(requests).toEqual([])
  })
})

describe('keys', () => {
  test('are listed, and one that is there is not added again', async () => {
    const { lambda, requests } = provide(keys(laptop))
    expect(await lambda.sshKeys()).toEqual([{ id: '1', name: 'laptop', publicKey }])
    expect(await lambda.addSshKey({ name: 'again', publicKey })).toMatchObject({ name: 'laptop' })
    expect(requests.map(({ method }) => method)).toEqual(['GET', 'GET'])
  })

  test('are added with their public half, and a private one is never read', async () => {
    const { lambda, requests } = provide(keys(), json({ data: { ...laptop, private_key: 'PEM' } }))
    expect(JSON.stringify(await lambda.addSshKey({ name: 'laptop', publicKey }))).not.toContain('PEM')
    expect(requests[1]?.json).toEqual({ name: 'laptop', public_key: publicKey })
    await expect(lambda.addSshKey({ name: 'x', publicKey: '' })).rejects.toMatchObject({ kind: 'rejected' })
  })
})

test('words are translated both ways, and unknown ones are errors', () => {
  const { lambda } = provide(typesReply)
  expect(lambda.gpuSpellings('A10')).toEqual(['gpu_1x_a10'])
  expect(() => lambda.gpuSpellings('RTX 4090')).toThrow(RangeError)
  expect(lambda.regionSpellings('middle-east')).toEqual(['me-west-1'])
  expect(() => lambda.regionSpellings('africa')).toThrow(RangeError)
  expect(lambda.regionFrom('us-midwest-1')).toBe('us-central')
  expect(() => lambda.regionFrom('mars-1')).toThrow(RangeError)
})

test('the limits are data with a source', () => {
  const { lambda } = provide(typesReply)
  expect(lambda.limits()).toMatchObject([
    { scope: 'all', calls: 1, windowMs: 1_100 },
    { scope: 'launch', calls: 1, windowMs: 13_000 },
  ])
  for (const { source } of lambda.limits()) expect(source).toMatch(/\d{4}-\d{2}/)
})
