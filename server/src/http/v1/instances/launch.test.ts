import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { InstanceId } from '../../../core/instances/instance.ts'
import { type HttpWorld, httpWorld, isDown } from '../../../testing/http-world.ts'

let world: HttpWorld
beforeEach(async () => {
  world = await httpWorld()
})
afterEach(() => world.close())

const launch = (body: unknown, headers?: Record<string, string>) =>
  world.ask('POST', '/api/v1/instances', body, headers)
const written = async () => (await world.instances.list({ limit: 100 })).length
/** Nothing half done is left behind by a refusal. */
async function nothingWritten() {
  expect(await written()).toBe(0)
  expect(await world.listEvents()).toEqual([])
  expect(world.rung).toBe(0)
  expect(world.accounts.flatMap((one) => one.calls)).toEqual([])
}

const key = `ssh-ed25519 ${'A'.repeat(68)} me@laptop`
const chosen = { provider: 'vast_ai', offer_id: '4090' }

describe('201', () => {
  test('S003-36 S003-37 S003-38 S003-59 the contract’s example reaches the wish', async () => {
    const answer = await launch({
      provider: 'runpod',
      offer_id: 'NVIDIA A40:SECURE',
      image: 'pytorch/pytorch:2.0.1-cuda11.7-cudnn8-devel',
      label: 'ML Training Workstation',
      environment: { WANDB_API_KEY: 'your_wandb_key', HUGGINGFACE_TOKEN: 'your_hf_token' },
      ports: [
        { container_port: 8888, protocol: 'tcp' },
        { container_port: 6006, protocol: 'tcp' },
      ],
      resources: { min_storage_gb: 100, min_gpus: 1 },
    })
    expect(answer.status).toBe(201)
    expect(answer.json).toMatchObject({ success: true, message: 'Instance requested' })
    expect(answer.json.data).toMatchObject({
      provider: 'runpod',
      label: 'ML Training Workstation',
      storage_gb: 100,
      environment: { WANDB_API_KEY: '[secret]', HUGGINGFACE_TOKEN: '[secret]' },
      ports: [
        { container_port: 8888, protocol: 'tcp' },
        { container_port: 6006, protocol: 'tcp' },
      ],
    })
    const id = answer.json.data.id as InstanceId
    expect((await world.instances.get(id))?.wish).toMatchObject({
      offer: { provider: 'runpod', key: 'NVIDIA A40:SECURE' },
      diskGb: 100,
      image: 'pytorch/pytorch:2.0.1-cuda11.7-cudnn8-devel',
    })
    expect((await world.instances.secretsOf(id)).environment).toEqual({
      WANDB_API_KEY: 'your_wandb_key',
      HUGGINGFACE_TOKEN: 'your_hf_token',
    })
    expect(world.rung).toBe(1)
  })

  test('S003-39 S003-60 the Python client can print what it creates', async () => {
    const offers = (
      await world.ask('POST', '/api/v1/offers/search/advanced', {
        gpu_model: 'RTX 4090',
        max_price: 3.0,
        sort_by: 'price',
        sort_order: 'asc',
        available: true,
      })
    ).json.data
    const { status, json } = await launch({
      provider: offers[0].provider,
      offer_id: offers[0].provider_id,
      image: 'pytorch/pytorch:2.0.1-cuda11.7-cudnn8-devel',
      label: 'ML Training - RTX 4090',
      environment: { CUDA_VISIBLE_DEVICES: '0' },
    })
    expect(status).toBe(201)
    expect(json.data).toMatchObject({
      id: expect.stringMatching(/^inst_[0-9a-z]{16}$/),
      provider: 'vast_ai',
      gpu_model: 'RTX 4090',
      price_per_hour: 0.2,
      market: 'spot',
      status: 'requested',
    })
  })

  test('wishes alone rent the cheapest that fits', async () => {
    const { json } = await launch({ gpu_models: ['RTX 4090', 'A100'], max_price_per_hour_usd: '0.50' })
    expect(json.data).toMatchObject({ price_per_hour_usd: '0.36', max_price_per_hour_usd: '0.5', market: 'on_demand' })
  })

  test('an id with the provider in front names the same offer', async () => {
    expect((await launch({ provider: 'vast', offer_id: 'vast_4090:spot' })).json.data.price_per_hour).toBe(0.2)
  })

  test('R003-04 an ssh key under either name, with the line end of its file', async () => {
    for (const name of ['ssh_key', 'ssh_public_key']) {
      const { json } = await launch({ ...chosen, [name]: `${key}\n` })
      expect((await world.instances.get(json.data.id))?.wish.sshPublicKey).toBe(key)
    }
  })

  test('warnings about other providers come along', async () => {
    world.market.warnings = [isDown('runpod')]
    expect((await launch({ gpu_model: 'RTX 4090' })).json.warnings).toMatchObject([{ provider: 'runpod' }])
  })

  test('offers of a provider that is switched off do not crowd out the others', async () => {
    await world.close()
    world = await httpWorld({ off: ['vast'] })
    expect((await launch({ min_vram_gb: 1, market: 'any' })).json.data.provider).toBe('runpod')
  })
})

