import { describe, expect, test } from 'vitest'
import { meterAmount, nanosFromUsd } from '../kit/bill.ts'
import { type TurnableClock, turnableClock } from '../kit/clock.ts'
import { controlled } from '../kit/controlled.ts'
import type { Marketplace, SimReply } from '../kit/simulator.ts'
import { createRunpod } from './runpod.ts'

const start = Date.parse('2026-11-20T09:14:02.400Z')
const minute = 60_000
const hour = 3_600_000
const capacity =
  'There are no longer any instances available with the requested specifications. Please refresh and try again.'

// biome-ignore lint/suspicious/noExplicitAny: bodies are read freely here
type Json = Record<string, any>

interface Answer {
  status: number
  headers: Record<string, string>
  json: Json
  text: string
}

interface Rig {
  clock: TurnableClock
  market: Marketplace
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Answer
  gql(query: string, variables?: unknown, headers?: Record<string, string>): Answer
}

function request(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
  const url = new URL(path, 'http://sim')
  return {
    method,
    path: url.pathname,
    query: url.searchParams,
    headers: { 'user-agent': 'gpufleet/1', authorization: 'Bearer sim-runpod', ...headers },
    body: body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body),
  }
}

function answerOf(reply: SimReply): Answer {
  let json: Json = {}
  try {
    json = JSON.parse(reply.body)
  } catch {}
  return { status: reply.status, headers: reply.headers, json, text: reply.body }
}

/** A market in which nothing fails by chance and the quota is out of the way. */
function rig(options: { seed?: number; clock?: TurnableClock; restored?: unknown; wild?: boolean } = {}): Rig {
  const clock = options.clock ?? turnableClock(start)
  const market = createRunpod({
    clock,
    seed: options.seed ?? 7,
    ...(options.restored === undefined ? {} : { restored: options.restored }),
  })
  if (!options.wild && options.restored === undefined) {
    market.controls.special('switch', { startFailureRate: 0, capacityFailureRate: 0 })
    market.controls.special('quota', { minute: 100_000, hour: 100_000, day: 100_000 })
    market.controls.pace({ loadingMs: 90_000, startingMs: 10_000, stoppingMs: 0, terminatingMs: 2000 })
    market.controls.listLag({ ms: 0 })
  }
  return {
    clock,
    market,
    call: (method, path, body, headers) => answerOf(market.handle(request(method, path, body, headers))),
    gql: (query, variables, headers) =>
      answerOf(market.handle(request('POST', '/graphql', { query, variables }, headers))),
  }
}

const wish = {
  name: 'gp-1',
  image: 'vllm/vllm-openai:latest',
  gpu: { id: 'NVIDIA GeForce RTX 4090', count: 1 },
  disk: 60,
  ports: ['8000/http', '22/tcp'],
}

function created(r: Rig, more: Json = {}): Json {
  const answer = r.call('POST', '/v2/pods', { ...wish, ...more })
  expect(answer).toMatchObject({ status: 201 })
  return answer.json
}

function problem(answer: Answer) {
  expect(answer.headers['content-type']).toBe('application/problem+json')
  expect(Object.keys(answer.json).filter((key) => key !== 'errors')).toEqual(['title', 'status', 'detail'])
  expect(answer.json.status).toBe(answer.status)
  return { status: answer.status, detail: answer.json.detail as string, errors: answer.json.errors as string[] }
}

const sorted = (value: object) => Object.keys(value).sort()

