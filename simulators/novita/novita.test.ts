import { describe, expect, test } from 'vitest'
import { type TurnableClock, turnableClock } from '../kit/clock.ts'
import { controlled } from '../kit/controlled.ts'
import type { Marketplace, SimReply } from '../kit/simulator.ts'
import { createNovita } from './novita.ts'

const start = Date.UTC(2026, 7, 1, 10, 0, 0)
const v1 = '/gpu-instance/openapi/v1'

/** Parsed JSON, as loosely as a test reads it. */
// biome-ignore lint/suspicious/noExplicitAny: tests look into foreign JSON
type Json = any

interface Bench {
  clock: TurnableClock
  market: Marketplace
  get(path: string, headers?: Record<string, string>): SimReply
  send(method: string, path: string, body?: unknown): SimReply
  post(path: string, body?: unknown): SimReply
  create(change?: Record<string, unknown>): string
  read(id: string): Json
}

function bench(
  options: { seed?: number; speed?: number; wild?: boolean; restored?: unknown; clock?: TurnableClock } = {},
): Bench {
  const clock = options.clock ?? turnableClock(start, { speed: options.speed ?? 1 })
  const market = createNovita({ clock, seed: options.seed ?? 7, restored: options.restored })
  if (!options.restored) {
    if (!options.wild) market.controls.special('chances', { calm: true })
    market.controls.special('rate-limit', { burst: 10_000, perSecond: 1_000 })
  }
  const send = (method: string, target: string, body?: unknown, headers: Record<string, string> = {}) => {
    const [path = '', query = ''] = target.split('?')
    return market.handle({
      method,
      path,
      query: new URLSearchParams(query),
      headers: { authorization: 'Bearer sim-novita', ...headers },
      body: body === undefined ? '' : JSON.stringify(body),
    })
  }
  const post = (path: string, body: unknown = {}) => send('POST', path, body)
  return {
    clock,
    market,
    send,
    post,
    get: (path, headers) => send('GET', path, undefined, headers),
    create: (change) => body(post(`${v1}/gpu/instance/create`, wish(change))).id,
    read: (id) => body(send('GET', `${v1}/gpu/instance?instanceId=${id}`)),
  }
}

function body(reply: SimReply): Json {
  return reply.body === '' ? null : JSON.parse(reply.body)
}

function wish(change: Record<string, unknown> = {}) {
  return {
    name: 'op-7f3a91-train',
    productId: '4090.16c62g',
    gpuNum: 1,
    rootfsSize: 60,
    imageUrl: 'docker.io/pytorch/pytorch:2.5.1-cuda12.4-cudnn9-runtime',
    kind: 'gpu',
    billingMode: 'onDemand',
    clusterId: 'us-ca-6',
    ports: '8888/http,22022/tcp',
    envs: [{ key: 'OP_ID', value: '7f3a91' }],
    command: 'sleep infinity',
    ...change,
  }
}

function wishV2(change: Record<string, unknown> = {}) {
  return {
    name: 'op-v2',
    product_id: '4090.16c62g',
    image: 'docker.io/library/ubuntu:24.04',
    billing: { mode: 'spot' },
    resource: { rootfs_size_gb: 60, gpu_num: 1 },
    ports: [{ port: 8888, protocol: 'http' }],
    candidate_regions: ['us-ca-6'],
    ...change,
  }
}

function refusal(reply: SimReply) {
  const { reason, message, code } = body(reply)
  expect(code).toBe(reply.status)
  return { status: reply.status, reason, message }
}

const paced = { loadingMs: 60_000, stoppingMs: 9_000, startingMs: 12_000, terminatingMs: 9_000 }

describe('a life', () => {
  test('goes through every word and is charged from pulling to exited, to the nano-dollar', () => {
    const b = bench()
    b.market.controls.pace(paced)
    b.clock.advance(250) // Off the whole second on purpose.
    const id = b.create({ gpuNum: 2 })
    expect(id).toMatch(/^[0-9a-f]{16}$/)
    const words: string[] = []
    for (let second = 0; second < 70; second += 1) {
      const { status } = b.read(id)
      if (words.at(-1) !== status) words.push(status)
      b.clock.advance(1_000)
    }
    expect(words).toEqual(['toCreate', 'creating', 'pulling', 'running'])
    b.clock.advance(3_600_000)
    expect(body(b.post(`${v1}/gpu/instance/stop`, { instanceId: id }))).toEqual({ instanceId: id, state: 'toStop' })
    b.clock.advance(20_000)
    const stopped = b.read(id)
    expect(stopped).toMatchObject({ status: 'exited', spotStatus: '', spotReclaimTime: '0' })
    expect(stopped.portMappings.map((one: Json) => one.endpoint)).toEqual(['', ''])
    const seconds = Number(stopped.lastStoppedAt) - Number(stopped.lastStartedAt)
    expect(stopped.useTime).toBe(String(seconds))
    const bill = b.market.bill()
    expect(bill.lines).toMatchObject([
      {
        machineId: id,
        kind: 'gpu',
        startedAt: Number(stopped.lastStartedAt) * 1_000,
        endedAt: Number(stopped.lastStoppedAt) * 1_000,
        ratePerHour: '700000000',
      },
    ])
    // 35000/100000 $ × 2 cards.
    expect(bill.total).toBe(((700_000_000n * BigInt(seconds) + 1_800n) / 3_600n).toString())
  })

  test('starts again with new SSH port and password and a second stretch on the bill', () => {
    const b = bench()
    b.market.controls.pace(paced)
    const id = b.create()
    b.clock.advance(61_000)
    const before = b.read(id)
    expect(before.connectComponentSSH.sshCommand).toMatch(/^ssh -p \d+ root@proxy\.us-ca-6\.gpu-instance\.novita\.ai$/)
    b.post(`${v1}/gpu/instance/stop`, { instanceId: id })
    b.clock.advance(30_000)
    expect(body(b.post(`${v1}/gpu/instance/start`, { instanceId: id }))).toEqual({ instanceId: id, state: 'toStart' })
    b.clock.advance(30_000)
    const after = b.read(id)
    expect(after.status).toBe('running')
    expect(after.connectComponentSSH.password).not.toBe(before.connectComponentSSH.password)
    const lines = b.market.bill().lines
    expect(lines).toHaveLength(2)
    expect(lines[1]?.startedAt).toBe(Number(after.lastStartedAt) * 1_000)
  })

  test('a deleted machine is toRemove, removing, removed, then unknown; its meter ends at removed', () => {
    const b = bench()
    b.market.controls.pace(paced)
    const id = b.create({ rootfsSize: 160 })
    b.clock.advance(120_000)
    const reply = b.post(`${v1}/gpu/instance/delete`, { instanceId: id })
    expect([reply.status, reply.body]).toEqual([200, '{}'])
    const words: string[] = []
    for (let second = 0; second < 30; second += 1) {
      const status = b.read(id).status ?? 'unknown'
      if (words.at(-1) !== status) words.push(status)
      b.clock.advance(1_000)
    }
    expect(words).toEqual(['toRemove', 'removing', 'removed', 'unknown'])
    const ends = b.market.bill().lines.map((line) => line.endedAt)
    expect(ends).toEqual([start + 129_000, start + 129_000])
    const later = b.market.bill().total
    b.clock.advance(86_400_000)
    expect(b.market.bill().total).toBe(later)
    expect(b.market.machines()).toEqual([{ id, label: 'op-7f3a91-train', state: 'gone', billing: false }])
  })

  test('the bill never shrinks, whenever one looks', () => {
    const b = bench()
    const id = b.create({ rootfsSize: 200 })
    let last = 0n
    for (let look = 0; look < 600; look += 1) {
      b.clock.advance(733)
      if (look === 400) b.post(`${v1}/gpu/instance/stop`, { instanceId: id })
      if (look === 500) b.post(`${v1}/gpu/instance/delete`, { instanceId: id })
      const total = BigInt(b.market.bill().total)
      expect(total >= last).toBe(true)
      last = total
    }
  })

  test('container disk costs 0.005 $ per GB and day above 60 GB, also while stopped, until the data is released', () => {
    const b = bench()
    b.market.controls.pace(paced)
    const id = b.create({ rootfsSize: 300 })
    b.clock.advance(60_000)
    b.post(`${v1}/gpu/instance/stop`, { instanceId: id })
    b.clock.advance(10 * 86_400_000)
    const disk = b.market.bill().lines.filter((line) => line.kind === 'disk')
    // 240 GB × 0.005 $ / 24
    expect(disk).toMatchObject([{ ratePerHour: '50000000', startedAt: start + 20_000 }])
    expect(disk[0]?.endedAt).toBe(start + 69_000 + 7 * 86_400_000)
  })

  test('a stopped disk can be told to cost from the first gigabyte', () => {
    const b = bench()
    b.market.controls.pace(paced)
    b.market.controls.special('stopped-disk-free-gb', { value: 0 })
    const id = b.create({ rootfsSize: 60 })
    b.clock.advance(60_000)
    b.post(`${v1}/gpu/instance/stop`, { instanceId: id })
    b.clock.advance(60_000)
    expect(b.market.bill().lines).toMatchObject([
      { kind: 'gpu', endedAt: start + 69_000 },
      { kind: 'disk', startedAt: start + 69_000, endedAt: null, ratePerHour: '12500000' },
    ])
  })

  test('speed shortens loading, not the meter', () => {
    const slow = bench({ speed: 1 })
    const fast = bench({ speed: 60 })
    const readyAfter = (b: Bench) => {
      const id = b.create()
      for (let second = 0; second < 2_000; second += 1) {
        if (b.read(id).status === 'running') return second
        b.clock.advance(1_000)
      }
      return Number.NaN
    }
    const [slowSeconds, fastSeconds] = [readyAfter(slow), readyAfter(fast)]
    expect(Math.abs(slowSeconds / 60 - fastSeconds)).toBeLessThanOrEqual(1)
    slow.clock.advance(3_600_000)
    fast.clock.advance(3_600_000)
    expect(BigInt(fast.market.bill().total)).toBeLessThan(360_000_000n)
  })
})