describe('201 with an Idempotency-Key', () => {
  const headers = { 'idempotency-key': 'one' }

  test('the same request twice is one instance', async () => {
    const body = { ...chosen, environment: { A: '1', B: '2' } }
    const first = await launch(body, headers)
    const again = await launch({ environment: { B: '2', A: '1' }, ...chosen }, headers)
    expect(again.status).toBe(201)
    expect(again.json.data.id).toBe(first.json.data.id)
    expect(again.json.message).toBe('Instance was requested before with this Idempotency-Key')
    expect(await written()).toBe(1)
  })

  test('it still answers when the offer is gone by then', async () => {
    const first = await launch(chosen, headers)
    world.index.removeProvider('vast')
    expect((await launch(chosen, headers)).json.data.id).toBe(first.json.data.id)
  })

  test('two at once make one instance', async () => {
    // All have looked for an earlier instance and found none before the first is written down.
    const waiting: (() => void)[] = []
    world.market.freshen = () =>
      new Promise((resolve) => {
        waiting.push(() => resolve([]))
        if (waiting.length === 5) for (const goOn of waiting) goOn()
      })
    const answers = await Promise.all(Array.from({ length: 5 }, () => launch(chosen, headers)))
    expect(answers.map((one) => one.status)).toEqual([201, 201, 201, 201, 201])
    expect(new Set(answers.map((one) => one.json.data.id)).size).toBe(1)
    expect(await written()).toBe(1)
    expect(await world.listEvents()).toHaveLength(1)
  })

  test('over 127.0.0.1 and ::1 it is the same caller', async () => {
    const by = (remoteAddress: string) =>
      world.send({
        method: 'POST',
        url: '/api/v1/instances',
        payload: JSON.stringify(chosen),
        headers,
        remoteAddress,
      })
    expect((await by('::1')).json.data.id).toBe((await by('127.0.0.1')).json.data.id)
  })

  test('a repeated answer shows what it has cost since', async () => {
    const { id } = (await launch(chosen, headers)).json.data
    const at = world.clock.now()
    await world.charges.put([
      {
        instanceId: id,
        attempt: 1,
        kind: 'gpu',
        sequence: 1,
        ratePerHour: 360_000_000n as never,
        stepMs: 1,
        startedAfter: at,
        startedBefore: at,
        lastOnAt: at,
        certain: true,
        endedAfter: null,
        endedBefore: null,
      },
    ])
    await world.clock.advance(3_600_000)
    expect((await launch(chosen, headers)).json.data.cost_so_far_usd).toBe('0.36')
  })
})

describe('201 with dry_run', () => {
  test('answers the plan and writes nothing', async () => {
    const { json } = await launch({ gpu_model: 'RTX 4090', dry_run: true }, { 'idempotency-key': 'one' })
    expect(json).toMatchObject({ message: 'Plan made', data: { dry_run: true, cheapest_per_hour_usd: '0.36' } })
    await nothingWritten()
    expect(await world.instances.madeWith('launch keyless', 'one')).toBeUndefined()
  })
})