describe('the life of a pod', () => {
  test('is RUNNING without runtime at once, then has runtime and ports, and ends in a 404', () => {
    const r = rig()
    const pod = created(r)
    expect(pod).toMatchObject({
      status: 'RUNNING',
      actions: ['stop', 'restart', 'terminate'],
      runtime: null,
      startedAt: null,
      createdAt: '2026-11-20T09:14:02Z',
      cost: 0.74,
      gpu: { vcpuCount: 16, memory: 62 },
      ssh: { direct: null },
    })
    r.clock.advance(90_000)
    const ready = r.call('GET', `/v2/pods/${pod.id}`).json
    expect(ready.startedAt).toBe('2026-11-20T09:15:32Z')
    const tcp = ready.runtime.ports.find((port: Json) => port.private === 22)
    expect(ready.ssh.direct).toEqual({
      host: tcp.ip,
      port: tcp.public,
      username: 'root',
      command: `ssh root@${tcp.ip} -p ${tcp.public}`,
    })
    expect(ready.runtime.ports.find((port: Json) => port.private === 8000).ip).toMatch(/^100\.65\./)
    r.clock.advance(400)
    expect(r.call('DELETE', `/v2/pods/${pod.id}`)).toMatchObject({ status: 204, text: '' })
    expect(r.call('GET', `/v2/pods/${pod.id}`).json).toMatchObject({ status: 'TERMINATED', cost: 0, runtime: null })
    r.clock.advance(2000)
    expect(problem(r.call('GET', `/v2/pods/${pod.id}`))).toMatchObject({ status: 404, detail: 'pod not found' })
    expect(r.call('DELETE', `/v2/pods/${pod.id}`).status).toBe(404)
  })

  test('costs its price from createdAt, its disk while running, and its volume twice as much when stopped', () => {
    const r = rig()
    const pod = created(r, { mounts: { persistent: { size: 100, path: '/workspace' } } })
    r.clock.advance(10 * minute)
    expect(r.call('POST', `/v2/pods/${pod.id}/action`, { action: 'stop' }).json).toMatchObject({
      status: 'EXITED',
      cost: 0.74,
      ssh: { proxy: null, direct: null },
      startedAt: '2026-11-20T09:15:32Z',
    })
    r.clock.advance(2 * hour)
    expect(r.call('POST', `/v2/pods/${pod.id}/action`, { action: 'terminate' }).status).toBe(204)
    r.clock.advance(hour)

    // 09:14:02 to the whole second after 09:24:02.4, and two hours more for the volume.
    const ranMs = 601_000
    const amount = (ratePerHour: string, ms: number) =>
      meterAmount({ startedAt: 0, endedAt: ms, ratePerHour, stepMs: 1000 }, 0)
    const expected =
      amount(nanosFromUsd(0.74).toString(), ranMs) +
      amount('22222222', ranMs) + // 60 GB and 100 GB × 0.10 / 720 h
      amount('27777778', 2 * hour) // 100 GB × 0.20 / 720 h
    expect(r.market.bill().total).toBe(expected.toString())
    expect(r.market.bill().lines.map((line) => line.kind)).toEqual(['gpu', 'disk', 'disk'])
    expect(r.market.bill().lines[0]).toMatchObject({
      startedAt: Date.parse(pod.createdAt),
      endedAt: Date.parse('2026-11-20T09:24:03Z'),
      label: 'gp-1',
    })
    expect(r.market.machines()).toEqual([{ id: pod.id, label: 'gp-1', state: 'TERMINATED', billing: false }])
  })

  test('keeps the bill growing only forward, whatever is done in one second', () => {
    const r = rig()
    const pod = created(r, { mounts: { persistent: { size: 10, path: '/w' } } })
    let last = 0n
    for (const action of ['stop', 'start', 'restart', 'stop', 'start', 'terminate']) {
      r.market.controls.special('give-gpu-back', { machine: pod.id })
      r.call('POST', `/v2/pods/${pod.id}/action`, { action })
      r.clock.advance(130)
      const total = BigInt(r.market.bill().total)
      expect(total >= last).toBe(true)
      last = total
    }
  })

  test('restarts with new ports, starts on the same host, and is refused there when the GPU is taken', () => {
    const r = rig()
    const { id } = created(r)
    r.clock.advance(2 * minute)
    const before = r.call('GET', `/v2/pods/${id}`).json.runtime.ports
    expect(r.call('POST', `/v2/pods/${id}/action`, { action: 'restart' }).json.runtime).toBeNull()
    r.clock.advance(10_000)
    expect(r.call('GET', `/v2/pods/${id}`).json.runtime.ports).not.toEqual(before)
    r.call('POST', `/v2/pods/${id}/action`, { action: 'stop' })
    r.market.controls.special('take-gpu', { machine: id })
    expect(problem(r.call('POST', `/v2/pods/${id}/action`, { action: 'start' })).detail).toMatch(/not enough free GPU/)
    r.market.controls.special('give-gpu-back', { machine: id })
    expect(r.call('POST', `/v2/pods/${id}/action`, { action: 'start' }).json.status).toBe('RUNNING')
    r.clock.advance(10_000)
    expect(r.call('GET', `/v2/pods/${id}`).json.runtime.uptime).toBe(0)
  })

  test('refuses an action that does not fit the status, and a locked pod, with 409', () => {
    const r = rig()
    const { id } = created(r)
    expect(problem(r.call('POST', `/v2/pods/${id}/action`, { action: 'start' }))).toMatchObject({
      status: 409,
      detail: 'action not valid for current pod status',
    })
    expect(r.call('PATCH', `/v2/pods/${id}`, { locked: true }).json.locked).toBe(true)
    for (const action of ['stop', 'restart', 'terminate'])
      expect(r.call('POST', `/v2/pods/${id}/action`, { action }).status).toBe(409)
    expect(r.call('DELETE', `/v2/pods/${id}`).status).toBe(409)
    r.call('PATCH', `/v2/pods/${id}`, { locked: false })
    expect(r.call('DELETE', `/v2/pods/${id}`).status).toBe(204)
  })

  test('shows PROVISIONING and STARTING first when that is switched on', () => {
    const r = rig()
    r.market.controls.special('switch', { provisioning: true })
    const pod = created(r)
    expect(pod).toMatchObject({
      status: 'PROVISIONING',
      actions: ['stop', 'terminate'],
      dataCenterId: null,
      cudaVersion: null,
      ssh: { proxy: null, direct: null },
    })
    r.clock.advance(20_000)
    expect(r.call('GET', `/v2/pods/${pod.id}`).json.status).toBe('STARTING')
    r.clock.advance(65_000)
    expect(r.call('GET', `/v2/pods/${pod.id}`).json).toMatchObject({ status: 'RUNNING', runtime: null })
    r.clock.advance(5_000)
    expect(r.call('GET', `/v2/pods/${pod.id}`).json.runtime).not.toBeNull()
  })

  test('changes by PATCH: env as a whole, the container restarts, a volume only grows', () => {
    const r = rig()
    const { id } = created(r, { env: { A: '1', B: '2' }, mounts: { persistent: { size: 20, path: '/w' } } })
    r.clock.advance(2 * minute)
    const renamed = r.call('PATCH', `/v2/pods/${id}`, { name: 'renamed' }).json
    expect(renamed).toMatchObject({ name: 'renamed', env: { A: '1', B: '2' } })
    expect(renamed.runtime).not.toBeNull()
    expect(r.call('PATCH', `/v2/pods/${id}`, { env: { C: '3' } }).json).toMatchObject({
      env: { C: '3' },
      runtime: null,
    })
    expect(r.call('PATCH', `/v2/pods/${id}`, { mounts: { persistent: { size: 10, path: '/w' } } }).status).toBe(400)
    expect(r.call('PATCH', `/v2/pods/${id}`, { mounts: { persistent: { size: 40, path: '/w' } } }).status).toBe(200)
    expect(problem(r.call('PATCH', `/v2/pods/${id}`, { gpu: {} }))).toMatchObject({ status: 422 })
  })
})