describe('objects have exactly the documented keys', () => {
  const keys = (value: object) => Object.keys(value).sort()
  const words = (text: string) => text.split(' ').sort()

  const item =
    'id name clusterId clusterName status statusError imageUrl imageAuthId entrypoint command cpuNum memory gpuNum gpuIds portMappings productId productName rootfsSize volumeMounts envs kind billingMode endTime spotStatus spotReclaimTime createdAt lastStartedAt lastStoppedAt useTime'
  const detail = `${item} network connectComponentSSH connectComponentWebTerminal connectComponentJupyter connectComponentLog node jobs freeStorageSize keepDataDay`

  test('v1 instance, single and in the list', () => {
    const b = bench()
    const id = b.create({ billingMode: 'spot' })
    b.clock.advance(3_600_000)
    const read = b.read(id)
    expect(keys(read)).toEqual(words(detail))
    expect(keys(read.connectComponentSSH)).toEqual(words('sshCommand password isRunning'))
    expect(keys(read.connectComponentWebTerminal)).toEqual(words('address username password isRunning'))
    expect(keys(read.connectComponentJupyter)).toEqual(words('port address isRunning'))
    expect(keys(read.connectComponentLog)).toEqual(words('systemLogAddress instanceLogAddress isRunning'))
    expect(keys(read.portMappings[0])).toEqual(words('port endpoint type'))
    expect(keys(read.node[0])).toEqual(['maxRootfsSize'])
    expect(read).toMatchObject({
      cpuNum: '16',
      memory: '62',
      gpuNum: '1',
      rootfsSize: 60,
      endTime: '-1',
      spotStatus: 'running',
      statusError: { state: '', message: '' },
      createdAt: String(start / 1_000),
    })
    expect(read.portMappings[0].endpoint).toBe(`https://${id}-8888.us-ca-6.gpu-instance.novita.ai`)
    expect(read.portMappings[1].endpoint).toMatch(/^proxy\.us-ca-6\.gpu-instance\.novita\.ai:\d{5}$/)
    const list = body(b.get(`${v1}/gpu/instances?pageNum=1&pageSize=10`))
    expect(keys(list)).toEqual(['instances', 'total'])
    expect(keys(list.instances[0])).toEqual(words(item))
  })

  test('v1 product, cluster, CPU product', () => {
    const b = bench()
    const product = body(b.get(`${v1}/products?productName=4090`)).data[0]
    expect(keys(product)).toEqual(
      words(
        'id name cpuPerGpu memoryPerGpu diskPerGpu availableDeploy inventoryState prices price spotPrice minRootFS maxRootFS minLocalStorage maxLocalStorage regions monthlyPrice billingMethods',
      ),
    )
    expect(product).toMatchObject({
      name: 'RTX 4090 24GB',
      price: '35000',
      spotPrice: '18000',
      monthlyPrice: [{ price: '20160000', month: 1 }],
    })
    expect(product.regions).toContain('US-CA-06 (California)')
    expect(keys(body(b.get(`${v1}/clusters`)).data[0])).toEqual(
      words('id name availableGpuType supportNetworkStorage supportInstanceNetwork'),
    )
    expect(keys(body(b.get(`${v1}/cpu/products`)).data[0])).toEqual(
      words('id name cpuNum memorySize rootfsSize localVolumeSize availableDeploy price'),
    )
  })

  test('v1 template under the singular key, with Id', () => {
    const b = bench()
    const list = body(b.get(`${v1}/templates?pageNum=1&pageSize=1&channel=official&isMyCommunity=false`))
    expect(keys(list)).toEqual(['template', 'total'])
    expect(list.template).toHaveLength(1)
    const { template } = body(b.get(`${v1}/template?templateId=${list.template[0].Id}`))
    expect(keys(template)).toEqual(
      words(
        'Id user name readme logo type channel image imageAuth startCommand rootfsSize volumes ports envs tools createdAt updatedAt creator uuid isUsed description collectNum isCollected complaintNum nickname',
      ),
    )
  })

  test('v2 instance, list item, product, region', () => {
    const b = bench()
    const { id } = body(b.post('/gpus/v2/instances', wishV2()))
    expect(id).toMatch(/^[0-9a-f]{10}$/)
    b.clock.advance(3_600_000)
    const read = body(b.get(`/gpus/v2/instances/${id}`))
    const v2Keys =
      'id name type product_id image registry_auth_id entrypoint command billing envs ports resource_specs network volumes region auto_migrate status created_at last_started_at last_stopped_at member_id owner_id region_version'
    expect(keys(read)).toEqual(words(`${v2Keys} tools`))
    expect(keys(read.tools)).toEqual(words('jupyter ssh web_terminal log'))
    expect(keys(read.tools.jupyter)).toEqual(words('endpoint enabled port'))
    expect(keys(read.tools.ssh)).toEqual(words('command username password'))
    expect(keys(read.tools.web_terminal)).toEqual(words('endpoint enabled username password'))
    expect(keys(read.tools.log)).toEqual(words('instance_endpoint system_endpoint'))
    expect(keys(read.resource_specs)).toEqual(words('rootfs_size_gb gpu_num cpu_num memory_gb gpu_ids'))
    expect(read).toMatchObject({
      billing: { mode: 'spot', prepaid: null },
      status: { status: 'running', error: '', message: '' },
      created_at: start / 1_000,
      last_stopped_at: 0,
      region_version: 'v2',
    })
    const list = body(b.get('/gpus/v2/instances'))
    expect(keys(list)).toEqual(words('data next_cursor has_more'))
    expect(keys(list.data[0])).toEqual(words(v2Keys))
    const product = body(b.get('/gpus/v2/products?type=gpu&category=instance')).data[0]
    expect(keys(product)).toEqual(
      words(
        'id name type category description region_ids resource_spec pricing billing_methods inventory_state deployable activity',
      ),
    )
    expect(keys(product.resource_spec.gpu)).toEqual(words('spec_id name memory_gb min max available max_available'))
    expect(keys(product.pricing)).toEqual(words('precision postpaid spot prepaid storage_price_per_gb'))
    expect(keys(body(b.get('/gpus/v2/regions')).data[0])).toEqual(words('id name gpus'))
    const noSpot = body(b.get('/gpus/v2/products?type=gpu&category=instance')).data.find((one: Json) =>
      one.name.startsWith('L40S'),
    )
    expect(noSpot.pricing.spot).toBeNull()
  })
})

