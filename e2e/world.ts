/**
 * The whole product against the five simulators, in one process and on one clock that only moves when told to: real
 * store, real clients, real HTTP face, no real time.
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { configFrom } from '../server/src/config/config.ts'
import { type ProviderName, providerNames } from '../server/src/core/providers.ts'
import { type Application, assemble, type Surroundings } from '../server/src/main.ts'
import { collectingLog } from '../server/src/observability/collecting-log.ts'
import { type Transport, TransportError } from '../server/src/outbound/transport.ts'
import { type VirtualClock, virtualClock } from '../server/src/testing/virtual-clock.ts'
import type { Bill } from '../simulators/kit/bill.ts'
import { clockFrom } from '../simulators/kit/clock.ts'
import { controlled, type Simulator } from '../simulators/kit/controlled.ts'
import type { SimulatorOptions } from '../simulators/kit/simulator.ts'
import { createLambda } from '../simulators/lambda/lambda.ts'
import { createNovita } from '../simulators/novita/novita.ts'
import { createPaperspace } from '../simulators/paperspace/paperspace.ts'
import { createRunpod } from '../simulators/runpod/runpod.ts'
import { createVast } from '../simulators/vast/vast.ts'

export interface World {
  /** What it was started with. */
  settings: Readonly<Record<string, string>>
  application: Application
  clock: VirtualClock
  simulators: Record<ProviderName, Simulator>
  log: ReturnType<typeof collectingLog>
  /** One call of the HTTP face. */
  call(
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Reply>
  /** Orders a control of a simulator. */
  order(provider: ProviderName, control: string, body?: unknown): unknown
  bill(provider: ProviderName): Bill
  /** Lets time pass in steps of a second, with the worker at work. */
  pass(ms: number): Promise<void>
  /** Lets time pass until the condition holds. @throws after `withinMs` */
  until<T>(condition: () => Promise<T | undefined | false>, withinMs: number): Promise<T>
  instance(id: string): Promise<InstanceView>
  untilStatus(id: string, status: string, withinMs: number): Promise<InstanceView>
  close(): Promise<void>
}

export interface Reply {
  status: number
  headers: Record<string, unknown>
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into answers of every shape
  body: any
}

// biome-ignore lint/suspicious/noExplicitAny: the SDK's types are tested elsewhere
export type InstanceView = any

export interface WorldOptions {
  /** The marketplaces that have a key. Default: all. */
  providers?: readonly ProviderName[]
  seed?: number
  settings?: Record<string, string>
  surroundings?: Surroundings
  /** An earlier world to go on with: its data, its simulators and its clock. */
  after?: World & { dataDir: string }
}

const create: Record<ProviderName, (options: SimulatorOptions) => ReturnType<typeof createVast>> = {
  vast: createVast,
  runpod: createRunpod,
  lambda: createLambda,
  paperspace: createPaperspace,
  novita: createNovita,
}

export async function aWorld(options: WorldOptions = {}): Promise<World & { dataDir: string }> {
  const { providers = providerNames, seed = Number(process.env.E2E_SEED ?? 7) } = options
  const clock = options.after?.clock ?? virtualClock()
  const simClock = clockFrom(clock.now)
  const simulators =
    options.after?.simulators ??
    (Object.fromEntries(
      providerNames.map((name) => [name, controlled(create[name]({ clock: simClock, seed }), simClock)]),
    ) as Record<ProviderName, Simulator>)
  const dataDir = options.after?.dataDir ?? mkdtempSync(join(tmpdir(), 'gpufleet-'))
  const log = collectingLog()
  const settings: Record<string, string> = {
    DATA_DIR: dataDir,
    RATE_LIMIT_ENABLED: 'false',
    INSTALLATION_ID: 'testfleet',
    ...Object.fromEntries(
      providers.flatMap((name) => [
        [`${name.toUpperCase()}_API_KEY`, `sim-${name}`],
        [`${name.toUpperCase()}_API_BASE_URL`, `http://${name}.simulated`],
      ]),
    ),
    ...options.settings,
  }
  const application = await assemble(configFrom(settings), {
    clock,
    log,
    transport: transportTo(simulators, clock),
    probe: async () => 'passing',
    ...options.surroundings,
  })

  const call: World['call'] = async (method, path, body, headers = {}) => {
    const reply = await clock.drive(
      application.http.inject({
        method,
        url: path,
        headers: { host: '127.0.0.1', ...headers },
        ...(body !== undefined && { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
      }),
    )
    const isJson = String(reply.headers['content-type'] ?? '').includes('json')
    return { status: reply.statusCode, headers: reply.headers, body: isJson ? reply.json() : reply.body }
  }
  const pass: World['pass'] = async (ms) => {
    for (const end = clock.now() + ms; clock.now() < end; ) {
      await clock.drive(application.runDue())
      await clock.advance(Math.min(1_000, Math.max(0, end - clock.now())))
    }
  }
  const until: World['until'] = async (condition, withinMs) => {
    for (const end = clock.now() + withinMs; ; ) {
      const found = await condition()
      if (found) return found
      if (clock.now() >= end) throw new Error(`it did not happen within ${withinMs / 1000} s of simulated time`)
      await pass(1_000)
    }
  }
  const instance: World['instance'] = async (id) => (await call('GET', `/api/v1/instances/${id}`)).body.data

  return {
    settings,
    application,
    clock,
    simulators,
    log,
    dataDir,
    call,
    pass,
    until,
    instance,
    order(provider, control, body = {}) {
      const reply = simulators[provider].handle({
        method: 'POST',
        path: `/_control/${control}`,
        query: new URLSearchParams(),
        headers: {},
        body: JSON.stringify(body),
      })
      if (reply.status !== 200) throw new Error(`${provider} ${control}: ${reply.body}`)
      return JSON.parse(reply.body)
    },
    bill: (provider) => simulators[provider].marketplace.bill(),
    async untilStatus(id, status, withinMs) {
      try {
        return await until(async () => {
          const one = await instance(id)
          return one.status === status && one
        }, withinMs)
      } catch (error) {
        const events = (await call('GET', `/api/v1/instances/${id}/events`)).body.data
        const told = events
          .map((event: { kind: string; message: string }) => `${event.kind}: ${event.message}`)
          .join('\n  ')
        throw new Error(`${id} did not become ${status}\n  ${told}`, { cause: error })
      }
    },
    async close() {
      await clock.drive(application.stop())
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

/** Hands requests to the simulators without a network. What they answer late times out on the clock. */
export function transportTo(simulators: Record<ProviderName, Simulator>, clock: VirtualClock): Transport {
  return async ({ method, url, headers, body, signal }) => {
    const { hostname, pathname, searchParams } = new URL(url)
    const simulator = simulators[hostname.replace(/\.simulated$/, '') as ProviderName]
    if (simulator === undefined) throw new TransportError('not_sent', `no such host: ${hostname}`)
    // Not a turn of the event loop: a chain of calls must not look like waiting to the clock.
    await Promise.resolve()
    const reply = simulator.handle({
      method,
      path: pathname,
      query: searchParams,
      headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
      body: body ?? '',
    })
    if (reply.delayMs) await clock.sleep(reply.delayMs, signal)
    if (reply.dropped) throw new TransportError('network', 'the connection broke')
    return { status: reply.status, headers: reply.headers, body: reply.body }
  }
}