describe('what can go wrong', () => {
  test('says capacity as a 400 with the recorded sentence, as often as ordered, and keeps listing the type', () => {
    const r = rig()
    r.market.controls.sellOut({ count: 2, matching: '4090' })
    expect(problem(r.call('POST', '/v2/pods', wish))).toMatchObject({ status: 400, detail: capacity })
    r.market.controls.sellOut({ count: 1, matching: 'A40', how: 'no_resources' })
    expect(created(r, { gpu: { id: 'NVIDIA RTX A5000' } }).gpu.count).toBe(1)
    expect(problem(r.call('POST', '/v2/pods', { ...wish, gpu: { id: 'NVIDIA A40' } })).detail).toMatch(
      /does not have the resources/,
    )
    expect(r.call('POST', '/v2/pods', wish).status).toBe(400)
    expect(r.call('POST', '/v2/pods', wish).status).toBe(201)
    expect(r.market.machines()).toHaveLength(2)
  })

  test('enforces data centres, clouds and counts as missing capacity', () => {
    const r = rig()
    for (const more of [
      { dataCenterIds: ['us-ks-2'] },
      { dataCenterIds: ['AP-JP-1'] },
      { gpu: { id: 'NVIDIA GeForce RTX 4090', count: 9 } },
      { gpu: { id: 'NVIDIA GeForce RTX 3080' } },
      { gpu: { id: 'NVIDIA GeForce RTX 4090', minRamPerGpu: 900 } },
      { gpu: { id: 'NVIDIA GeForce RTX 4090', allowedCudaVersions: ['11.1'] } },
    ])
      expect(problem(r.call('POST', '/v2/pods', { ...wish, ...more }))).toMatchObject({ status: 400, detail: capacity })
  })

  test('breaks a cross-field rule with another 400, and an unknown id with 404', () => {
    const r = rig()
    for (const [more, detail] of [
      [{ cpu: { id: 'cpu3c', vcpuCount: 2 } }, 'exactly one of gpu or cpu must be set'],
      [{ gpu: undefined }, 'exactly one of gpu or cpu must be set'],
      [
        { gpu: { id: 'NVIDIA A40', minCudaVersion: '12.1', allowedCudaVersions: ['12.4'] } },
        'allowedCudaVersions and minCudaVersion are mutually exclusive',
      ],
      [{ ports: ['53/udp'] }, 'invalid port "53/udp": protocol must be http or tcp'],
      [{ args: 'serve', cmd: ['other'] }, 'args conflicts with entrypoint/cmd'],
      [
        { mounts: { persistent: { size: 10, path: '/a' }, network: [{ volumeId: 'x', path: '/b' }] } },
        'mounts.persistent and mounts.network are mutually exclusive',
      ],
    ] as Array<[Json, string]>)
      expect(problem(r.call('POST', '/v2/pods', { ...wish, ...more }))).toMatchObject({ status: 400, detail })
    for (const more of [
      { templateId: 'nope' },
      { registry: 'nope' },
      { mounts: { network: [{ volumeId: 'x', path: '/b' }] } },
    ])
      expect(problem(r.call('POST', '/v2/pods', { ...wish, ...more }))).toMatchObject({
        status: 404,
        detail: 'resource not found',
      })
  })

  test('rejects unknown and malformed fields by name with 422, and takes the later fields', () => {
    const r = rig()
    expect(problem(r.call('POST', '/v2/pods', { ...wish, gpuTypeIds: [], cloudType: 'ALL' }))).toEqual({
      status: 422,
      detail: 'Request validation failed.',
      errors: ["$: additional properties 'gpuTypeIds', 'cloudType' not allowed"],
    })
    expect(problem(r.call('POST', '/v2/pods', { gpu: { id: 'x', minCudaVersion: '12' } })).errors).toEqual([
      "$: missing property 'name'",
      "$.gpu.minCudaVersion: '12' does not match pattern '^\\d+\\.\\d+$'",
      "$: missing property 'image'",
    ])
    const { id } = created(r, { cmd: ['--model', 'm'], gpu: { ...wish.gpu, minVcpuCountPerGpu: 4 } })
    expect(problem(r.call('POST', `/v2/pods/${id}/action`, { action: 'reset' })).errors).toEqual([
      "$.action: value must be one of 'start', 'stop', 'restart', 'terminate'",
    ])
    expect(r.call('GET', `/v2/pods/${id}`).json).toMatchObject({
      args: '{"cmd":["--model","m"]}',
      entrypoint: [],
      cmd: ['--model', 'm'],
    })
  })

  test('tells keys, agents, scopes, sizes and methods apart', () => {
    const r = rig()
    expect(problem(r.call('GET', '/v2/pods', undefined, { authorization: '' }))).toMatchObject({
      status: 401,
      detail: 'missing bearer token',
    })
    expect(problem(r.call('GET', '/v2/pods', undefined, { authorization: 'Bearer other' })).status).toBe(401)
    for (const agent of ['', 'Python-urllib/3.12'])
      expect(r.call('GET', '/v2/pods', undefined, { 'user-agent': agent })).toMatchObject({
        status: 403,
        text: 'error code: 1010',
        headers: { 'content-type': 'text/plain' },
      })
    expect(problem(r.call('POST', '/v2/pods', 'x'.repeat(102_401), { authorization: '' })).status).toBe(413)
    const wrong = r.call('PUT', '/v2/pods')
    expect(problem(wrong)).toMatchObject({ status: 405, detail: 'The requested method is not allowed for this path.' })
    expect(wrong.headers.allow).toBe('GET, POST')
    expect(problem(r.call('GET', '/v2/balance')).status).toBe(404)
    expect(r.call('GET', '/v1/pods').status).toBe(410)
    r.market.controls.special('forbid', { routes: ['POST /v2/pods'] })
    expect(problem(r.call('POST', '/v2/pods', wish))).toMatchObject({ status: 403, detail: 'access denied' })
    expect(r.call('GET', '/v2/pods').status).toBe(200)
  })

  test('has three quota windows in its headers, and a 429 with Retry-After', () => {
    const r = rig({ wild: true })
    const first = r.call('GET', '/v2/pods')
    expect(first.headers.ratelimit).toMatch(/^"minute";r=59;t=58, "hour";r=2999;t=\d+, "day";r=49999;t=\d+$/)
    expect(first.headers['ratelimit-policy']).toBe('"minute";q=60;w=60, "hour";q=3000;w=3600, "day";q=50000;w=86400')
    for (let sent = 1; sent < 60; sent += 1) r.call('GET', '/v2/nothing')
    const refused = r.call('GET', '/v2/pods')
    expect(problem(refused)).toMatchObject({ status: 429, detail: 'rate limit exceeded for the minute window' })
    expect(refused.headers['retry-after']).toBe('58')
    expect(refused.headers.ratelimit).toMatch(/^"minute";r=0;t=58/)
    r.clock.advance(58_000)
    expect(r.call('GET', '/v2/pods').status).toBe(200)
    expect(r.call('GET', '/v2/pods', undefined, { authorization: '' }).headers.ratelimit).toBeUndefined()
  })

  test('never comes up in four ways: stuck, error, exited, no public port', () => {
    const r = rig()
    const outcome = (how: string) => {
      r.market.controls.failStart({ how })
      const { id } = created(r)
      r.clock.advance(20 * minute)
      return r.call('GET', `/v2/pods/${id}`).json
    }
    expect(outcome('stuck')).toMatchObject({ status: 'RUNNING', runtime: null })
    expect(outcome('error')).toMatchObject({ status: 'ERROR', actions: ['start', 'terminate'], runtime: null })
    expect(outcome('exited')).toMatchObject({ status: 'EXITED', runtime: null })
    const portless = outcome('no_port')
    expect(portless.ssh.direct).toBeNull()
    expect(portless.runtime.ports.find((port: Json) => port.type === 'tcp').public).toBeNull()
    expect(() => r.market.controls.failStart({ how: 'fire' })).toThrow()
    expect(r.market.machines().map((machine) => machine.billing)).toEqual([true, false, false, true])
  })

  test('loses its host silently: still RUNNING, no runtime, no cost, until the host is back', () => {
    const r = rig()
    const { id } = created(r)
    r.clock.advance(5 * minute)
    r.market.controls.interrupt({ machine: id })
    const before = r.market.bill().total
    r.clock.advance(hour)
    expect(r.call('GET', `/v2/pods/${id}`).json).toMatchObject({
      status: 'RUNNING',
      runtime: null,
      ssh: { direct: null },
    })
    expect(r.market.bill().total).toBe(before)
    r.market.controls.special('host-back', { machine: id })
    r.clock.advance(10_000)
    expect(r.call('GET', `/v2/pods/${id}`).json.runtime).not.toBeNull()
    expect(BigInt(r.market.bill().total)).toBeGreaterThan(BigInt(before))
  })

  test('stops everything at balance 0, to the second, and answers 402 from then on', () => {
    const r = rig()
    const volume = r.call('POST', '/v2/network-volumes', { name: 'v', size: 10, dataCenter: 'EU-RO-1' }).json
    const kept = created(r, { mounts: { network: [{ volumeId: volume.id, path: '/w' }] } })
    expect(kept.dataCenterId).toBe('EU-RO-1')
    const lost = created(r)
    r.market.controls.balance({ usd: 1.5 })
    r.clock.advance(5 * hour)
    expect(r.call('GET', `/v2/pods/${kept.id}`).json.status).toBe('EXITED')
    expect(r.call('GET', `/v2/pods/${lost.id}`).status).toBe(404)
    const gpu = r.market.bill().lines.filter((line) => line.kind === 'gpu')
    expect(gpu[0]?.endedAt).toBe(gpu[1]?.endedAt)
    expect(gpu[0]?.endedAt).toBeLessThan(start + 1.1 * hour)
    expect(problem(r.call('POST', '/v2/pods', wish))).toMatchObject({ status: 402, detail: 'insufficient balance' })
    expect(r.call('POST', `/v2/pods/${kept.id}/action`, { action: 'start' }).status).toBe(402)
    r.market.controls.balance({ usd: 50 })
    expect(r.call('POST', '/v2/pods', wish).status).toBe(201)
  })

  test('makes the pod although the reply is lost, or although it says 500', () => {
    const r = rig()
    const simulator = controlled(r.market, r.clock)
    simulator.faults.add({ kind: 'lose_reply', method: 'POST', path: '/v2/pods', times: 1 })
    simulator.faults.add({ kind: 'status_after', method: 'POST', path: '/v2/pods', times: 1, status: 500 })
    expect(simulator.handle(request('POST', '/v2/pods', wish)).dropped).toBe(true)
    expect(simulator.handle(request('POST', '/v2/pods', wish)).status).toBe(500)
    expect(r.call('GET', '/v2/pods').json.pods).toHaveLength(2)
  })
})