describe('refusals a client must tell apart', () => {
  test('missing and wrong key: 401 with a JSON body, or the other two faces', () => {
    const b = bench()
    for (const authorization of ['', 'Bearer wrong', 'sim-novita']) {
      expect(refusal(b.get(`${v1}/gpu/instances`, { authorization }))).toMatchObject({
        status: 401,
        reason: 'UNAUTHORIZED',
      })
    }
    b.market.controls.special('refuses-key-with', { how: '403' })
    expect(refusal(b.get('/gpus/v2/regions', { authorization: '' }))).toMatchObject({
      status: 403,
      reason: 'INVALID_API_KEY',
    })
    b.market.controls.special('refuses-key-with', { how: '400' })
    expect(refusal(b.get('/gpus/v2/regions', { authorization: '' }))).toMatchObject({
      status: 400,
      reason: 'MISSING_API_KEY',
    })
  })

  test('an unknown path is text, with or without a key', () => {
    const reply = bench().get('/gpu/instance/list', { authorization: '' })
    expect(reply).toMatchObject({ status: 404, body: '404 page not found', headers: { 'content-type': 'text/plain' } })
  })

  test('an unknown id in its faces', () => {
    const b = bench()
    b.market.controls.pace({ loadingMs: 0, terminatingMs: 0 })
    expect(refusal(b.get(`${v1}/gpu/instance?instanceId=abc`))).toMatchObject({
      status: 404,
      reason: 'RESOURCE_NOT_FOUND',
    })
    b.market.controls.special('gone-as', { how: '400' })
    expect(refusal(b.get('/gpus/v2/instances/abc'))).toMatchObject({ status: 400, reason: 'RESOURCE_NOT_FOUND' })
    b.market.controls.special('gone-as', { how: 'removed' })
    const id = b.create()
    b.post(`${v1}/gpu/instance/delete`, { instanceId: id })
    b.clock.advance(60_000)
    expect(b.read(id).status).toBe('removed')
  })

  test.each([
    [{ productId: undefined }, 'VALIDATOR_PARAM'],
    [{ gpuNum: 9 }, 'VALIDATOR_PARAM'],
    [{ gpuNum: 0 }, 'VALIDATOR_PARAM'],
    [{ kind: undefined }, 'VALIDATOR_PARAM'],
    [{ rootfsSize: 6145 }, 'VALIDATOR_PARAM'],
    [{ rootfsSize: 1017 }, 'VALIDATOR_PARAM'],
    [{ ports: '2223/tcp' }, 'VALIDATOR_PARAM'],
    [{ ports: '80/udp' }, 'VALIDATOR_PARAM'],
    [{ name: 'x'.repeat(256) }, 'VALIDATOR_PARAM'],
    [{ envs: Array.from({ length: 101 }, () => ({ key: 'a', value: 'b' })) }, 'VALIDATOR_PARAM'],
    [{ productId: 'nope' }, 'RESOURCE_NOT_FOUND'],
    [{ productId: 'L40S.15c90g', billingMode: 'spot' }, 'UNSUPPORTED_BILLING_MODE'],
    [{ clusterId: 'oc-au-1' }, 'INSUFFICIENT_RESOURCE'],
    [{ minCudaVersion: '13.0' }, 'CUDA_VERSION_INCOMPATIBLE'],
    [{ imageAuthId: 'nope' }, 'IMAGE_URL_OR_AUTH_ERROR'],
    [{ networkStorages: [{ Id: 'nope' }] }, 'NETWORK_STORAGE_NOT_FOUND'],
  ])('create with %j', (change, reason) => {
    const b = bench()
    expect(refusal(b.post(`${v1}/gpu/instance/create`, wish(change)))).toMatchObject({ status: 400, reason })
    expect(b.market.machines()).toEqual([])
  })

  test('a disk below 10 GB is raised, and no cluster means a random one that sells the product', () => {
    const b = bench()
    expect(b.read(b.create({ rootfsSize: 1 })).rootfsSize).toBe(10)
    const seen = new Set(Array.from({ length: 20 }, () => b.read(b.create({ clusterId: '' })).clusterId))
    expect(seen.size).toBeGreaterThan(1)
  })

  test('v2 demands type and category, name, billing mode', () => {
    const b = bench()
    expect(refusal(b.get('/gpus/v2/products?type=gpu'))).toMatchObject({ status: 400 })
    expect(refusal(b.post('/gpus/v2/instances', wishV2({ name: '' })))).toMatchObject({ reason: 'VALIDATOR_PARAM' })
    expect(refusal(b.post('/gpus/v2/instances', wishV2({ billing: {} })))).toMatchObject({ reason: 'VALIDATOR_PARAM' })
  })

  test('an action in the wrong state is 400 "invalid state change"', () => {
    const b = bench()
    b.market.controls.pace(paced)
    const id = b.create()
    const wrong = { status: 400, reason: 'REQUEST', message: 'invalid state change' }
    expect(refusal(b.post(`${v1}/gpu/instance/start`, { instanceId: id }))).toEqual(wrong)
    expect(refusal(b.post(`${v1}/gpu/instance/restart`, { instanceId: id }))).toEqual(wrong)
    b.clock.advance(60_000)
    expect(b.post(`${v1}/gpu/instance/stop`, { instanceId: id }).status).toBe(200)
    expect(refusal(b.post(`${v1}/gpu/instance/stop`, { instanceId: id }))).toEqual(wrong)
    b.post(`${v1}/gpu/instance/delete`, { instanceId: id })
    expect(refusal(b.send('DELETE', `/gpus/v2/instances/${id}`))).toEqual(wrong)
  })

  test('money, quotas and prepaid terms', () => {
    const b = bench()
    b.market.controls.balance({ usd: 0.34 })
    expect(refusal(b.post(`${v1}/gpu/instance/create`, wish()))).toMatchObject({
      status: 400,
      reason: 'BALANCE_NOT_ENOUGH',
    })
    b.market.controls.balance({ usd: 1_000 })
    b.market.controls.special('quota', { instances: 0 })
    expect(refusal(b.post(`${v1}/gpu/instance/create`, wish()))).toMatchObject({ reason: 'CREATE_INSTANCE_LIMIT' })
    b.market.controls.special('quota', { gpus: 4 })
    const tooLarge = b.post(`${v1}/gpu/instance/create`, wish({ gpuNum: 5 }))
    expect(refusal(tooLarge)).toMatchObject({ status: 403, reason: 'CREATE_GPU_NUM_LIMIT' })
    expect(body(tooLarge).metadata).toEqual(['4'])
    b.market.controls.special('quota', { instances: 0, how: '429' })
    expect(refusal(b.post(`${v1}/gpu/instance/create`, wish()))).toMatchObject({
      status: 429,
      reason: 'RATE_LIMIT_EXCEEDED',
    })
    b.market.controls.special('quota', {})
    const id = b.create({ month: 1 })
    expect(b.read(id)).toMatchObject({ billingMode: 'monthly', endTime: String(start / 1_000 + 30 * 86_400) })
    expect(refusal(b.post(`${v1}/gpu/instance/delete`, { instanceId: id }))).toMatchObject({
      reason: 'PREPAID_INSTANCE_NOT_SUPPORT_RELEASE',
    })
    expect(b.market.bill().total).toBe('201600000000')
  })

  test('too many requests: 429 without Retry-After unless told otherwise', () => {
    const b = bench()
    b.market.controls.special('rate-limit', { burst: 2, perSecond: 1 })
    expect([1, 2, 3].map(() => b.get(`${v1}/clusters`).status)).toEqual([200, 200, 429])
    const limited = b.get(`${v1}/clusters`)
    expect(refusal(limited).reason).toBe('RATE_LIMIT_EXCEEDED')
    expect(limited.headers['retry-after']).toBeUndefined()
    b.clock.advance(1_000)
    expect(b.get(`${v1}/clusters`).status).toBe(200)
    b.market.controls.special('rate-limit', { burst: 0, perSecond: 0, retryAfterSeconds: 5 })
    expect(b.get(`${v1}/clusters`).headers['retry-after']).toBe('5')
  })
})

