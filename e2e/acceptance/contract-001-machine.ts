/** A machine that somebody rented at Vast.ai by hand, and a product that is told of it by VAST_INSTANCE_ID. */

import { virtualClock } from '../../server/src/testing/virtual-clock.ts'
import { clockFrom } from '../../simulators/kit/clock.ts'
import { controlled, type Simulator } from '../../simulators/kit/controlled.ts'
import { createVast } from '../../simulators/vast/vast.ts'
import { type Reply, transportTo } from '../world.ts'
import { expectThat, type Lab, type LabWorld } from './lab.ts'

export const controlKey = 'control-key-of-these-checks'
export const minute = 60_000
export const hour = 60 * minute
const seed = 7

/** What the simulated marketplace shows of the machine. */
export interface Shown {
  public_ipaddr: string
  ports: Record<string, { HostPort: string }[]> | null
  dph_total: number
  gpu_name: string
  actual_status: string | null
  intended_status: string
}

export interface Bench {
  world: LabWorld
  /** The number of the machine. */
  id: number
  /** What the machine answers to health checks, and what it was asked. */
  health: { status: () => number; asked: string[] }
  /** Lets time pass until the answer is there. */
  call(method: 'GET' | 'POST', path: string, body?: unknown, headers?: Record<string, string>): Promise<Reply>
  /** Lets hours pass, with a look every half minute. */
  hours(count: number): Promise<void>
  /** What the marketplace shows now. */
  shown(): Shown
  /** Calls of the product that change the machine: `PUT {"state":"stopped"}`. */
  orders(): string[]
  audit(): Promise<AuditEntry[]>
  /** Until `/status` says so. */
  untilWord(word: string, withinMs: number): Promise<Reply['body']>
}

export interface AuditEntry {
  ts: string
  event: string
  actor: string
  meta: Record<string, unknown>
}

export interface BenchOptions {
  settings?: Record<string, string>
  /** How long the machine takes to come up after it was rented. Default: a second. */
  loadingMs?: number
  /** Without, the machine is rented but not awaited. Default true. */
  awaited?: boolean
}

export async function bench(lab: Lab, { settings = {}, loadingMs = 1_000, awaited = true }: BenchOptions = {}) {
  const id = rentByHand(throwaway(), loadingMs)
  const health: Bench['health'] = { status: () => 200, asked: [] }
  const changed: string[] = []
  let inner: ReturnType<typeof transportTo> | undefined
  const world = await lab.world({
    providers: ['vast'],
    seed,
    settings: { VAST_INSTANCE_ID: String(id), CONTROL_API_KEY: controlKey, ...settings },
    surroundings: {
      // The real probe, on a network that is played.
      probe: undefined as never,
      async transport(request) {
        if (inner === undefined) throw new Error('nothing is sent before the start')
        const { hostname, pathname } = new URL(request.url)
        if (hostname.endsWith('.simulated')) {
          if (request.method !== 'GET' && pathname.includes(`/instances/${id}`)) {
            changed.push(`${request.method} ${request.body ?? ''}`)
          }
          return inner(request)
        }
        health.asked.push(request.url)
        return { status: health.status(), headers: {}, body: '' }
      },
    },
  })
  inner = transportTo(world.simulators, world.clock)
  expectThat(rentByHand(world.simulators.vast, loadingMs) === id, 'the machine has another number than was foretold')

  const one: Bench = {
    world,
    id,
    health,
    call: (method, path, body, headers = { 'x-api-key': controlKey }) => called(world, method, path, body, headers),
    async hours(count) {
      for (let left = count * 120; left > 0; left -= 1) {
        await world.clock.drive(world.application.runDue())
        await world.clock.advance(minute / 2)
      }
      await world.pass(1_000)
    },
    shown: () => shownBy(world.simulators.vast, id),
    orders: () => [...changed],
    audit: async () => (await one.call('GET', '/infra/vast/audit?limit=1000')).body,
    untilWord: (word, withinMs) =>
      world.until(async () => {
        const { body } = await one.call('GET', '/infra/vast/status')
        return body.status === word && body
      }, withinMs),
  }
  if (awaited) {
    await one.untilWord('running', 5 * minute)
    // Taken over, and seen up.
    await world.until(async () => {
      const { body } = await one.call('GET', '/infra/vast/status')
      return body.auto_shutdown_in_minutes !== null || settings.VAST_AUTO_SHUTDOWN === 'false'
    }, 5 * minute)
  }
  return one
}

/** A call that may wait for the worker: time passes in seconds, with it at work. */
async function called(
  world: LabWorld,
  method: 'GET' | 'POST',
  path: string,
  body: unknown,
  headers: Record<string, string>,
): Promise<Reply> {
  let answer: Reply | undefined
  let failed: unknown
  const asked = world.application.http.inject({
    method,
    url: path,
    headers: { host: '127.0.0.1', ...headers },
    ...(body !== undefined && { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  asked.then(
    (reply) => {
      answer = { status: reply.statusCode, headers: reply.headers, body: reply.json() }
    },
    (error: unknown) => {
      failed = error
    },
  )
  // Most answers take no time at all.
  await world.clock.advance(0)
  await world.until(async () => answer !== undefined || failed !== undefined, hour)
  if (answer === undefined) throw failed
  return answer
}

/** The same market in the same state gives the same numbers. */
function throwaway(): Simulator {
  const clock = clockFrom(virtualClock().now)
  return controlled(createVast({ clock, seed }), clock)
}

/** @returns the number of the machine */
export function rentByHand(simulator: Simulator, loadingMs: number, apiKey = 'sim-vast'): number {
  const send = (method: string, path: string, body: unknown) => {
    const reply = simulator.handle({
      method,
      path,
      query: new URLSearchParams(),
      headers: { authorization: `Bearer ${apiKey}` },
      body: JSON.stringify(body),
    })
    expectThat(reply.status === 200, `${method} ${path}: ${reply.body}`)
    return JSON.parse(reply.body)
  }
  send('POST', '/_control/special/calm', {})
  // These checks look, too, between the product's looks.
  send('POST', '/_control/special/rate-limits', { value: false })
  send('POST', '/_control/pace', { loadingMs, startingMs: 20_000, stoppingMs: 5_000 })
  const { offers } = send('POST', '/api/v0/bundles/', {
    type: 'ondemand',
    gpu_name: { eq: 'RTX 3090' },
    direct_port_count: { gte: 4 },
    rentable: { eq: true },
    limit: 5,
  })
  expectThat(offers.length > 0, 'no RTX 3090 is on sale')
  const { new_contract } = send('PUT', `/api/v0/asks/${offers[0].id}/`, {
    image: 'vllm/vllm-openai:latest',
    disk: 150,
    runtype: 'ssh_direct',
    env: { '-p 8000:8000': '1', '-p 8001:8001': '1' },
    label: 'made by hand',
  })
  return new_contract
}

function shownBy(simulator: Simulator, id: number): Shown {
  const reply = simulator.handle({
    method: 'GET',
    path: `/api/v0/instances/${id}/`,
    query: new URLSearchParams(),
    headers: { authorization: 'Bearer sim-vast' },
    body: '',
  })
  return JSON.parse(reply.body).instances
}