describe('lists', () => {
  test('miss a new pod for the ordered lag, and show a deleted one a little longer', () => {
    const r = rig()
    r.market.controls.listLag({ ms: 3000 })
    const { id } = created(r)
    expect(r.call('GET', '/v2/pods').json.pods).toEqual([])
    expect(r.call('GET', `/v2/pods/${id}`).status).toBe(200)
    r.clock.advance(3000)
    expect(r.call('GET', '/v2/pods').json.pods).toHaveLength(1)
    r.call('DELETE', `/v2/pods/${id}`)
    expect(r.call('GET', '/v2/pods').json.pods[0].status).toBe('TERMINATED')
    r.clock.advance(2000)
    expect(r.call('GET', '/v2/pods').json.pods).toEqual([])
  })

  test('page newest first by cursor; a page may be empty and not the last', () => {
    const r = rig()
    const ids = [1, 2, 3].map(() => created(r).id)
    r.market.controls.special('cluster-pods', { count: 2 })
    const first = r.call('GET', '/v2/pods?limit=2&status=ignored').json
    expect(first).toMatchObject({ pods: [], pagination: { hasNextPage: true } })
    const second = r.call('GET', `/v2/pods?limit=2&cursor=${first.pagination.nextCursor}`).json
    expect(second.pods.map((pod: Json) => pod.id)).toEqual([ids[2], ids[1]])
    const third = r.call('GET', `/v2/pods?limit=2&cursor=${second.pagination.nextCursor}`).json
    expect(third).toMatchObject({ pods: [{ id: ids[0] }], pagination: { nextCursor: null, hasNextPage: false } })
    const all = r.call('GET', '/v2/pods?includeClusterPods=true').json.pods
    expect(all).toHaveLength(5)
    expect(all[0].cluster).toEqual({ id: 'cluster_sim000', rank: 1 })
    expect(r.call('DELETE', `/v2/pods/${all[0].id}`).status).toBe(409)
    expect(problem(r.call('GET', '/v2/pods?cursor=nonsense')).status).toBe(422)
    expect(problem(r.call('GET', '/v2/pods?limit=1001')).status).toBe(422)
    r.market.controls.special('switch', { v2: 'older' })
    expect(sorted(r.call('GET', '/v2/pods').json)).toEqual(['pods'])
  })

  test('hold what somebody else made', () => {
    const r = rig()
    const { machine } = r.market.controls.foreignMachine({ label: null })
    expect(r.call('GET', '/v2/pods').json.pods[0]).toMatchObject({ id: machine, name: 'made-in-the-console' })
  })
})