describe('lists', () => {
  test('page from 1, take 0 as the first page, ignore unknown page parameters, default to 10', () => {
    const b = bench()
    const ids = Array.from({ length: 13 }, (_, index) => b.create({ name: `op-${index}` })).reverse()
    const page = (query: string) => body(b.get(`${v1}/gpu/instances?${query}`))
    const idsOf = (list: Json) => list.instances.map((one: Json) => one.id)
    expect(idsOf(page('pageNum=1&pageSize=5'))).toEqual(ids.slice(0, 5))
    expect(idsOf(page('pageNum=0&pageSize=5'))).toEqual(ids.slice(0, 5))
    expect(idsOf(page('pageNum=3&pageSize=5'))).toEqual(ids.slice(10))
    expect(idsOf(page('pageNum=4&pageSize=5'))).toEqual([])
    expect(idsOf(page('page=2&page_size=100'))).toEqual(ids.slice(0, 10))
    expect(page('pageNum=2&pageSize=5').total).toBe(13)
    b.market.controls.special('total-as', { how: 'string' })
    expect(page('').total).toBe('13')
  })

  test('the name filter is fuzzy', () => {
    const b = bench()
    b.create({ name: 'op-1' })
    b.create({ name: 'xOP-12' })
    b.create({ name: 'other' })
    expect(body(b.get(`${v1}/gpu/instances?name=op-1`)).total).toBe(2)
    expect(body(b.get(`${v1}/gpu/instances?status=running`)).total).toBe(0)
  })

  test('v2 goes by cursor, steady when a machine appears meanwhile', () => {
    const b = bench()
    const ids = Array.from({ length: 5 }, () => b.create()).reverse()
    const first = body(b.get('/gpus/v2/instances?limit=3'))
    expect(first).toMatchObject({ has_more: true })
    b.create()
    const second = body(b.get(`/gpus/v2/instances?limit=3&cursor=${first.next_cursor}`))
    expect([...first.data, ...second.data].map((one: Json) => one.id)).toEqual(ids)
    expect(second).toMatchObject({ has_more: false, next_cursor: '' })
  })

  test('a new machine is missing for the ordered lag, but can be read', () => {
    const b = bench()
    b.market.controls.listLag({ ms: 5_000 })
    const id = b.create()
    expect(body(b.get(`${v1}/gpu/instances`)).total).toBe(0)
    expect(body(b.get('/gpus/v2/instances')).data).toEqual([])
    expect(b.read(id).id).toBe(id)
    b.clock.advance(5_000)
    expect(body(b.get(`${v1}/gpu/instances`)).total).toBe(1)
  })
})

describe('capacity', () => {
  test.each([
    ['insufficient', 400, 'INSUFFICIENT_RESOURCE'],
    ['cluster_status', 400, 'CLUSTER_STATUS'],
    ['node_status', 400, 'NODE_STATUS'],
    ['gpu_spec_used', 400, 'GPU_SPEC_USED'],
    ['quota', 429, 'RATE_LIMIT_EXCEEDED'],
  ])('sold out as %s although the offer stays listed', (how, status, reason) => {
    const b = bench()
    b.market.controls.sellOut({ how, matching: 'RTX 4090' })
    expect(b.post(`${v1}/gpu/instance/create`, wish({ productId: '5090.16c92g' })).status).toBe(200)
    expect(refusal(b.post(`${v1}/gpu/instance/create`, wish()))).toMatchObject({ status, reason })
    expect(body(b.get(`${v1}/products?productName=4090`)).data[0].availableDeploy).toBe(true)
    expect(b.post(`${v1}/gpu/instance/create`, wish()).status).toBe(200)
  })

  test('a lack of cards that shows only after the create leaves it in creating with a statusError, unbilled', () => {
    const b = bench()
    b.market.controls.sellOut({ how: 'later' })
    const id = b.create()
    b.clock.advance(600_000)
    expect(b.read(id)).toMatchObject({
      status: 'creating',
      statusError: { state: 'failed', message: 'insufficient resource' },
    })
    expect(b.market.bill().total).toBe('0')
  })

  test('a stopped machine can have lost its card: start is refused and it stays exited', () => {
    const b = bench()
    b.market.controls.pace(paced)
    const id = b.create()
    b.clock.advance(60_000)
    b.post(`${v1}/gpu/instance/stop`, { instanceId: id })
    b.clock.advance(60_000)
    b.market.controls.sellOut({ how: 'start' })
    expect(refusal(b.post(`${v1}/gpu/instance/start`, { instanceId: id }))).toMatchObject({
      reason: 'INSUFFICIENT_RESOURCE',
    })
    expect(b.read(id).status).toBe('exited')
  })

  test('what this account rents is no longer free', () => {
    const b = bench()
    const free = () =>
      body(b.get('/gpus/v2/products?type=gpu&category=instance&region_ids=us-ca-6')).data.find(
        (one: Json) => one.id === '4090.16c62g',
      ).resource_spec.gpu.available
    const before = free()
    b.create({ gpuNum: 3 })
    expect(free()).toBe(before - 3)
  })

  test('price changes show in the list, or only on the bill', () => {
    const b = bench()
    const shown = () => body(b.get(`${v1}/products?productName=4090`)).data[0].price
    b.market.controls.changePrice({ factor: 2, matching: '4090' })
    expect(shown()).toBe('70000')
    b.market.controls.changePrice({ factor: 2, matching: '4090', listed: false })
    expect(shown()).toBe('70000')
    b.create()
    b.clock.advance(3_600_000)
    expect(b.market.bill().lines[0]?.ratePerHour).toBe('1400000000')
  })
})