describe('400', () => {
  test.each([
    [{ ...chosen, gpu: 'x' }, 'gpu', 'did you mean gpu_model'],
    [{ ...chosen, max_price_per_hour: 1 }, 'max_price_per_hour', 'did you mean max_price_per_hour_usd'],
    [{ offer_id: '4090' }, 'provider', 'is needed with offer_id'],
    [{}, 'gpu_model', 'say what to rent'],
    [{ provider: 'vast' }, 'gpu_model', 'say what to rent'],
    [{ ...chosen, gpu_model: 'A100' }, 'offer_id', 'send it without gpu_model'],
    [{ provider: 'aws', offer_id: '1' }, 'provider', 'there are vast_ai'],
    [{ ...chosen, offer_id: 4090 }, 'offer_id', 'expected string'],
    [{ ...chosen, market: 'spot' }, 'market', 'is on the market on_demand'],
    [{ gpu_model: 'A100', gpu_count: 0 }, 'gpu_count', '>=1'],
    [{ gpu_model: 'A100', gpu_count: 1, resources: { min_gpus: 2 } }, 'gpu_count', 'below resources.min_gpus 2'],
    [{ gpu_model: 'A100', max_price_per_hour_usd: 0 }, 'max_price_per_hour_usd', 'nothing is free'],
    [{ gpu_model: 'A100', disk_gb: 1e9 }, 'disk_gb', '<=64000'],
    [{ ...chosen, image: 'a\nb' }, 'image', 'one line'],
    [{ ...chosen, label: '\u0000' }, 'label', 'one line'],
    [{ ...chosen, environment: { 'A B': 'x' } }, 'environment.A B', 'is a name of letters'],
    [{ ...chosen, environment: { A: 1 } }, 'environment.A', 'expected string'],
    [{ ...chosen, environment: [] }, 'environment', 'expected record'],
    [{ ...chosen, ports: [{ container_port: 0 }] }, 'ports.0.container_port', '>=1'],
    [{ ...chosen, ports: [{ container_port: 80, protocol: 'sctp' }] }, 'ports.0.protocol', '"tcp"'],
    [
      { ...chosen, ports: [{ container_port: 80 }, { container_port: 80, protocol: 'http' }] },
      'ports',
      '80/tcp is listed twice',
    ],
    [{ ...chosen, ports: [{ container_port: 80, hostport: 1 }] }, 'ports.0.hostport', 'is not known here'],
    [{ ...chosen, health: { port: 80 } }, 'health.port', 'is not among ports'],
    [{ ...chosen, ssh_key: 'evil\nssh-ed25519 AAAA' }, 'ssh_key', 'is one public key'],
    [{ ...chosen, ssh_key: `${key}\n${key}` }, 'ssh_key', 'is one public key'],
    [{ ...chosen, ssh_key: key, ssh_public_key: `${key}x` }, 'ssh_key', 'the same thing'],
    [{ ...chosen, policies: { on_interruption: 'panic' } }, 'policies.on_interruption', '"relaunch"'],
    [{ ...chosen, dry_run: 'yes' }, 'dry_run', 'expected boolean'],
    [[chosen], 'body', 'is array'],
    [null, 'body', 'is null'],
  ])('%j', async (body, field, problem) => {
    const { status, json } = await launch(body)
    expect(status).toBe(400)
    expect(json.details.mistakes).toContainEqual({ field, problem: expect.stringContaining(problem) })
    await nothingWritten()
  })

  test('every mistake is named, also those that need two fields', async () => {
    const { json } = await launch({ offer_id: 'x', gpu_model: 'A100', health: { port: 1 }, max_price_per_hour_usd: 0 })
    expect(json.details.mistakes.map((one: { field: string }) => one.field)).toEqual([
      'provider',
      'offer_id',
      'max_price_per_hour_usd',
      'health.port',
    ])
  })

  test('a key that would be dropped in silence', async () => {
    const payload = '{"gpu_model":"A100","environment":{"__proto__":"sk-1"}}'
    const { status, json } = await world.send({ method: 'POST', url: '/api/v1/instances', payload })
    expect(status).toBe(400)
    expect(json.details.mistakes).toMatchObject([{ field: '__proto__' }])
    await nothingWritten()
  })

  test('an unknown GPU', async () => {
    expect((await launch({ gpu_model: 'RTX 4O90' })).json).toMatchObject({ code: 'unknown_gpu' })
    await nothingWritten()
  })

  test('a provider without a key', async () => {
    const { status, json } = await launch({ provider: 'lambda_labs', gpu_model: 'A100' })
    expect(status).toBe(400)
    expect(json).toMatchObject({ code: 'provider_not_configured', error: 'lambda_labs is not configured here' })
    await nothingWritten()
  })

  test('what the provider cannot do', async () => {
    expect((await launch({ provider: 'runpod', gpu_model: 'A40', market: 'spot' })).json.code).toBe('not_possible_here')
    const udp = { provider: 'runpod', gpu_model: 'A40', ports: [{ container_port: 53, protocol: 'udp' }] }
    expect((await launch(udp)).json).toMatchObject({
      code: 'not_possible_here',
      error: 'runpod publishes no UDP ports',
    })
    await nothingWritten()
  })

  test.each(['', 'with blank', 'ü', 'x'.repeat(256)])('Idempotency-Key %j', async (value) => {
    const { status, json } = await launch(chosen, { 'idempotency-key': value })
    expect(status).toBe(400)
    expect(json.details.mistakes).toMatchObject([{ field: 'idempotency-key' }])
    await nothingWritten()
  })
})