describe('the catalogue', () => {
  const withStock = '/v2/catalog/gpus?include=AVAILABILITY&product=POD'

  test('answers a type with exactly the documented fields, with and without availability', () => {
    const r = rig()
    const find = (path: string) =>
      r.call('GET', path).json.gpus.find((gpu: Json) => gpu.id === 'NVIDIA GeForce RTX 4090')
    const plain = ['community', 'id', 'manufacturer', 'maxCount', 'memory', 'name', 'pool', 'price', 'secure']
    expect(sorted(find('/v2/catalog/gpus'))).toEqual(plain)
    const full = find(withStock)
    expect(sorted(full)).toEqual([...plain, 'availability', 'cudaVersions', 'dataCenters'].sort())
    expect(full).toMatchObject({ pool: 'ADA_24', price: { secure: 0.74, community: 0.34, serverless: 1.1 } })
    expect(sorted(full.dataCenters[0])).toEqual(['availability', 'id', 'name'])
    expect(sorted(full.cudaVersions[0])).toEqual(['available', 'version'])
    expect(r.call('GET', '/v2/catalog/gpus/NVIDIA%20GeForce%20RTX%204090').json.memory).toBe(24)
    expect(r.call('GET', '/v2/catalog/gpus/RTX%204090').status).toBe(404)
  })

  test('refuses a filter without include, include without product, and both CUDA filters', () => {
    const r = rig()
    const status = (query: string) => r.call('GET', `/v2/catalog/gpus?${query}`).status
    expect(status('count=2')).toBe(400)
    expect(status('include=AVAILABILITY')).toBe(400)
    expect(status('product=POD')).toBe(400)
    expect(status('include=AVAILABILITY&product=POD&cudaVersions=12.8&minCudaVersion=12.1')).toBe(400)
    expect(status('include=AVAILABILITY&product=POD&cudaVersions=12')).toBe(422)
    expect(status('include=AVAILABILITY&product=POD&minCudaVersion=12')).toBe(200)
    expect(status('include=STOCK')).toBe(422)
    expect(status('colour=red')).toBe(200)
  })

  test('drops types outside the countries, and lists no data centre where there is none left', () => {
    const r = rig()
    const french = r.call('GET', `${withStock}&countryCodes=FR`).json.gpus
    expect(french.length).toBeGreaterThan(0)
    for (const gpu of french) for (const place of gpu.dataCenters ?? []) expect(place.id).toBe('EU-FR-1')
    r.market.controls.special('stock', { matching: '4090', free: 0 })
    const gone = r.call('GET', `${withStock}&cloud=COMMUNITY`).json.gpus.find((gpu: Json) => gpu.name === 'RTX 4090')
    expect(gone.availability).toBe('NONE')
    expect(gone).not.toHaveProperty('dataCenters')
    expect(problem(r.call('POST', '/v2/pods', wish)).detail).toBe(capacity)
  })

  test('shows prices that a control changed, or hides the change until the pod is made', () => {
    const r = rig()
    r.market.controls.changePrice({ factor: 2, matching: 'RTX 4090' })
    r.market.controls.changePrice({ factor: 1.5, matching: 'A40', listed: false })
    const price = (name: string) =>
      r.call('GET', '/v2/catalog/gpus').json.gpus.find((gpu: Json) => gpu.name === name).price
    expect(price('RTX 4090')).toMatchObject({ secure: 1.48, community: 0.68 })
    expect(price('A40').secure).toBe(0.44)
    expect(created(r).cost).toBe(1.48)
    expect(created(r, { gpu: { id: 'NVIDIA A40', count: 2 } }).cost).toBe(1.32)
  })

  test('is busy as recorded in 2026-07: H100 SXM mostly High, B200 mostly Low, H200 NVL often none', () => {
    const r = rig()
    const seen = new Map<string, Record<string, number>>()
    for (let at = 0; at < 150; at += 1) {
      r.clock.advance(2 * hour)
      for (const gpu of r.call('GET', withStock).json.gpus) {
        const counts = seen.get(gpu.name) ?? {}
        counts[gpu.availability] = (counts[gpu.availability] ?? 0) + 1 / 150
        seen.set(gpu.name, counts)
      }
    }
    const share = (name: string, level: string) => seen.get(name)?.[level] ?? 0
    expect(share('H100 SXM', 'HIGH')).toBeGreaterThan(0.9)
    expect(share('B200', 'LOW')).toBeGreaterThan(0.5)
    expect(share('NVIDIA H200 NVL', 'NONE')).toBeGreaterThan(0.3)
    expect(share('RTX 4090', 'NONE')).toBe(0)
  })

  test('filters data centres and answers CPU flavours', () => {
    const r = rig()
    const europe = r.call('GET', '/v2/catalog/datacenters?regions=EUROPE&include=GPU_AVAILABILITY').json.dataCenters
    expect(new Set(europe.map((place: Json) => place.region))).toEqual(new Set(['EUROPE']))
    expect(sorted(europe[0])).toEqual([
      'compliance',
      'globalNetwork',
      'gpuAvailability',
      'id',
      'name',
      'networkVolumeTypes',
      'region',
    ])
    expect(r.call('GET', '/v2/catalog/cpus').json.cpus.map((cpu: Json) => cpu.id)).toContain('cpu5c')
    const body = { name: 'c', image: 'i', cpu: { id: 'cpu5c', vcpuCount: 4 } }
    const pod = r.call('POST', '/v2/pods', body)
    expect(pod.json).toMatchObject({ cpu: { id: 'cpu5c', vcpuCount: 4, memory: 8 }, cudaVersion: null, cost: 0.14 })
    expect(pod.json).not.toHaveProperty('gpu')
    expect(r.call('POST', '/v2/pods', { ...body, disk: 10 }).status).toBe(400)
    expect(r.call('POST', '/v2/pods', { ...body, cpu: { id: 'cpu5c', vcpuCount: 6 } }).status).toBe(400)
  })
})

