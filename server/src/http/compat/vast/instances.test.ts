import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { nanosFromUsd } from '../../../core/money.ts'
import { ProviderError } from '../../../providers/provider.ts'
import { aLaunch, aMachine } from '../../../testing/builders.ts'
import { fakeProvider } from '../../../testing/fake-provider.ts'
import { adminKey, type HttpWorld, httpWorld, isDown } from '../../../testing/http-world.ts'
import { virtualClock } from '../../../testing/virtual-clock.ts'

let world: HttpWorld
beforeEach(async () => {
  world = await httpWorld()
})
afterEach(() => world.close())

const path = '/api/vast/instances'
const post = (body?: unknown, headers: Record<string, string> = {}) => world.ask('POST', path, body, headers)
const good = { template_name: 'high_performance', custom_config: { disk_size: 20 } }
const vast = { provider: 'vast' as const }

/** An error of this contract: a sentence under `detail`, and nothing else. */
function expectDetail(answer: { status: number; json: unknown; text: string }, status: number, ...words: string[]) {
  expect(answer.status, answer.text).toBe(status)
  expect(answer.json).toEqual({ detail: expect.any(String) })
  for (const word of words) expect(answer.text).toContain(word)
  expect(answer.text).not.toMatch(/\.ts:|node_modules|\bat \w+ \(/)
}

async function countInstances(): Promise<number> {
  return (await world.instances.list({ limit: 100 })).length
}

/** At Vast, with a machine. */
function hasMachine(change: Parameters<HttpWorld['hasInstance']>[0] = {}, externalId = '27453221') {
  return world.hasInstance({ status: 'ready', ...change, wish: vast as never }, { externalId })
}

describe('POST /instances', () => {
  test('writes a wish for Vast down, with the template and what is to be otherwise', async () => {
    const { status, json } = await post({
      ...good,
      custom_config: { ...good.custom_config, vllm_max_model_len: 2_048, auto_destroy: true, unheard_of: 1 },
      vllm_config: { vllm_serve_model_name: 'Qwen/Qwen3-8B', vllm_max_model_len: 1_024 },
    })
    expect(status).toBe(200)
    const instance = await world.instances.get(json.instance_id)
    expect(instance?.wish).toMatchObject({
      provider: 'vast',
      template: { name: 'high_performance' },
      diskGb: 20,
      minVramGb: 24,
      maxPricePerHour: nanosFromUsd('2'),
      health: { path: '/health', port: 12_434 },
    })
    const { environment, onstartScript } = await world.instances.secretsOf(json.instance_id)
    // The later of the two wins, whatever the field is called.
    expect(environment).toMatchObject({ VLLM_MODEL_NAME: 'Qwen/Qwen3-8B', VLLM_MAX_MODEL_LEN: '2048' })
    expect(onstartScript).toContain('vllm serve')
    expect((await world.vast.settingsOf([json.instance_id])).get(json.instance_id)).toMatchObject({
      autoDestroy: true,
      modelName: 'Qwen/Qwen3-8B',
    })
  })

  test('takes the same offer id as text, as a number and with the marketplace in front', async () => {
    world.index.replace({
      provider: 'vast',
      account: 'main',
      scope: 'all',
      offers: world.index.all().map((offer) => (offer.externalId === 'a100' ? { ...offer, externalId: '77' } : offer)),
    })
    for (const offerId of ['77', 77, 'vast_77']) {
      const { status, json, text } = await post({ ...good, offer_id: offerId })
      expect(status, text).toBe(200)
      expect((await world.instances.get(json.instance_id))?.wish.offer).toEqual({ provider: 'vast', key: '77' })
    }
  })

  test('an offer that the caller named may cost more than the template would take', async () => {
    const answer = await post({ ...good, offer_id: '4090', custom_config: { disk_size: 20, max_price: 0.01 } })
    expect(answer.status).toBe(200)
  })

  test('repeated with its Idempotency-Key it makes one instance', async () => {
    const headers = { 'idempotency-key': 'once' }
    const [one, other] = [await post(good, headers), await post(good, headers)]
    expect(other.json).toEqual(one.json)
    expect(await countInstances()).toBe(1)
    expectDetail(await post({ ...good, auto_destroy: true }, headers), 400, 'Idempotency-Key')
  })

  test('repeated with its Idempotency-Key it is answered though its template is gone', async () => {
    const template = { name: 'house', image: 'ghcr.io/acme/server:1', min_vram_gb: 24, disk_gb: 20 }
    expect((await world.ask('POST', '/api/v1/templates', template)).status).toBe(201)
    const headers = { 'idempotency-key': 'once' }
    const asked = { template_name: 'House' }
    const one = await post(asked, headers)
    expect([one.status, one.json.template_name], one.text).toEqual([200, 'house'])
    const ownWay = { template: 'house', provider: 'vast_ai' }
    const v1 = await world.ask('POST', '/api/v1/instances', ownWay, headers)
    expect(v1.status, v1.text).toBe(201)

    expect((await world.ask('DELETE', '/api/v1/templates/house')).status).toBe(200)
    expect((await post(asked, headers)).json).toEqual(one.json)
    const again = await world.ask('POST', '/api/v1/instances', ownWay, headers)
    expect([again.status, again.json.data.id], again.text).toEqual([201, v1.json.data.id])
    expect(await countInstances()).toBe(2)
    expectDetail(await post({ ...asked, auto_destroy: true }, headers), 400, 'Idempotency-Key')
    expectDetail(await post(asked), 400, '템플릿')
  })

  test('the ports of a template stay of their protocols, unless others are asked for', async () => {
    const ports = [
      { container_port: 9_000, protocol: 'udp' },
      { container_port: 7_777, protocol: 'tcp' },
      { container_port: 7_777, protocol: 'udp' },
    ]
    const template = { name: 'game', image: 'ghcr.io/acme/game:1', min_vram_gb: 24, disk_gb: 20, ports }
    expect((await world.ask('POST', '/api/v1/templates', template)).status).toBe(201)
    const portsOf = async (custom_config: object) => {
      const { json, text } = await post({ template_name: 'game', custom_config })
      const instance = await world.instances.get(json.instance_id)
      return instance?.wish.ports.map((port) => `${port.containerPort}/${port.protocol}`) ?? text
    }
    expect(await portsOf({})).toEqual(['9000/udp', '7777/tcp', '7777/udp'])
    expect(await portsOf({ ports: null })).toEqual(['9000/udp', '7777/tcp', '7777/udp'])
    expect(await portsOf({ ports: [80, '81/udp'] })).toEqual(['80/tcp', '81/udp'])
    const shown = await world.ask('GET', '/api/vast/templates/game')
    expect(shown.json.config.ports).toEqual(['9000/udp', 7_777, '7777/udp'])
  })

  test('a token is passed to the machine and shown nowhere', async () => {
    const secret = 'hf_kept_secret'
    const { json } = await post({
      ...good,
      hf_hub_token: secret,
      custom_config: { ...good.custom_config, environment: { WANDB_API_KEY: secret } },
    })
    const { environment } = await world.instances.secretsOf(json.instance_id)
    expect(environment).toMatchObject({ HF_TOKEN: secret, WANDB_API_KEY: secret })
    await post({ template_name: 'nope', hf_hub_token: secret })
    for (const part of ['', '/enhanced', '/history', '/cost-analysis']) {
      expect((await world.ask('GET', `${path}/${json.instance_id}${part}`)).text).not.toContain(secret)
    }
    for (const view of ['vast_instances', 'vast_execution_logs', 'events', 'instances']) {
      const rows = await world.database
        .selectFrom(view as 'events')
        .selectAll()
        .execute()
      expect(JSON.stringify(rows), view).not.toContain(secret)
    }
    expect(JSON.stringify(world.log.lines)).not.toContain(secret)
  })

  test.each([
    [{ offer_id: true }, 'offer_id'],
    [{ template_name: 5 }, 'template_name'],
    [{ template_name: '' }, 'template_name'],
    [{ custom_config: 'fast' }, 'custom_config'],
    [{ custom_config: [] }, 'custom_config'],
    [{ vllm_config: 1 }, 'vllm_config'],
    [{ auto_destroy: 'yes' }, 'auto_destroy'],
    [{ hf_hub_token: 7 }, 'hf_hub_token'],
    [{ ...good, custom_config: { vllm_max_model_len: 'long' } }, 'custom_config.vllm_max_model_len'],
    [{ ...good, custom_config: { vllm_max_model_len: 511 } }, 'custom_config.vllm_max_model_len'],
    [{ ...good, custom_config: { vllm_max_model_lenght: 4_096 } }, 'custom_config.vllm_max_model_lenght'],
    [{ ...good, vllm_config: { vllm_gpu_memory_utilization: 1.5 } }, 'vllm_config.vllm_gpu_memory_utilization'],
    [{ ...good, custom_config: { max_price: 'cheap' } }, 'custom_config.max_price'],
    [{ ...good, custom_config: { min_gpu_ram: 0 } }, 'custom_config.min_gpu_ram'],
    [{ ...good, custom_config: { auto_destroy: 1 } }, 'custom_config.auto_destroy'],
    [{ ...good, custom_config: { num_gpus: 0 } }, 'custom_config.num_gpus'],
    [{ ...good, custom_config: { environment: { 'A B': '1' } } }, 'custom_config.environment'],
    [{ ...good, custom_config: { gpu_names: ['RTX 9999'] } }, 'RTX 9999'],
    [{}, 'offer_id'],
    [[], 'object'],
    ['text', 'object'],
  ])('%o is refused by name', async (body, word) => {
    expectDetail(await post(body), 400, word)
    expect(await countInstances()).toBe(0)
  })

  test('every mistake is named at once', async () => {
    const answer = await post({
      ...good,
      custom_config: { vllm_max_model_len: 1, max_price: 'x' },
      vllm_config: { vllm_dtype: 'int3' },
    })
    expectDetail(answer, 400, 'vllm_max_model_len', 'max_price', 'vllm_dtype')
  })

  test('an offer that is gone, and nothing that fits', async () => {
    expectDetail(await post({ ...good, offer_id: '999' }), 400, '999')
    expectDetail(await post({ ...good, custom_config: { max_price: 0.01 } }), 400, 'fits')
    expectDetail(await post({ ...good, custom_config: { min_gpu_ram: 200 } }), 400, 'fits')
    expect(await countInstances()).toBe(0)
  })

  test('leaves nothing of a refused one behind but its row in the log', async () => {
    await post({ ...good, custom_config: { max_price: 0.01 } })
    await post({ template_name: 'nope' })
    expect(await world.database.selectFrom('vast_settings').selectAll().execute()).toEqual([])
    const rows = await world.database.selectFrom('vast_execution_logs').selectAll().execute()
    expect(rows).toMatchObject([
      { instance_id: null, operation: 'create_instance', command: `POST ${path}`, success: 0 },
      { instance_id: null, error_message: "템플릿 'nope'을 찾을 수 없습니다", success: 0 },
    ])
  })

  test('malformed JSON, and a body that is too large', async () => {
    const headers = { 'content-type': 'application/json' }
    expectDetail(await world.send({ method: 'POST', url: path, headers, payload: '{"offer_id":' }), 400, 'JSON')
    const payload = JSON.stringify({ template_name: 'x'.repeat(2_000_000) })
    expectDetail(await world.send({ method: 'POST', url: path, headers, payload }), 413)
  })

  test('a wrong key, none from elsewhere, and one that may only look', async () => {
    expectDetail(await post(good, { 'x-api-key': 'wrong' }), 401)
    expectDetail(await post(good, { host: 'example.com' }), 401)
    const viewer = await world.keyOf({ role: 'viewer' })
    expectDetail(await post(good, viewer.headers), 403)
    expect((await post(good, { 'x-api-key': adminKey })).status).toBe(200)
  })

  test('another method', async () => {
    expectDetail(await world.ask('PUT', path, good), 405)
    expectDetail(await world.ask('PATCH', `${path}/inst_1`, {}), 405)
    expectDetail(await world.ask('GET', `${path}/inst_1/nothing`), 404)
  })
})

describe('POST /instances without a market', () => {
  test('a marketplace that does not answer', async () => {
    world.index.replace({ provider: 'vast', account: 'main', scope: 'all', offers: [] })
    world.market.warnings = [isDown('vast', 'vast_ai')]
    expectDetail(await post(good), 503, 'vast_ai')
  })

  test('a marketplace without a key here', async () => {
    await world.close()
    world = await httpWorld({ off: ['vast'] })
    expectDetail(await post(good), 400, 'vast_ai')
  })
})

describe('POST /instances/from-template', () => {
  test('needs template_name, takes no body, an empty one, null, and offer_id', async () => {
    expectDetail(await world.ask('POST', `${path}/from-template`), 400, 'template_name')
    expectDetail(await world.ask('POST', `${path}/from-template?template_name=nope`), 400, '템플릿')
    const url = `${path}/from-template?template_name=high_performance`
    for (const payload of [undefined, '', '{}', 'null', '{"custom_config":null}']) {
      const answer = await world.send({ method: 'POST', url, ...(payload !== undefined && { payload }) })
      expect(answer.status, `${payload}: ${answer.text}`).toBe(200)
    }
    const chosen = await world.ask('POST', `${url}&offer_id=4090`)
    expect((await world.instances.get(chosen.json.instance_id))?.wish.offer?.key).toBe('4090')
    expectDetail(await world.ask('POST', url, { custom_config: 3 }), 400, 'custom_config')
  })
})

describe('an instance', () => {
  test('is found by our id, by vast_<n> and by the bare number', async () => {
    const { id } = await hasMachine()
    for (const alias of [id, 'vast_27453221', '27453221']) {
      expect((await world.ask('GET', `${path}/${alias}`)).json.instance_id).toBe(id)
      expect((await world.ask('GET', `${path}/${alias}/status`)).json).toEqual({ instance_id: id, status: 'running' })
    }
  })

  test('is not changed by the number of a machine that it had before', async () => {
    const { id } = await hasMachine({}, '111')
    const [claim] = await world.instances.claimDue(world.clock.now() + 1e10, { limit: 1, forMs: 0 })
    const { launch, ...before } = (await world.instances.get(id)) ?? { launch: null }
    if (claim === undefined || launch === null || !('status' in before)) throw new Error('it is not there')
    const decided = { ...before, dueAt: world.clock.now() + 1e9 }
    const lost = { ...launch, abandonedAt: world.clock.now(), abandonedBecause: 'machine_lost' as const }
    await world.instances.recordDecision(claim, { ...decided, launch: lost }, [])
    await world.instances.recordIntent(claim, aLaunch({ instanceId: id, attempt: 2, externalId: '222' }), decided, [])
    await world.launches.recordFacts({ instanceId: id, attempt: 2 }, { externalId: '222' })

    expect((await world.ask('GET', `${path}/111`)).json.instance_id).toBe(id)
    for (const alias of ['111', 'vast_111']) {
      expectDetail(await world.ask('DELETE', `${path}/${alias}`), 404, alias)
      expectDetail(await world.ask('POST', `${path}/${alias}/update-ports`), 404, alias)
    }
    expect((await world.instances.get(id))?.wanted).toBe('up')
    expect((await world.ask('DELETE', `${path}/222`)).json.instance_id).toBe(id)
    expect((await world.instances.get(id))?.wanted).toBe('ended')
  })

  const reads = ['', '/enhanced', '/cost-analysis', '/status', '/status-stream', '/ports', '/history', '/logs']
  test.each(reads)('of another marketplace or nobody is not there: GET %s', async (part) => {
    const { id } = await world.hasInstance(
      { status: 'ready', wish: { provider: 'runpod' } as never },
      { provider: 'runpod', externalId: 'abc' },
    )
    for (const name of [id, 'inst_unknown', '12', 'runpod_abc']) {
      expectDetail(await world.ask('GET', `${path}/${name}${part}`), 404, name)
    }
    expect((await world.ask('GET', path)).json).toEqual({ instances: [], total: 0 })
  })

  test('of another project does not exist for a key', async () => {
    const { id } = await hasMachine({ project: 'theirs' })
    const key = await world.keyOf({ role: 'operator', project: 'mine' })
    expectDetail(await world.ask('GET', `${path}/${id}`, undefined, key.headers), 404)
    expectDetail(await world.ask('DELETE', `${path}/${id}`, undefined, key.headers), 404)
    expect((await world.ask('GET', path, undefined, key.headers)).json.total).toBe(0)
    expect((await world.ask('GET', path)).json.total).toBe(1)
  })

  test.each(['status_filter=flying', 'sort_by=name', 'include_destroyed=maybe'])(
    'GET ?%s is refused',
    async (query) => {
      expectDetail(await world.ask('GET', `${path}?${query}`), 400, query.split('=')[0] ?? '')
    },
  )

  test('is ended once, and asking again is harmless', async () => {
    const { id } = await hasMachine()
    const first = await world.ask('DELETE', `${path}/${id}`)
    expect(first.json).toEqual({ success: true, message: expect.stringContaining('요청'), instance_id: id })
    expect((await world.instances.get(id))?.wanted).toBe('ended')
    expect((await world.ask('DELETE', `${path}/${id}`)).status).toBe(200)
    expectDetail(await world.ask('DELETE', `${path}/inst_unknown`), 404, 'inst_unknown')
  })

  test('its log is the machine’s; wrong lines and other files are refused', async () => {
    await world.close()
    const provider = fakeProvider({ clock: virtualClock(), abilities: { hasLogs: true } })
    provider.logs = async (externalId, { tail }) => [`${externalId} of ${tail}`, 'the end']
    world = await httpWorld({ providers: [provider] })
    const { id } = await hasMachine()
    const logs = (query = '') => world.ask('GET', `${path}/${id}/logs${query}`)
    expect((await logs()).json).toEqual({
      success: true,
      instance_id: id,
      log_file: '/tmp/vllm.log',
      lines: 2,
      content: '27453221 of 50\nthe end',
    })
    expect((await logs('?lines=7&log_file=vllm.log')).json.content).toContain('of 7')
    for (const query of ['lines=0', 'lines=1001', 'lines=x', 'log_file=/etc/passwd', 'log_file=../vllm.log']) {
      expectDetail(await logs(`?${query}`), 400, query.split('=')[0] ?? '')
    }
  })

  test('its ports are asked for again', async () => {
    const { id } = await hasMachine()
    const endpoint = { containerPort: 8_000, protocol: 'tcp' as const, host: '203.0.113.9', port: 40_001, url: null }
    const provider = world.providerNamed('vast')
    provider.machines.set('27453221', aMachine({ externalId: '27453221', endpoints: [endpoint] }))
    const { json } = await world.ask('POST', `${path}/${id}/update-ports`)
    expect(json.port_mappings).toEqual({ 8000: { external_ip: '203.0.113.9', external_port: 40_001 } })
    expect((await world.ask('GET', `${path}/${id}/ports`)).json.port_mappings).toEqual(json.port_mappings)
  })

  test('a marketplace that is down, or refuses our key, is said as such', async () => {
    const { id } = await hasMachine()
    const provider = world.providerNamed('vast')
    provider.before.lookAt = () => {
      throw new ProviderError('vast', { kind: 'unavailable' }, 'it answers 502')
    }
    expectDetail(await world.ask('POST', `${path}/${id}/update-ports`), 503, 'vast_ai')
    provider.before.lookAt = () => {
      throw new ProviderError('vast', { kind: 'unauthorized' }, 'it answers 401')
    }
    expectDetail(await world.ask('POST', `${path}/${id}/update-ports`), 502, 'vast_ai')
  })

  test('without a machine has no ports to update', async () => {
    const { id } = await world.hasInstance({ status: 'requested', wish: vast as never })
    expectDetail(await world.ask('POST', `${path}/${id}/update-ports`), 400)
  })

  test.each(['limit=0', 'limit=1001', 'offset=-1'])('GET history?%s is refused', async (query) => {
    const { id } = await hasMachine()
    expectDetail(await world.ask('GET', `${path}/${id}/history?${query}`), 400)
  })
})

describe('POST /instances/vllm-health', () => {
  const ask = (body: unknown) => world.ask('POST', `${path}/vllm-health`, body)

  test('serves, does not serve, is silent', async () => {
    expect((await ask({ ip: '1.1.1.1', port: 8000 })).json).toMatchObject({ success: true, status: 'healthy' })
    world.askVllm = async () => ({ kind: 'unhealthy', why: 'it answers 503' })
    const { status, json } = await ask({ ip: '1.1.1.1', port: 8000 })
    expect([status, json.success, json.status]).toEqual([200, false, 'unhealthy'])
    world.askVllm = async () => ({ kind: 'timeout' })
    expectDetail(await ask({ ip: '1.1.1.1', port: 8000 }), 408)
  })

  test.each([{}, { ip: '1.1.1.1' }, { ip: 'example.com', port: 1 }, { ip: '1.1.1.1', port: 0 }, { ip: 1, port: '80' }])(
    '%o is refused',
    async (body) => expectDetail(await ask(body), 400),
  )
})