describe('409', () => {
  test('the key was used with another request', async () => {
    const first = await launch(chosen, { 'idempotency-key': 'one' })
    const { status, json } = await launch({ ...chosen, label: 'other' }, { 'idempotency-key': 'one' })
    expect(status).toBe(409)
    expect(json).toMatchObject({ code: 'idempotency_key_reused', details: { instance_id: first.json.data.id } })
    expect(await written()).toBe(1)
  })

  test('the offer is gone', async () => {
    const { status, json } = await launch({ provider: 'vast', offer_id: '777' })
    expect(status).toBe(409)
    expect(json).toMatchObject({ code: 'offer_gone', error: 'vast_ai does not list offer 777 any more' })
    await nothingWritten()
  })

  test('S003-38 the chosen offer is too small, rented, or above the cap', async () => {
    for (const [more, why] of [
      [{ resources: { min_ram_gb: 128 } }, 'min_ram_gb removed 1 of 1'],
      [{ resources: { min_gpus: 2 } }, 'min_gpu_count removed'],
      [{ resources: { min_storage_gb: 1000 } }, 'min_storage_gb removed'],
      [{ max_price_per_hour_usd: 0.35 }, 'the cheapest costs 0.36'],
      [{ regions: ['Europe'] }, 'region removed'],
      [{ offer_id: 'rented' }, 'available removed'],
    ] as const) {
      const { status, json } = await launch({ ...chosen, ...more })
      expect(status).toBe(409)
      expect(json).toMatchObject({ code: 'no_offer', error: expect.stringContaining(why) })
    }
    await nothingWritten()
  })

  test('nothing on sale fits: the filter to blame, in our spelling', async () => {
    const { status, json } = await launch({ gpu_model: 'RTX 4090', max_price_per_hour_usd: 0.1 })
    expect(status).toBe(409)
    expect(json).toMatchObject({ code: 'no_offer', error: expect.stringContaining('the cheapest costs 0.36') })
    expect(json.details.filters[0]).toHaveProperty('left_without')
    await nothingWritten()
  })

  test('what fits failed a moment ago', async () => {
    world.penalties.set('vast:machine-1', world.clock.now() + 1)
    const { json } = await launch({ gpu_model: 'RTX 4090' })
    expect(json.error).toContain('failed lately')
    await nothingWritten()
  })

  test('nothing fits, and who could not be asked is said', async () => {
    world.market.warnings = [isDown('runpod')]
    expect((await launch({ gpu_model: 'H100', max_price_per_hour_usd: 0.1 })).json.error).toContain(
      'runpod could not be searched',
    )
  })
})