describe('launches that fail', () => {
  test.each([
    ['stuck', 'pulling', '', true],
    ['stuck_creating', 'creating', '', false],
    ['no_resource', 'creating', 'insufficient resource', false],
    ['bad_image', 'exited', 'pull image failed', true],
    ['image_auth', 'exited', 'unauthorized', true],
  ])('%s ends in %s', (how, status, message, billed) => {
    const b = bench()
    b.market.controls.failStart({ how })
    const id = b.create()
    b.clock.advance(7_200_000)
    const read = b.read(id)
    expect(read.status).toBe(status)
    expect(read.statusError.message).toContain(message)
    expect(b.market.bill().total !== '0').toBe(billed)
    expect(b.post(`${v1}/gpu/instance/delete`, { instanceId: id }).status).toBe(200)
  })

  test('a few percent fail on their own, most come up', () => {
    const b = bench({ wild: true })
    b.market.controls.special('chances', { spotMeanHours: 0 })
    let made = 0
    let up = 0
    for (let round = 0; round < 200; round += 1) {
      const reply = b.post(`${v1}/gpu/instance/create`, wish({ clusterId: '' }))
      if (reply.status !== 200) continue
      made += 1
      b.clock.advance(1_800_000)
      const { id } = body(reply)
      if (b.read(id).status === 'running') up += 1
      b.post(`${v1}/gpu/instance/delete`, { instanceId: id })
      b.clock.advance(60_000)
    }
    expect(made).toBeGreaterThan(185)
    expect(up / made).toBeGreaterThan(0.9)
    expect(up).toBeLessThan(made)
  })
})

describe('spot', () => {
  test('one hour of notice, then reclaiming, then exited and terminated with the planned moment kept', () => {
    const b = bench()
    b.market.controls.pace(paced)
    b.market.controls.special('spot-timeline', { reclaimingMs: 5_000 })
    const id = b.create({ billingMode: 'spot' })
    b.clock.advance(60_000)
    expect(b.read(id)).toMatchObject({ spotStatus: 'running', spotReclaimTime: '0' })
    b.market.controls.interrupt({ machine: id })
    const reclaimAt = String((start + 60_000 + 3_600_000) / 1_000)
    expect(b.read(id)).toMatchObject({ status: 'running', spotStatus: 'notified', spotReclaimTime: reclaimAt })
    b.clock.advance(3_600_000)
    expect(b.read(id)).toMatchObject({ status: 'stopping', spotStatus: 'reclaiming', spotReclaimTime: reclaimAt })
    b.clock.advance(5_000)
    expect(b.read(id)).toMatchObject({
      status: 'exited',
      spotStatus: 'terminated',
      spotReclaimTime: reclaimAt,
      lastStoppedAt: String(Number(reclaimAt) + 5),
    })
    expect(b.market.bill().lines).toMatchObject([{ ratePerHour: '180000000', endedAt: start + 60_000 + 3_605_000 }])
  })

  test('left alone for the guaranteed hour, then noticed at some time, scaled by speed', () => {
    const b = bench({ speed: 60 })
    b.market.controls.special('chances', { spotMeanHours: 2 })
    const id = b.create({ billingMode: 'spot' })
    b.clock.advance(60_000)
    expect(b.read(id).spotStatus).toBe('running')
    b.clock.advance(24 * 60_000)
    expect(b.read(id)).toMatchObject({ status: 'exited', spotStatus: 'terminated' })
  })

  test('a reclaimed machine can be migrated under its id, judged by the job list', () => {
    const b = bench()
    b.market.controls.pace(paced)
    b.market.controls.special('spot-timeline', { noticeMs: 10_000, reclaimingMs: 2_000 })
    const id = b.create({ billingMode: 'spot' })
    b.clock.advance(60_000)
    b.market.controls.interrupt({ machine: id })
    b.clock.advance(20_000)
    const { jobId } = body(b.post(`${v1}/gpu/instance/migrate`, { instanceId: id }))
    expect(b.read(id)).toMatchObject({ status: 'migrating', jobs: [{ id: jobId, type: 'instanceMigrate' }] })
    b.clock.advance(20_000)
    expect(b.read(id)).toMatchObject({ status: 'running', spotStatus: 'running', spotReclaimTime: '0', jobs: [] })
    const { jobs } = body(b.get(`${v1}/jobs?pageNum=1&pageSize=10&type=instanceMigrate`))
    expect(jobs).toMatchObject([
      { Id: jobId, instanceId: id, state: { state: 'success', error: '', errorMessage: '' } },
    ])
  })

  test('a failed migration stays in migrating; only the job tells', () => {
    const b = bench()
    b.market.controls.pace(paced)
    const id = b.create()
    b.clock.advance(60_000)
    b.post(`${v1}/gpu/instance/stop`, { instanceId: id })
    b.clock.advance(60_000)
    b.market.controls.special('fail-migration', { how: 'refuse' })
    expect(refusal(b.post(`${v1}/gpu/instance/migrate`, { instanceId: id })).reason).toBe(
      'MIGRATE_INSUFFICIENT_RESOURCE',
    )
    b.market.controls.special('fail-migration', { how: 'stuck' })
    b.post(`${v1}/gpu/instance/migrate`, { instanceId: id })
    b.clock.advance(86_400_000)
    expect(b.read(id).status).toBe('migrating')
    expect(body(b.get(`${v1}/jobs?state=fail`)).jobs[0].instanceId).toBe(id)
    expect(b.post(`${v1}/gpu/instance/delete`, { instanceId: id }).status).toBe(200)
  })

  test('an interrupted machine that is not spot just exits', () => {
    const b = bench()
    b.market.controls.pace(paced)
    const id = b.create()
    b.clock.advance(60_000)
    b.market.controls.interrupt({ machine: id })
    expect(b.read(id)).toMatchObject({ status: 'exited', spotStatus: '', spotReclaimTime: '0' })
  })
})