describe('no unknown field', () => {
  const base = (
    'id name status actions image args disk mounts ports env registry gpu cloud dataCenterId cudaVersion ssh template ' +
    'cost locked globalNetworking runtime createdAt startedAt'
  ).split(' ')

  test('in a pod just made, ready, stopped and listed', () => {
    const r = rig()
    const pod = created(r, { cmd: ['--model', 'x'] })
    expect(sorted(pod)).toEqual([...base, 'entrypoint', 'cmd'].sort())
    expect(sorted(created(r))).toEqual([...base].sort())
    expect(sorted(pod.ssh)).toEqual(['direct', 'proxy'])
    expect(sorted(pod.ssh.proxy)).toEqual(['command', 'host', 'port', 'username'])
    expect(sorted(pod.gpu)).toEqual(['count', 'id', 'memory', 'vcpuCount'])
    r.clock.advance(2 * minute)
    const ready = r.call('GET', '/v2/pods').json.pods[0]
    expect(sorted(ready)).toEqual([...base].sort())
    expect(sorted(ready.runtime)).toEqual(['cpu', 'gpus', 'memory', 'ports', 'uptime'])
    expect(sorted(ready.runtime.ports[0])).toEqual(['ip', 'private', 'public', 'type'])
    expect(sorted(ready.runtime.gpus[0])).toEqual(['memoryUtil', 'util'])
  })

  test('in the objects of the account', () => {
    const r = rig()
    const template = r.call('POST', '/v2/templates', { name: 't', image: 'i' })
    expect(template.status).toBe(201)
    expect(sorted(template.json)).toEqual(
      'allowedCudaVersions args category disk env id image mounts name ports public registry serverless startJupyter startSsh'.split(
        ' ',
      ),
    )
    expect(template.json).toMatchObject({ startSsh: true, startJupyter: true, category: 'NVIDIA', public: false })
    const volume = r.call('POST', '/v2/network-volumes', { name: 'v', size: 50, dataCenter: 'US-KS-2' })
    expect(volume.status).toBe(201)
    expect(sorted(volume.json)).toEqual(['dataCenter', 'id', 'name', 'size', 'type'])
    expect(r.call('PATCH', `/v2/network-volumes/${volume.json.id}`, { size: 40 }).status).toBe(400)
    const registry = r.call('POST', '/v2/registries', { name: 'r', username: 'u', password: 'p' })
    expect(registry).toMatchObject({ status: 201 })
    expect(sorted(registry.json)).toEqual(['id', 'name'])
    const secret = { name: 'hf-token', value: 's' }
    expect(sorted(r.call('POST', '/v2/account/secrets', secret).json)).toEqual([
      'createdAt',
      'description',
      'id',
      'name',
      'valueLastUpdatedAt',
    ])
    expect(r.call('POST', '/v2/account/secrets', secret).status).toBe(409)
    r.call('PUT', '/v2/account/ssh-keys', { keys: ['ssh-ed25519 AAAA one', 'ssh-ed25519 BBBB two'] })
    r.call('PUT', '/v2/account/ssh-keys', { keys: ['ssh-ed25519 CCCC three'] })
    expect(r.call('GET', '/v2/account/ssh-keys').json).toEqual({ keys: ['ssh-ed25519 CCCC three'] })
    const fromTemplate = r.call('POST', '/v2/pods', {
      name: 'p',
      templateId: template.json.id,
      gpu: { id: 'NVIDIA A40' },
    })
    expect(fromTemplate.json).toMatchObject({ image: 'i', disk: 50, template: null })
    for (const path of [`/v2/templates/${template.json.id}`, `/v2/network-volumes/${volume.json.id}`])
      expect(r.call('DELETE', path)).toMatchObject({ status: 204, text: '' })
  })
})

describe('billing', () => {
  test('answers the ledger in buckets that add up to the bill, five minutes late, deleted pods included', () => {
    const r = rig()
    const pod = created(r)
    r.clock.advance(30_000)
    expect(r.call('GET', '/v2/billing/pods').json.records).toEqual([])
    r.clock.advance(2 * hour)
    r.call('DELETE', `/v2/pods/${pod.id}`)
    r.clock.advance(hour)
    const answer = r.call(
      'GET',
      '/v2/billing/pods?bucketSize=hour&startTime=2026-11-20T09:30:00Z&endTime=2026-11-20T12:00:00Z',
    ).json
    expect(sorted(answer.records[0])).toEqual([
      'cpuAmount',
      'diskAmount',
      'endTime',
      'gpuAmount',
      'podId',
      'startTime',
      'totalAmount',
    ])
    expect(answer.records[0]).toMatchObject({ startTime: '2026-11-20T09:00:00Z', endTime: '2026-11-20T10:00:00Z' })
    expect(answer.metadata).toMatchObject({ recordCount: 3, uniquePodCount: 1 })
    expect(answer.metadata.query).toEqual({
      startTime: '2026-11-20T09:00:00Z',
      endTime: '2026-11-20T12:00:00Z',
      bucketSize: 'hour',
    })
    expect(nanosFromUsd(answer.metadata.totals.totalAmount).toString()).toBe(r.market.bill().total)
    expect(r.call('GET', `/v2/billing/pods?podId=${pod.id}`).json.metadata.query.podId).toBe(pod.id)
    expect(r.call('GET', '/v2/billing/pods?lastN=2&startTime=2026-11-20T09:30:00Z').status).toBe(400)
    expect(r.call('GET', '/v2/billing/pods?bucketSize=decade').status).toBe(422)
  })

  test('has the sums of everything under other names, and nothing for what was never used', () => {
    const r = rig()
    created(r)
    r.call('POST', '/v2/network-volumes', { name: 'v', size: 1000, dataCenter: 'EU-FR-1', type: 'HIGH_PERFORMANCE' })
    r.clock.advance(hour)
    const [day] = r.call('GET', '/v2/billing?lastN=1').json.records
    expect(day.storageHighPerformanceAmount).toBeGreaterThan(0)
    expect(day.totalAmount).toBeCloseTo(day.podGpuAmount + day.podDiskAmount + day.storageHighPerformanceAmount, 8)
    expect(r.call('GET', '/v2/billing/network-volumes').json.metadata.uniqueNetworkVolumeCount).toBe(1)
    expect(r.call('GET', '/v2/billing/endpoints').json.metadata.totals).toEqual({ totalAmount: 0 })
  })
})

