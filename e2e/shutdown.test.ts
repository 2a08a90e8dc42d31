/** Coming and going of the real process, in real time. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { seededRandom } from '../simulators/kit/random.ts'
import { ask, launchReady, sleep, until } from './kill/ask.ts'
import { listeningMarkets, type Markets } from './kit/markets.ts'
import { type ServerProcess, startServer } from './kit/server-process.ts'

// So many starts in a minute use a marketplace's rate limit up, and then wait for it, in real time.
vi.setConfig({ testTimeout: 400_000, hookTimeout: 120_000 })

/** One installation and one machine for all: a server that has just begun reads the market first, which takes its time. */
let dataDir: string
let markets: Markets
let id: string
let servers: ServerProcess[] = []

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'gpufleet-shutdown-'))
  markets = await listeningMarkets({ providers: ['runpod'], seed: 7, random: seededRandom(7), speed: 1 })
  markets.order('runpod', 'pace', { loadingMs: 500 })
  const server = start()
  id = await launchReady(await server.url, wish)
  server.signal('SIGTERM')
  await server.exited
}, 120_000)
afterEach(async () => {
  markets.simulators.runpod.faults.clear()
  for (const server of servers) {
    server.signal('SIGKILL')
    await server.exited
  }
  servers = []
})
afterAll(async () => {
  await markets.close()
  rmSync(dataDir, { recursive: true, force: true })
})

function start(settings: Record<string, string> = {}): ServerProcess {
  const server = startServer({ ...markets.settings, DATA_DIR: dataDir, SHUTDOWN_SECONDS: '20', ...settings })
  servers.push(server)
  return server
}

const wish = { provider: 'runpod', gpu_model: 'RTX 4090', image: 'ubuntu:24.04', max_price_per_hour_usd: '1' }

/** Answered so much later than asked for. */
const late = (delayMs: number, method?: string) => markets.order('runpod', 'faults', { kind: 'late', delayMs, method })
const isAsked = (method: string) => markets.simulators.runpod.requests.some((one) => one.method === method)
const billing = () => markets.ours().filter((machine) => machine.billing)

describe('SIGTERM', () => {
  test('a marketplace that hangs holds it up until SHUTDOWN_SECONDS and no longer; it exits 0', async () => {
    const server = start({ SHUTDOWN_SECONDS: '2' })
    await server.url
    late(120_000)
    const seen = markets.simulators.runpod.requests.length
    await until(async () => markets.simulators.runpod.requests.length > seen)
    const toldAt = Date.now()
    server.signal('SIGTERM')
    const { code, signal } = await server.exited
    expect([code, signal]).toEqual([0, null])
    expect(Date.now() - toldAt).toBeGreaterThan(1_500)
    expect(Date.now() - toldAt).toBeLessThan(6_000)
    expect(server.output()).toMatch(/did not end in time/)
    expect(server.output()).toMatch(/1 machine goes on without us/)
  })

  test('said again, and SIGINT and SIGHUP on top, change nothing', async () => {
    const server = start()
    const url = await server.url
    await until(async () => (await ask(url, 'GET', `/api/v1/instances/${id}`)).body.data.status === 'ready', 60_000)
    markets.simulators.runpod.requests.length = 0
    late(2_000, 'POST')
    const slow = ask(url, 'POST', `/api/v1/instances/${id}/restart`)
    await until(async () => isAsked('POST'), 150_000)
    for (const signal of ['SIGTERM', 'SIGTERM', 'SIGINT', 'SIGINT', 'SIGHUP', 'SIGTERM'] as const) {
      server.signal(signal)
      await sleep(100)
    }
    expect((await slow).status).toBe(200)
    expect(await server.exited).toMatchObject({ code: 0, signal: null })
  })

  test('while it has just begun to listen', async () => {
    const server = start()
    await server.url
    server.signal('SIGTERM')
    expect(await server.exited).toMatchObject({ code: 0, signal: null })
  })
})

test('SIGHUP reads the settings again', async () => {
  const envFile = join(dataDir, 'settings.env')
  writeFileSync(envFile, '')
  const server = start({ ENV_FILE: envFile })
  const url = await server.url
  const lambda = async () => {
    const { body } = await ask(url, 'GET', '/api/v1/providers')
    return body.data.find(({ name }: { name: string }) => name === 'lambda_labs').is_configured
  }
  expect(await lambda()).toBe(false)
  writeFileSync(envFile, 'LAMBDA_API_KEY=a-key-of-lambda\nLAMBDA_API_BASE_URL=http://127.0.0.1:9\n')
  server.signal('SIGHUP')
  await server.line(/settings reloaded; changed: .*LAMBDA_API_KEY/)
  expect(await lambda()).toBe(true)
  expect(server.output()).not.toContain('a-key-of-lambda')
})

describe('DATA_DIR', () => {
  test('a second server on the same one is refused, and the first goes on', async () => {
    const first = start()
    const url = await first.url
    const second = start()
    expect((await second.exited).code).toBe(2)
    expect(second.output()).toMatch(/gpufleet.db is in use by another gpufleet: stop it, or set DATA_DIR/)
    expect((await ask(url, 'GET', '/api/v1/instances')).status).toBe(200)
  })

  test('after SIGKILL it is free at once', async () => {
    const first = start()
    await first.url
    first.signal('SIGKILL')
    await first.exited
    expect(await start().url).toMatch(/^http/)
  })
})

// The last one: it ends the machine.
test('SIGTERM under load: what was asked is answered, nobody new gets in, what still runs is said, and the next process acts at once', async () => {
  const server = start()
  const url = await server.url

  await until(async () => (await ask(url, 'GET', `/api/v1/instances/${id}`)).body.data.status === 'ready', 60_000)
  markets.simulators.runpod.requests.length = 0
  late(2_500, 'POST')
  const slow = ask(url, 'POST', `/api/v1/instances/${id}/restart`)
  const others = Array.from({ length: 50 }, () => ask(url, 'GET', '/api/v1/instances'))
  await until(async () => isAsked('POST'), 150_000)
  server.signal('SIGTERM')
  await server.line(/told to stop/)
  await until(() =>
    fetch(`${url}/healthz`).then(
      () => false,
      () => true,
    ),
  )
  expect((await Promise.all(others)).map(({ status }) => status)).toEqual(Array(50).fill(200))
  expect((await slow).status).toBe(200)

  const { code, signal } = await server.exited
  expect([code, signal]).toEqual([0, null])
  expect(server.output()).toMatch(/1 machine goes on without us, at \$0\.\d+ per hour/)
  const database = new DatabaseSync(join(dataDir, 'gpufleet.db'), { readOnly: true })
  const claimed = database.prepare('select id from instances where claimed_until > 0').all()
  database.close()
  expect(claimed).toEqual([])

  markets.simulators.runpod.faults.clear()
  const next = start()
  expect((await ask(await next.url, 'DELETE', `/api/v1/instances/${id}`)).status).toBe(200)
  await until(async () => billing().length === 0, 60_000)
})