describe('ready and reachable', () => {
  test('SSH comes after running, and the HTTP proxy answers 502 until the app listens', () => {
    const b = bench()
    b.market.controls.pace(paced)
    b.market.controls.special('ready-delays', { sshMs: 4_000, appMs: 30_000 })
    const id = b.create()
    b.clock.advance(60_000)
    const host = `${id}-8888.us-ca-6.gpu-instance.novita.ai`
    expect(b.read(id)).toMatchObject({ status: 'running', connectComponentSSH: { sshCommand: '', isRunning: false } })
    b.clock.advance(4_000)
    expect(b.read(id).connectComponentSSH.isRunning).toBe(true)
    expect(b.get('/', { host }).status).toBe(502)
    b.clock.advance(26_000)
    expect(b.get('/', { host }).status).toBe(200)
  })
})

describe('money', () => {
  test('the balance is in 1/10000 USD and drops at the full hour', () => {
    const b = bench()
    b.market.controls.pace({ loadingMs: 0 })
    b.market.controls.balance({ usd: 10 })
    b.create({ productId: 'A100-80GB.14c240g' })
    const available = () => body(b.get('/openapi/v1/billing/balance/detail')).availableBalance
    b.clock.advance(3_599_000)
    expect(available()).toBe('100000')
    b.clock.advance(1_000)
    expect(available()).toBe('84000')
  })

  test('an empty balance freezes what runs and refuses what is new', () => {
    const b = bench()
    b.market.controls.pace({ loadingMs: 0, stoppingMs: 10_000 })
    b.market.controls.balance({ usd: 0.5 })
    const id = b.create()
    b.clock.advance(7_200_000)
    expect(b.read(id).status).toBe('freezing')
    b.clock.advance(10_000)
    expect(b.read(id)).toMatchObject({ status: 'exited', lastStoppedAt: String((start + 7_210_000) / 1_000) })
    expect(refusal(b.post(`${v1}/gpu/instance/create`, wish())).reason).toBe('BALANCE_NOT_ENOUGH')
    expect(refusal(b.post(`${v1}/gpu/instance/start`, { instanceId: id })).reason).toBe('EXPIRED_OR_BALANCE_NOT_ENOUGH')
  })

  test('looking only once after the money ran out finds it frozen at the same hour', () => {
    const b = bench()
    b.market.controls.pace(paced)
    b.market.controls.balance({ usd: 0.5 })
    const id = b.create()
    b.clock.advance(86_400_000)
    expect(b.read(id)).toMatchObject({ status: 'exited', lastStoppedAt: String((start + 7_200_000 + 9_000) / 1_000) })
  })

  test('hourly bills add up to the ledger of the same machine', () => {
    const b = bench()
    const id = b.create({ rootfsSize: 100 })
    b.create({ name: 'another' })
    b.clock.advance(9_000_000)
    b.post(`${v1}/gpu/instance/delete`, { instanceId: id })
    b.clock.advance(7_200_000)
    const { bills } = body(b.get(`/openapi/v1/billing/bill/list?cycleType=Hour&productCategory=gpu&ownerId=${id}`))
    expect(Object.keys(bills[0])).toEqual(
      'userId startTime endTime billingMethod productName category ownerID billNum0 basePrice0 discountPrice0 amount voucherAmount payAmount payAmountDisplay pricePrecision productId'.split(
        ' ',
      ),
    )
    const sum = bills.reduce((total: bigint, one: Json) => total + BigInt(one.amount), 0n)
    const mine = b.market.bill().lines.filter((line) => line.machineId === id)
    expect(mine.map((line) => line.kind)).toEqual(['gpu', 'disk'])
    expect(sum).toBe(mine.reduce((total, line) => total + BigInt(line.amount), 0n))
    // A full hour of one card, and of 40 GB.
    const eleven = bills.filter((one: Json) => one.startTime === String(start / 1_000 + 3_600))
    expect(eleven.map((one: Json) => [one.amount, one.billNum0])).toEqual([
      ['350000000', '3600'],
      ['8333333', '144000'],
    ])
  })

  test('the bill list refuses haste, a wrong cycle and a wrong category', () => {
    const b = bench()
    const list = (query: string) => b.get(`/openapi/v1/billing/bill/list?${query}`)
    expect(refusal(list('cycleType=Year')).reason).toBe('INVALID_BILL_CYCLE')
    expect(refusal(list('cycleType=Hour&productCategory=cat')).reason).toBe('INVALID_PRODUCT_CATEGORY')
    for (let call = 0; call < 3; call += 1) expect(list('cycleType=Day').status).toBe(200)
    expect(refusal(list('cycleType=Day'))).toMatchObject({ status: 429, reason: 'LIST_BILL_TOO_FAST' })
  })
})