describe('413', () => {
  test('a body over the limit', async () => {
    const { status, json } = await launch({ ...chosen, onstart_script: 'x'.repeat(1024 * 1024) })
    expect(status).toBe(413)
    expect(json).toMatchObject({ code: 'body_too_large', fix: expect.stringContaining('send less') })
    await nothingWritten()
  })
})

describe('503', () => {
  test('nothing is known of the provider: silence is not absence', async () => {
    await world.close()
    world = await httpWorld({ offers: [] })
    world.market.warnings = [isDown('vast'), isDown('runpod')]
    for (const body of [chosen, { provider: 'vast', gpu_model: 'A100' }, { gpu_model: 'A100' }]) {
      const { status, json } = await launch(body)
      expect(status).toBe(503)
      expect(json).toMatchObject({ code: 'provider_unavailable', details: { provider: 'vast_ai' } })
      expect(json.error).toContain('vast could not be searched')
    }
    await nothingWritten()
  })
})

describe('500', () => {
  test('a store that fails is our fault, with an id for the log and no inner words', async () => {
    await world.database.schema.dropTable('events').execute()
    const { status, json } = await launch(chosen, { 'idempotency-key': 'one' })
    expect(status).toBe(500)
    expect(json).toMatchObject({ code: 'internal', error: 'something went wrong here' })
    expect(json.fix).toContain(json.request_id)
    expect(world.log.lines.filter((line) => line.level === 'error')).toMatchObject([
      { event: 'request failed', fields: { requestId: json.request_id } },
    ])
    expect(await written()).toBe(0)
    expect(await world.instances.madeWith('launch keyless', 'one')).toBeUndefined()
  })
})

describe('secrets', () => {
  test('no answer, event or log line shows what is passed to the machine', async () => {
    const secrets = ['sk-environment', 'pa55-registry', 'hidden-onstart']
    const body = {
      ...chosen,
      environment: { TOKEN: 'sk-environment' },
      registry_auth: { username: 'me', password: 'pa55-registry' },
      onstart_script: 'echo hidden-onstart',
    }
    const made = await launch(body, { 'idempotency-key': 'k' })
    const { id } = made.json.data
    const answers = [
      made,
      await launch(body, { 'idempotency-key': 'k' }),
      await launch({ ...body, label: 'x' }, { 'idempotency-key': 'k' }),
      await launch({ ...body, dry_run: true }),
      await launch({ ...body, colour: 'red', environment: { 'BAD NAME': 'sk-environment' } }),
      await launch({ ...body, environment: 'sk-environment' }),
      await launch({ ...body, registry_auth: { username: 'me', password: ['pa55-registry'] } }),
      await world.send({
        method: 'POST',
        url: '/api/v1/instances',
        payload: `{"environment":{"TOKEN":"sk-environment" "x"}, pa55-registry hidden-onstart}`,
      }),
      await world.send({ method: 'POST', url: '/api/v1/instances', payload: 'hidden-onstart' }),
      await world.send({ method: 'POST', url: '/api/v1/instances', payload: '{"a": hidden-onstart' }),
      await world.ask('GET', '/api/v1/instances'),
      await world.ask('GET', `/api/v1/instances/${id}`),
      await world.ask('GET', `/api/v1/instances/${id}/events`),
    ]
    const events = JSON.stringify(await world.listEvents())
    const logged = JSON.stringify(world.log.lines)
    for (const secret of secrets) {
      for (const { text } of answers) expect(text).not.toContain(secret.slice(0, 6))
      expect(events).not.toContain(secret)
      expect(logged).not.toContain(secret)
    }
    const stored = await world.database.selectFrom('instances').selectAll().execute()
    for (const secret of secrets)
      expect(JSON.stringify(stored, (_, v) => (typeof v === 'bigint' ? `${v}` : v))).not.toContain(secret)
  })
})