describe('logs', () => {
  test('are server-sent events that a last id continues', () => {
    const r = rig()
    const { id } = created(r)
    r.clock.advance(2 * minute)
    const all = r.call('GET', `/v2/pods/${id}/logs`)
    expect(all.headers['content-type']).toBe('text/event-stream')
    expect(all.text).toMatch(
      /^id: 2026-11-20T09:14:02Z\/000000000001\ndata: \{"ts":"2026-11-20T09:14:02Z","source":"system","line":/,
    )
    expect(all.text.split('\n\n')).toHaveLength(4)
    const lastId = '2026-11-20T09:15:32Z/000000000002'
    expect(r.call('GET', `/v2/pods/${id}/logs`, undefined, { 'last-event-id': lastId }).text).toMatch(/Container is up/)
    expect(r.call('GET', `/v2/pods/${id}/logs?source=container&tail=1`).text.split('\n\n')).toHaveLength(2)
    expect(r.call('GET', `/v2/pods/${id}/logs?tail=0`).text).toBe('')
    expect(r.call('GET', `/v2/pods/${id}/logs?tail=5001`).status).toBe(422)
  })
})

describe('GraphQL', () => {
  test('answers the balance under the names that were asked for', () => {
    const r = rig()
    r.market.controls.balance({ usd: 17.06 })
    expect(r.gql('query { myself { id email clientBalance currentSpendPerHr spendLimit } }').json).toEqual({
      data: {
        myself: {
          id: 'user_2xSimulated',
          email: 'ops@example.com',
          clientBalance: 17.06,
          currentSpendPerHr: 0,
          spendLimit: 80,
        },
      },
    })
    expect(r.gql('{ me: myself { money: clientBalance } }').json).toEqual({ data: { me: { money: 17.06 } } })
  })

  test('lists offers without a key, with the price of the whole machine', () => {
    const r = rig()
    const query = `query Offers($id: String!, $n: Int = 2) {
      gpuTypes(input: { id: $id }) {
        ...Names # a comment
        secure: lowestPrice(input: { gpuCount: $n, secureCloud: true }) { uninterruptablePrice stockStatus minimumBidPrice }
        lowestPrice(input: { gpuCount: 1, secureCloud: false }) { uninterruptablePrice }
      }
    }
    fragment Names on GpuType { id displayName }`
    const answer = r.gql(query, { id: 'NVIDIA GeForce RTX 4090' }, { authorization: '' })
    expect(answer.json.data.gpuTypes).toEqual([
      {
        id: 'NVIDIA GeForce RTX 4090',
        displayName: 'RTX 4090',
        secure: { uninterruptablePrice: 1.48, stockStatus: expect.any(String), minimumBidPrice: null },
        lowestPrice: { uninterruptablePrice: 0.34 },
      },
    ])
    expect(r.gql('{ myself { id } }', undefined, { authorization: '' }).status).toBe(401)
    expect(r.gql('{ gpuTypes { id } }', undefined, { authorization: 'Bearer other' }).status).toBe(401)
  })

  test('makes, shows and ends the same pods as REST', () => {
    const r = rig()
    const made = r.gql(
      `mutation Make($input: PodFindAndDeployOnDemandInput!) {
        podFindAndDeployOnDemand(input: $input) { id costPerHr desiredStatus machine { dataCenterId } runtime { uptimeInSeconds } }
      }`,
      {
        input: {
          cloudType: 'ALL',
          gpuTypeId: 'NVIDIA GeForce RTX 4090',
          gpuCount: 1,
          name: 'gp-q',
          imageName: 'img',
          ports: '8888/http,22/tcp',
          env: [{ key: 'A', value: 'b' }],
          volumeInGb: 20,
          volumeMountPath: '/workspace',
        },
      },
    ).json.data.podFindAndDeployOnDemand
    expect(made).toMatchObject({ costPerHr: 0.74, desiredStatus: 'RUNNING', runtime: null })
    expect(r.call('GET', `/v2/pods/${made.id}`).json).toMatchObject({
      name: 'gp-q',
      env: { A: 'b' },
      ports: ['8888/http', '22/tcp'],
      mounts: { persistent: { size: 20, path: '/workspace' } },
    })
    created(r)
    r.clock.advance(2 * minute)
    const list = r.gql('{ myself { pods { id name env runtime { ports { privatePort isIpPublic } } } } }').json
    expect(list.data.myself.pods.map((pod: Json) => pod.name)).toEqual(['gp-1', 'gp-q'])
    expect(list.data.myself.pods[1].env).toEqual(['A=b'])
    expect(r.gql(`mutation { podTerminate(input: {podId: "${made.id}"}) }`).json).toEqual({
      data: { podTerminate: null },
    })
    expect(r.gql(`{ pod(input: {podId: "${made.id}"}) { id } }`).json).toEqual({ data: { pod: null } })
    expect(r.gql(`mutation { podTerminate(input: {podId: "${made.id}"}) }`).json).toEqual({
      errors: [
        {
          message: 'pod not found to terminate',
          path: ['podTerminate'],
          extensions: { code: 'POD_NOT_FOUND' },
        },
      ],
      data: { podTerminate: null },
    })
  })

  test('says capacity in a 200, and once per order although ALL looks twice', () => {
    const r = rig()
    r.market.controls.sellOut({ count: 1 })
    const make =
      'mutation { podFindAndDeployOnDemand(input: {cloudType: ALL, gpuTypeId: "NVIDIA A40", imageName: "i"}) { id } }'
    expect(r.gql(make)).toMatchObject({
      status: 200,
      json: {
        errors: [{ message: capacity, path: ['podFindAndDeployOnDemand'], extensions: { code: 'RUNPOD' } }],
        data: { podFindAndDeployOnDemand: null },
      },
    })
    expect(r.gql(make).json.data.podFindAndDeployOnDemand.id).toMatch(/^[a-z0-9]{14}$/)
  })

  test('refuses what it does not know with 400, spot among it, and everything once it is gone', () => {
    const r = rig()
    expect(r.gql('{ myself { x } }')).toMatchObject({
      status: 400,
      json: {
        errors: [
          {
            message: 'Cannot query field "x" on type "User".',
            locations: [{ line: 1, column: 12 }],
            extensions: { code: 'GRAPHQL_VALIDATION_FAILED' },
          },
        ],
      },
    })
    expect(r.gql('mutation { podRentInterruptable(input: {bidPerGpu: 0.2}) { id } }').json.errors[0].message).toBe(
      'Cannot query field "podRentInterruptable" on type "Mutation".',
    )
    for (const query of [
      '{ myself',
      '{ myself }',
      '{ pods { id } }',
      'mutation { podTerminate }',
      '{ pod(input: {id: "x"}) { id } }',
    ])
      expect(r.gql(query).status).toBe(400)
    r.market.controls.special('graphql', {})
    expect(r.gql('{ myself { id } }').status).toBe(410)
    expect(r.call('GET', '/v2/pods').status).toBe(200)
  })
})

describe('the same seed', () => {
  const story = (r: Rig, from: number, to: number) => {
    const seen: string[] = []
    for (let at = from; at < to; at += 1) {
      const reply = r.call('POST', '/v2/pods', { ...wish, name: `n${at}` })
      seen.push(reply.text)
      if (at % 3 === 1 && reply.json.id)
        seen.push(r.call('POST', `/v2/pods/${reply.json.id}/action`, { action: 'stop' }).text)
      r.clock.advance(47_300)
      seen.push(r.call('GET', '/v2/pods').text, r.call('GET', '/v2/catalog/gpus?include=AVAILABILITY&product=POD').text)
    }
    seen.push(JSON.stringify(r.market.bill()))
    return seen
  }

  test('and the same requests give the same answers; another seed gives others', () => {
    expect(story(rig({ wild: true }), 0, 8)).toEqual(story(rig({ wild: true }), 0, 8))
    expect(story(rig({ wild: true, seed: 8 }), 0, 8)).not.toEqual(story(rig({ wild: true }), 0, 8))
  })

  test('continues from a snapshot in the middle as if nothing had happened', () => {
    const whole = rig({ wild: true })
    story(whole, 0, 5)
    const saved = JSON.parse(JSON.stringify(whole.market.snapshot()))
    const clock = turnableClock(start)
    clock.advance(5 * 47_300)
    const restored = rig({ wild: true, clock, restored: saved })
    expect(story(restored, 5, 10)).toEqual(story(whole, 5, 10))
  })

  test('comes up as often as documented: most launches work, a few fail', () => {
    const r = rig({ wild: true })
    r.market.controls.balance({ usd: 100_000 })
    let ready = 0
    for (let at = 0; at < 100; at += 1) {
      const pod = r.call('POST', '/v2/pods', { ...wish, name: `n${at}` })
      r.clock.advance(20 * minute)
      if (pod.status !== 201) continue
      if (r.call('GET', `/v2/pods/${pod.json.id}`).json.runtime) ready += 1
      r.call('DELETE', `/v2/pods/${pod.json.id}`)
    }
    expect(ready).toBeGreaterThan(85)
    expect(ready).toBeLessThan(100)
  })
})

describe('what an account holds besides pods', () => {
  test("a foreign volume is listed, pins its pod's mount, outlives it and is in the billing", () => {
    const r = rig()
    r.market.controls.special('switch', { billingLagMs: 0 })
    const pod = created(r)
    const { thing } = r.market.controls.special('foreign-thing', {
      kind: 'volume',
      name: 'gf-abc-x-1',
      attachedTo: pod.id,
      sizeGb: 720,
    }) as { thing: string }
    expect(r.call('GET', '/v2/network-volumes').json.networkVolumes).toEqual([
      { id: thing, name: 'gf-abc-x-1', size: 720, dataCenter: pod.dataCenterId, type: 'STANDARD' },
    ])
    expect(r.market.things()).toMatchObject([{ id: thing, attachedTo: pod.id, billing: true }])
    expect(r.call('DELETE', `/v2/network-volumes/${thing}`).status).toBe(400)
    r.call('DELETE', `/v2/pods/${pod.id}`)
    expect(r.market.things()).toMatchObject([{ id: thing, attachedTo: null, billing: true }])
    r.clock.advance(hour)
    const billing = r.call('GET', '/v2/billing/network-volumes?bucketSize=hour').json
    const line = r.market.bill().lines.find((each) => each.machineId === thing)
    expect(line).toMatchObject({ thing: 'volume', ratePerHour: '70000000' })
    expect(nanosFromUsd(billing.metadata.totals.totalAmount)).toBe(BigInt(line?.amount ?? 0))
    expect(r.call('DELETE', `/v2/network-volumes/${thing}`).status).toBe(204)
    expect(r.market.things()).toEqual([])
  })

  test('a pod is interrupted while its image is still being pulled', () => {
    const r = rig()
    const pod = created(r)
    r.clock.advance(30_000)
    expect(r.call('GET', `/v2/pods/${pod.id}`).json.runtime).toBeNull()
    r.market.controls.interrupt({ machine: pod.id })
    r.clock.advance(hour)
    expect(r.call('GET', `/v2/pods/${pod.id}`).json).toMatchObject({ status: 'RUNNING', runtime: null })
    expect(r.market.machines()).toMatchObject([{ billing: false }])
    r.market.controls.special('host-back', { machine: pod.id })
    r.clock.advance(minute)
    expect(r.call('GET', `/v2/pods/${pod.id}`).json.runtime).not.toBeNull()
  })

  test('GPUs are busy while a pod runs, unless they are told otherwise', () => {
    const r = rig()
    const pod = created(r, { gpu: { id: 'NVIDIA GeForce RTX 4090', count: 2 } })
    r.clock.advance(90_000)
    const gpus = () => r.call('GET', `/v2/pods/${pod.id}`).json.runtime.gpus as { util: number }[]
    expect(gpus()).toHaveLength(2)
    for (const { util } of gpus()) expect(util).toBeGreaterThanOrEqual(70)
    r.market.controls.special('utilisation', { machine: pod.id, percent: 0 })
    expect(gpus().map(({ util }) => util)).toEqual([0, 0])
  })

  test('a short page has a next one', () => {
    const r = rig()
    for (const name of ['a', 'b', 'c']) created(r, { name })
    r.market.controls.special('page-size', { n: 2 })
    const first = r.call('GET', '/v2/pods?limit=1000').json
    expect(first.pods).toHaveLength(2)
    expect(first.pagination.hasNextPage).toBe(true)
    const rest = r.call('GET', `/v2/pods?limit=1000&cursor=${first.pagination.nextCursor}`).json
    expect(rest).toMatchObject({ pods: [{ name: 'a' }], pagination: { hasNextPage: false } })
  })
})