describe('templates, storage, registry logins, networks', () => {
  test('a private template is made, found only as mine, and removed', () => {
    const b = bench()
    const template = {
      name: 'trainer',
      readme: '',
      type: 'instance',
      channel: 'private',
      image: 'ghcr.io/acme/trainer:1',
      startCommand: '',
      rootfsSize: 60,
      ports: [{ type: 'http', ports: [80, 8188] }],
      volumes: [],
      envs: [{ key: 'A', value: '1' }],
    }
    const { templateId } = body(b.post(`${v1}/template/create`, { template }))
    expect(body(b.get(`${v1}/templates?isMyCommunity=true&channel=private`)).template).toMatchObject([
      { Id: templateId, ports: [{ type: 'http', ports: [80, 8188] }] },
    ])
    expect(body(b.get(`${v1}/templates?isMyCommunity=false`)).template.map((one: Json) => one.channel)).not.toContain(
      'private',
    )
    expect(body(b.post(`${v1}/template/delete`, { templateId }))).toEqual({ templateId })
    expect(refusal(b.get(`${v1}/template?templateId=${templateId}`))).toMatchObject({
      status: 400,
      reason: 'TEMPLATE_NOT_FOUND',
    })
  })

  test('storage: a bare string for an id, bound to its cluster, kept while attached, billed by the day', () => {
    const b = bench()
    const storageId = body(
      b.post(`${v1}/networkstorage/create`, { clusterId: 'us-ca-6', storageName: 'd', storageSize: 240 }),
    )
    expect(typeof storageId).toBe('string')
    expect(body(b.get(`${v1}/networkstorages/list?pageNo=1&pageSize=10`))).toMatchObject({
      total: 1,
      data: [{ storageId }],
    })
    const id = b.create({ clusterId: '', networkStorages: [{ Id: storageId, mountPoint: '/data' }] })
    expect(b.read(id)).toMatchObject({
      clusterId: 'us-ca-6',
      volumeMounts: [{ type: 'network', id: storageId, size: 240, mountPath: '/data' }],
    })
    expect(refusal(b.post(`${v1}/networkstorage/delete`, { storageId })).reason).toBe('NETWORK_STORAGE_IN_USE')
    const line = b.market.bill().lines.find((one) => one.machineId === storageId)
    expect(line?.ratePerHour).toBe('20000000')
    expect(
      refusal(b.post(`${v1}/networkstorage/create`, { clusterId: 'as-in-1', storageName: 'd', storageSize: 1 })).reason,
    ).toBe('CUR_CLUSTER_NETWORK_STORAGE_NOT_SUPPORT')
  })

  test('a registry login is saved without an answer and listed with a mask', () => {
    const b = bench()
    const saved = b.post(`${v1}/repository/auth/save`, { name: 'ghcr.io', username: 'u', password: 'secret' })
    expect([saved.status, saved.body]).toEqual([204, ''])
    const [auth] = body(b.get(`${v1}/repository/auths`)).data
    expect(auth).toMatchObject({ name: 'ghcr.io', username: 'u', password: '******' })
    b.create({ imageAuthId: auth.id })
    expect(refusal(b.post(`${v1}/repository/auth/delete`, { id: auth.id })).reason).toBe('IMAGE_AUTH_IN_USE')
  })

  test('a network is made, lists its machines and is kept while used', () => {
    const b = bench()
    const [network] = body(b.post(`${v1}/network/create`, { clusterId: 'us-ca-6', name: 'n' })).network
    const id = b.create({ networkId: network.Id })
    expect(body(b.get(`${v1}/networks`)).networks[0].Addresses).toEqual([{ Id: id, Ip: b.read(id).network.ip }])
    expect(refusal(b.post(`${v1}/network/delete`, { networkId: network.Id })).reason).toBe('NETWORK_IN_USE')
  })

  test('saving an image occupies the machine until the job ends or is broken', () => {
    const b = bench()
    b.market.controls.pace(paced)
    const id = b.create()
    b.clock.advance(60_000)
    const { jobId } = body(b.post(`${v1}/job/save/image`, { instanceId: id, image: 'ghcr.io/acme/saved:1' }))
    expect(refusal(b.post(`${v1}/gpu/instance/stop`, { instanceId: id })).reason).toBe('OPERATION_LIMIT')
    expect(body(b.post(`${v1}/job/break`, { jobId }))).toEqual({ jobId })
    expect(b.post(`${v1}/gpu/instance/stop`, { instanceId: id }).status).toBe(200)
    expect(refusal(b.post(`${v1}/job/break`, { jobId: 'nope' })).reason).toBe('JOB_NOT_FOUND')
  })

  test('an upgrade changes the image in place while the meter runs on', () => {
    const b = bench()
    b.market.controls.pace(paced)
    const id = b.create()
    b.clock.advance(60_000)
    const change = {
      imageUrl: 'ghcr.io/acme/new:2',
      envs: [],
      command: '',
      save: true,
      networkVolume: { volumeMounts: [] },
    }
    expect(b.post(`${v1}/gpu/instance/upgrade`, { instanceId: id, ...change }).status).toBe(200)
    expect(b.read(id).status).toBe('toReset')
    b.clock.advance(60_000)
    expect(b.read(id)).toMatchObject({ status: 'running', imageUrl: 'ghcr.io/acme/new:2' })
    expect(b.market.bill().lines).toHaveLength(1)
  })

  test('editing changes ports and disk; the disk meter follows', () => {
    const b = bench()
    b.market.controls.pace(paced)
    const id = b.create()
    b.clock.advance(60_000)
    b.post(`${v1}/gpu/instance/edit`, { instanceId: id, ports: [{ port: 80, type: 'http' }], expandRootDisk: 24 })
    expect(b.read(id)).toMatchObject({ rootfsSize: 84, portMappings: [{ port: 80 }] })
    expect(b.market.bill().lines[1]).toMatchObject({ kind: 'disk', startedAt: start + 60_000, ratePerHour: '5000000' })
  })
})

describe('what tests lean on', () => {
  test('a create whose reply is lost has happened and is found by its name', () => {
    const clock = turnableClock(start)
    const market = createNovita({ clock, seed: 7 })
    market.controls.special('chances', { calm: true })
    const simulator = controlled(market, clock)
    simulator.faults.add({ kind: 'lose_reply', path: '/gpu/instance/create', times: 1 })
    const request = (method: string, path: string, query: string, sent: unknown) => ({
      method,
      path,
      query: new URLSearchParams(query),
      headers: { authorization: 'Bearer sim-novita' },
      body: sent === undefined ? '' : JSON.stringify(sent),
    })
    const lost = simulator.handle(request('POST', `${v1}/gpu/instance/create`, '', wish({ name: 'op-lost' })))
    expect(lost.dropped).toBe(true)
    const found = simulator.handle(request('GET', `${v1}/gpu/instances`, 'name=op-lost', undefined))
    expect(body(found).instances).toMatchObject([{ name: 'op-lost' }])
  })

  test('v2 turns a machine of either API, unless the ids are told apart', () => {
    const b = bench()
    b.market.controls.pace(paced)
    const id = b.create()
    b.clock.advance(60_000)
    expect(b.send('PUT', `/gpus/v2/instances/${id}/stop`).body).toBe('{}')
    b.clock.advance(60_000)
    b.market.controls.special('v2-stopped-word', { how: 'stopped' })
    expect(body(b.get(`/gpus/v2/instances/${id}`)).status.status).toBe('stopped')
    b.market.controls.special('empty-bodies', { on: true })
    const started = b.send('PUT', `/gpus/v2/instances/${id}/start`)
    expect([started.status, started.body]).toEqual([200, ''])
    b.market.controls.special('shared-ids', { on: false })
    expect(b.get(`/gpus/v2/instances/${id}`).status).toBe(404)
    expect(b.read(id).id).toBe(id)
  })

  test('open questions can be answered the other way', () => {
    const b = bench()
    b.market.controls.pace(paced)
    b.market.controls.special('numbers-as', { how: 'number' })
    b.market.controls.special('region-names', { how: 'code' })
    b.market.controls.special('last-started-at-means', { how: 'running' })
    expect(body(b.get(`${v1}/products?productName=4090`)).data[0]).toMatchObject({
      price: 35_000,
      regions: ['US-CA-06', 'AS-SGP-02', 'CN-HK-01'],
    })
    const id = b.create()
    b.clock.advance(60_000)
    expect(b.read(id).lastStartedAt).toBe(String(start / 1_000 + 60))
    expect(b.market.bill().lines[0]?.startedAt).toBe(start + 20_000)
    expect(() => b.market.controls.special('nope', {})).toThrow('no such special control')
  })

  test("somebody else's machine is on the same account and costs", () => {
    const b = bench()
    const { machine } = b.market.controls.foreignMachine({ label: null })
    expect(b.read(machine)).toMatchObject({ status: 'running', name: '' })
    expect(b.market.machines()).toEqual([{ id: machine, label: null, state: 'running', billing: true }])
    b.clock.advance(3_600_000)
    expect(b.market.bill().total).toBe('350000000')
  })

  /** A day of renting with everything left to chance. */
  function day(b: Bench, from: number, until: number): string[] {
    const seen: string[] = []
    for (let hour = from; hour < until; hour += 1) {
      seen.push(b.post(`${v1}/gpu/instance/create`, wish({ billingMode: 'spot', clusterId: '' })).body)
      b.clock.advance(1_234_567)
      seen.push(b.get(`${v1}/gpu/instances`).body, b.get(`${v1}/products`).body)
      const running = body(b.get(`${v1}/gpu/instances?status=running`)).instances[0]
      if (running) seen.push(b.post(`${v1}/gpu/instance/stop`, { instanceId: running.id }).body)
      b.clock.advance(2_000_000)
      seen.push(JSON.stringify(b.market.bill()))
    }
    return seen
  }

  test('the same seed and the same requests give the same answers', () => {
    const once = day(bench({ wild: true }), 0, 24)
    expect(day(bench({ wild: true }), 0, 24)).toEqual(once)
    expect(day(bench({ wild: true, seed: 8 }), 0, 24)).not.toEqual(once)
  })

  test('looking more often changes nothing', () => {
    const rare = bench({ wild: true })
    const often = bench({ wild: true })
    for (const b of [rare, often])
      for (let count = 0; count < 5; count += 1) b.create({ billingMode: 'spot', name: `op-${count}`, clusterId: '' })
    rare.clock.advance(200_000_000)
    for (let step = 0; step < 2_000; step += 1) {
      often.clock.advance(100_000)
      often.get(`${v1}/gpu/instances`)
    }
    expect(often.market.bill()).toEqual(rare.market.bill())
    expect(often.market.machines()).toEqual(rare.market.machines())
  })

  test('a snapshot in the middle goes on as if nothing had happened', () => {
    const whole = bench({ wild: true })
    const first = day(whole, 0, 12)
    const rest = day(whole, 12, 24)
    const half = bench({ wild: true })
    expect(day(half, 0, 12)).toEqual(first)
    const saved = JSON.parse(JSON.stringify(half.market.snapshot()))
    const again = bench({ clock: half.clock, restored: saved })
    expect(day(again, 12, 24)).toEqual(rest)
  })
})

describe('what an account holds besides instances', () => {
  test('a foreign volume is listed, kept while attached, outlives its machine and is in the bills', () => {
    const b = bench()
    b.market.controls.pace(paced)
    const id = b.create()
    const { thing } = b.market.controls.special('foreign-thing', {
      kind: 'volume',
      name: 'gf-abc-x-1',
      attachedTo: id,
      sizeGb: 120,
    }) as { thing: string }
    const list = () => body(b.get(`${v1}/networkstorages/list?pageNo=1&pageSize=10`)).data
    expect(list()).toMatchObject([{ storageId: thing, storageName: 'gf-abc-x-1', storageSize: 120 }])
    expect(b.market.things()).toMatchObject([{ id: thing, kind: 'volume', attachedTo: id, billing: true }])
    expect(refusal(b.post(`${v1}/networkstorage/delete`, { storageId: thing })).reason).toBe('NETWORK_STORAGE_IN_USE')
    b.post(`${v1}/gpu/instance/delete`, { instanceId: id })
    b.clock.advance(20_000)
    expect(b.market.things()).toMatchObject([{ attachedTo: null, billing: true }])
    b.clock.advance(2 * 3_600_000)
    const bills = body(b.get(`/openapi/v1/billing/bill/list?cycleType=Hour&productCategory=networkStorage`)).bills
    // 120 GB at 0.002 $ a day are 0.01 $ an hour.
    expect(bills.map((bill: Json) => [bill.ownerID, bill.amount])).toEqual([
      [thing, '10000000'],
      [thing, '10000000'],
    ])
    expect(b.market.bill().lines.find((line) => line.machineId === thing)).toMatchObject({ thing: 'volume' })
  })

  test('the metrics show a busy GPU while it runs, a minute late, and what a control says', () => {
    const b = bench()
    b.market.controls.pace(paced)
    const id = b.create({ gpuNum: 2 })
    const metrics = (query = '') => body(b.get(`/openapi/v1/metrics/gpu/instance?instanceId=${id}${query}`))
    expect(metrics().gpuUtilization).toEqual({
      avg: [],
      gpuIds: [
        { gpuId: expect.any(String), items: [] },
        { gpuId: expect.any(String), items: [] },
      ],
    })
    b.clock.advance(600_000)
    const seen = metrics()
    expect(Object.keys(seen)).toEqual([
      'cpuUtilization',
      'memUtilization',
      'rootDiskUtilization',
      'gpuUtilization',
      'gpuMemUtilization',
    ])
    const now = b.clock.now() / 1_000
    expect(seen.gpuUtilization.avg).toEqual([{ timestamp: String(now - 60), value: expect.any(Number) }])
    expect(seen.gpuUtilization.avg[0].value).toBeGreaterThanOrEqual(70)
    b.market.controls.special('utilisation', { machine: id, percent: 3 })
    const older = metrics(`&startTime=${now - 300}&endTime=${now}&interval=60`).gpuUtilization
    expect(older.avg.map((point: Json) => point.value)).toEqual([3, 3, 3, 3, 3])
    expect(older.gpuIds[1].items).toHaveLength(5)
    b.post(`${v1}/gpu/instance/stop`, { instanceId: id })
    b.clock.advance(60_000)
    expect(metrics().gpuUtilization.avg).toEqual([])
    expect(b.get('/openapi/v1/metrics/gpu/instance?instanceId=nobody').status).toBe(404)
  })

  test('a short page of v1 and of v2 is not the last', () => {
    const b = bench()
    const ids = [b.create(), b.create(), b.create()].reverse()
    b.market.controls.special('page-size', { n: 2 })
    const page = (number: number) => body(b.get(`${v1}/gpu/instances?pageNum=${number}&pageSize=100`))
    expect(page(1)).toMatchObject({ total: 3, instances: [{ id: ids[0] }, { id: ids[1] }] })
    expect(page(2).instances).toMatchObject([{ id: ids[2] }])
    const first = body(b.get('/gpus/v2/instances?limit=100'))
    expect(first).toMatchObject({ has_more: true, data: [{ id: ids[0] }, { id: ids[1] }] })
    const rest = body(b.get(`/gpus/v2/instances?limit=100&cursor=${first.next_cursor}`))
    expect(rest).toMatchObject({ has_more: false, data: [{ id: ids[2] }] })
  })
})

describe('interruptions before a machine runs', () => {
  test('a spot machine that pulls gets its notice and exits an hour later', () => {
    const b = bench()
    b.market.controls.pace({ ...paced, loadingMs: 6 * 3_600_000 })
    const id = b.create({ billingMode: 'spot' })
    b.clock.advance(3 * 3_600_000)
    expect(b.read(id).status).toBe('pulling')
    b.market.controls.interrupt({ machine: id })
    const planned = b.clock.now() / 1_000 + 3_600
    expect(b.read(id)).toMatchObject({ status: 'pulling', spotStatus: 'notified', spotReclaimTime: String(planned) })
    b.clock.advance(3_600_000 + 30_000)
    expect(b.read(id)).toMatchObject({ status: 'exited', spotStatus: 'terminated', spotReclaimTime: String(planned) })
    expect(b.market.bill().lines.filter((line) => line.endedAt === null)).toEqual([])
  })

  test('one that has no card yet gets the notice with the card', () => {
    const b = bench()
    b.market.controls.pace(paced)
    const id = b.create({ billingMode: 'spot' })
    expect(b.read(id).status).toBe('toCreate')
    b.market.controls.interrupt({ machine: id })
    expect(b.read(id).spotStatus).toBe('running')
    b.clock.advance(20_000)
    expect(b.read(id)).toMatchObject({ status: 'pulling', spotStatus: 'notified' })
    expect(() => b.market.controls.interrupt({ machine: id })).toThrow('has its notice already')
  })

  test('one that is not spot just exits', () => {
    const b = bench()
    b.market.controls.pace(paced)
    const id = b.create()
    b.clock.advance(30_000)
    b.market.controls.interrupt({ machine: id })
    b.clock.advance(1_000)
    expect(b.read(id)).toMatchObject({ status: 'exited', spotStatus: '', spotReclaimTime: '0' })
    expect(() => b.market.controls.interrupt({ machine: id })).toThrow('is exited')
  })
})
