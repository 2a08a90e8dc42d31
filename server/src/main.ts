/**
 * Puts the parts together; the only file that knows them all. Run as a program, it serves until it is told to stop.
 */

import { createHmac } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { FastifyInstance } from 'fastify'
import packageJson from '../package.json' with { type: 'json' }
import { type Config, ConfigError, configFrom, isLoopback } from './config/config.ts'
import { readOrMake, readOrMakeSecret } from './config/own-files.ts'
import { createBell } from './core/bell.ts'
import { createGpuCatalogue } from './core/gpus/catalogue.ts'
import { instanceIdFrom } from './core/ids.ts'
import { finalStatuses, statuses } from './core/instances/status.ts'
import { sum, usdText } from './core/money.ts'
import type { MarketInterest } from './core/offers/market-view.ts'
import { createOfferIndex } from './core/offers/offer-index.ts'
import { type ProviderName, providerNames } from './core/providers.ts'
import { Secret } from './core/secret.ts'
import { type Clock, secondMs } from './core/time.ts'
import { answerClientErrors } from './http/errors.ts'
import { createHttpServer } from './http/server.ts'
import { createLog, type Log } from './observability/log.ts'
import { createMetrics } from './observability/metrics.ts'
import { createRedactor } from './observability/redaction.ts'
import { systemClock } from './observability/system-clock.ts'
import { createOutbound } from './outbound/http-client.ts'
import { type Transport, undiciTransport } from './outbound/transport.ts'
import { lambdaDescription } from './providers/lambda/description.ts'
import { createLambdaProvider } from './providers/lambda/provider.ts'
import { novitaDescription } from './providers/novita/description.ts'
import { createNovitaProvider } from './providers/novita/provider.ts'
import { paperspaceDescription } from './providers/paperspace/description.ts'
import { createPaperspaceProvider } from './providers/paperspace/provider.ts'
import type { Provider, ProviderDescription } from './providers/provider.ts'
import type { ProviderDeps } from './providers/provider-deps.ts'
import { runpodDescription } from './providers/runpod/description.ts'
import { createRunpodProvider } from './providers/runpod/provider.ts'
import { vastDescription } from './providers/vast/description.ts'
import { createVastProvider } from './providers/vast/provider.ts'
import { createClockwork, type Task } from './reconcile/clockwork.ts'
import { createFleet } from './reconcile/fleet.ts'
import { fleetMetrics } from './reconcile/fleet-metrics.ts'
import { createProbe, type Probe } from './reconcile/probe.ts'
import { accountOf } from './reconcile/sight.ts'
import { createMarketKeeper } from './reconcile/tasks/keep-market.ts'
import { createWorker } from './reconcile/worker.ts'
import { type ChargeStore, createChargeStore } from './store/charges.ts'
import { createEventStore } from './store/events.ts'
import { createInstanceStore, type InstanceStore } from './store/instances.ts'
import { createLaunchStore, type LaunchStore } from './store/launches.ts'
import { migrate } from './store/migrate.ts'
import { createSealer } from './store/sealer.ts'
import { openSqlite } from './store/sqlite.ts'

export const version = packageJson.version

/** What a test hands in instead of the real thing. */
export interface Surroundings {
  clock?: Clock
  transport?: Transport
  probe?: Probe
  random?: (bytes: number) => Uint8Array
  log?: Log
}

export interface Application {
  http: FastifyInstance
  /**
   * Looks at everything that is due, once, and begins the tasks that are due; for tests that turn the clock themselves.
   */
  runDue(): Promise<number>
  /** Works by itself, without listening. */
  work(): void
  /** Listens and works by itself. @returns the addresses */
  start(): Promise<string[]>
  stop(): Promise<void>
}

const createProvider: Record<ProviderName, (deps: ProviderDeps, config: Config) => Provider> = {
  vast: createVastProvider,
  runpod: (deps, config) => createRunpodProvider({ ...deps, apiVersion: config.runpodApiVersion }),
  lambda: createLambdaProvider,
  paperspace: createPaperspaceProvider,
  novita: createNovitaProvider,
}

const descriptions: Record<ProviderName, ProviderDescription> = {
  vast: vastDescription,
  runpod: runpodDescription,
  lambda: lambdaDescription,
  paperspace: paperspaceDescription,
  novita: novitaDescription,
}

const refreshTickMs = 5 * secondMs
const everything: MarketInterest = {
  providers: [],
  models: [],
  markets: ['on_demand', 'spot'],
  gpuCount: null,
  minVramGb: null,
  diskGb: 10,
}

export async function assemble(config: Config, surroundings: Surroundings = {}): Promise<Application> {
  const clock = surroundings.clock ?? systemClock()
  const random = surroundings.random ?? ((bytes: number) => crypto.getRandomValues(new Uint8Array(bytes)))
  mkdirSync(config.dataDir, { recursive: true, mode: 0o700 })

  const redactor = createRedactor()
  const log =
    surroundings.log ??
    createLog({
      clock,
      redactor,
      level: config.logLevel,
      format: config.logFormat ?? (process.stdout.isTTY ? 'readable' : 'json'),
    })
  const metrics = createMetrics({ process: surroundings.clock === undefined })

  const installation =
    config.installationId ?? readOrMake(join(config.dataDir, 'installation-id'), () => shortId(random))
  const adminKey = config.controlApiKey ?? adminKeyIfNeeded(config, random, log)
  const secretsKey = config.secretsKey ?? readOrMakeSecret(join(config.dataDir, 'secrets.key'), () => random(32))
  for (const secret of [adminKey, secretsKey]) if (secret !== undefined) redactor.register(secret)

  const database = openSqlite(config.databaseFile ?? join(config.dataDir, 'gpufleet.db'))
  await migrate(database)
  const instances = createInstanceStore(database, createSealer(Buffer.from(secretsKey.reveal(), 'base64')))
  const launches = createLaunchStore(database)
  await instances.forgetClaims()
  const events = createEventStore(database)
  const charges = createChargeStore(database)

  const outbound = createOutbound({
    clock,
    transport: surroundings.transport ?? undiciTransport(),
    metrics,
    log,
    redactor,
    userAgent: `gpufleet/${version}`,
  })
  const gpus = createGpuCatalogue()
  const fingerprint = (text: string) => createHmac('sha256', secretsKey.reveal()).update(text).digest('base64url')
  const keyMarks = new Map<Provider, string>()
  const keyMarkOf = (provider: Provider) => keyMarks.get(provider) ?? ''
  const accounts = providerNames.flatMap((name) =>
    config.providers[name].accounts.map(({ account, apiKey }) => {
      redactor.register(apiKey)
      const deps = { outbound, clock, gpus, baseUrl: config.providers[name].baseUrl, apiKey, account }
      const provider = createProvider[name](deps, config)
      keyMarks.set(provider, fingerprint(`key of an account: ${apiKey.reveal()}`))
      return provider
    }),
  )
  const providers = {
    all: () => accounts,
    find: (name: ProviderName, account?: string) =>
      accounts.find((one) => one.name === name && (account === undefined || one.account === account)),
  }
  const isEnabled = (name: ProviderName) => config.providers[name].enabled

  const index = createOfferIndex()
  const penalties = new Map<string, number>()
  const market = createMarketKeeper({ providers, isEnabled, index, clock, log })
  const bell = createBell()
  const changed = createBell()
  const fleet = createFleet(clock)
  const probe = surroundings.probe ?? createProbe(outbound)
  const common = { instances, launches, events, charges, providers, gpus, index, market, penalties, clock, log, bell }
  const alarms = metrics.counter('gpufleet_alarms_total', 'Times that somebody should look, by provider.', ['provider'])
  const worker = createWorker({
    ...common,
    installation,
    isEnabled,
    fleet,
    probe,
    changed,
    keyMarkOf,
    countAlarm: (provider) => alarms.inc({ provider }),
  })
  const gauges = fleetMetrics(metrics, { instances, launches, market, index, clock })

  const http = await createHttpServer(
    {
      version,
      marketLabel: config.marketLabel,
      access: { adminKey, keyless: config.keyless },
      cors: config.enableCors,
      rateLimit: config.rateLimit,
      docs: config.enableDocs,
      metrics: config.enableMetrics,
      webDir: fileURLToPath(new URL('../../web/public', import.meta.url)),
      log,
    },
    {
      ...common,
      isEnabled,
      descriptions,
      isConfigured: (name: ProviderName) => config.providers[name].accounts.length > 0,
      fingerprint,
      newInstanceId: () => instanceIdFrom(random(16)),
      listEvents: events.list,
      newestEventId: events.newest,
      changed,
      checkStore: async () => void (await events.newest()),
      metricsText: async () => {
        await gauges.refresh()
        return { text: await metrics.text(), contentType: metrics.contentType }
      },
    },
  )

  const tasks: Task[] = [{ name: 'market', everyMs: refreshTickMs, atStart: false, run: () => market.refreshWatched() }]
  const clockwork = createClockwork(tasks, { clock, log })

  const further: Server[] = []
  function work(): void {
    worker.start()
    clockwork.start()
  }
  return {
    http,
    runDue() {
      void clockwork.runDue()
      return worker.runDue()
    },
    work,
    async start() {
      const addresses = await listenOn(http, config, further)
      work()
      // The first search should find something: sweeping a marketplace takes its rate limit seconds.
      void market.freshen(everything, { maxAgeMs: 0, waitMs: 0 })
      for (const address of addresses) log.info(`listening on ${address}`, { market: config.marketLabel ?? 'real' })
      const names = accounts.map((one) => one.name).join(', ')
      log.info(names === '' ? 'no provider key is set: see .env.example' : `providers: ${names}`)
      await warnOfMissingKeys(launches, { providers, keyMarkOf }, log)
      return addresses
    },
    async stop() {
      for (const server of further) {
        server.close()
        server.closeAllConnections()
      }
      await http.close()
      await Promise.all([worker.stop(), clockwork.stop()])
      await tellWhatRuns(instances, launches, charges, clock, log)
      await database.destroy()
    },
  }
}

/** One HTTP face on each port: clients of several contracts expect it on theirs. */
async function listenOn(http: FastifyInstance, { host, ports }: Config, further: Server[]): Promise<string[]> {
  const [first = 0, ...others] = ports
  const addresses = [await http.listen({ host, port: first })]
  for (const port of others) {
    const server = createServer({ requestTimeout: 30_000 }, http.routing)
    server.on('clientError', answerClientErrors)
    further.push(server)
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, host, resolve)
    })
    const address = server.address()
    addresses.push(`http://${host}:${typeof address === 'object' && address !== null ? address.port : port}`)
  }
  return addresses
}

/** On an address that others can reach, nobody comes in without a key: when none was set, one is made. */
function adminKeyIfNeeded(config: Config, random: (bytes: number) => Uint8Array, log: Log): Secret | undefined {
  if (isLoopback(config.host) && config.keyless === 'loopback') return undefined
  const file = join(config.dataDir, 'admin.key')
  const key = readOrMake(file, () => Buffer.from(random(24)).toString('base64url'))
  log.info(`CONTROL_API_KEY is not set: the admin key is in ${file}`)
  return new Secret(key)
}

/** Four times two bytes as letters and digits: enough to tell installations apart in a label. */
function shortId(random: (bytes: number) => Uint8Array): string {
  return Array.from(random(8), (byte) => (byte % 36).toString(36)).join('')
}

/** Machines of an account that has no key here: they may be billed, and nobody looks after them. */
async function warnOfMissingKeys(launches: Pick<LaunchStore, 'open'>, deps: Parameters<typeof accountOf>[1], log: Log) {
  const keyless = (await launches.open()).filter((launch) => accountOf(launch, deps) === undefined)
  if (keyless.length === 0) return
  const names = [...new Set(keyless.map(({ provider, account }) => `${provider} (${account})`))].join(', ')
  log.error(
    `there is no key for ${names}: set it; ${keyless.length} machines may be billed, and nobody looks after them`,
    {
      machines: keyless.map(
        ({ provider, externalId, label }) => `${provider} ${externalId ?? 'not known yet'} ${label}`,
      ),
    },
  )
}

/** The last line before we go: what still costs money, machines that are being ended included. */
async function tellWhatRuns(
  instances: Pick<InstanceStore, 'list'>,
  launches: Pick<LaunchStore, 'open'>,
  charges: Pick<ChargeStore, 'ofInstances'>,
  clock: Clock,
  log: Log,
): Promise<void> {
  const open = await launches.open()
  if (open.length === 0) return
  const known = await charges.ofInstances([...new Set(open.map((launch) => launch.instanceId))])
  const running = known.filter((charge) => charge.endedBefore === null)
  const perHour = sum(running.map((charge) => charge.ratePerHour))
  const active = await instances.list({
    statuses: statuses.filter((status) => !finalStatuses.has(status)),
    limit: 1_000,
  })
  log.warn(`${open.length} machines go on without us, at $${usdText(perHour, 4)} per hour`, {
    machines: open.map(({ provider, externalId, label }) => `${provider} ${externalId ?? 'not known yet'} ${label}`),
    instances: active.map(({ id, status }) => `${id} ${status}`),
    at: clock.now(),
  })
}

async function main(): Promise<void> {
  try {
    const application = await assemble(configFrom(process.env))
    const stop = async () => {
      await application.stop()
      process.exit(0)
    }
    process.once('SIGINT', stop)
    process.once('SIGTERM', stop)
    await application.start()
  } catch (error) {
    if (error instanceof ConfigError) {
      console.error(`gpufleet: ${error.message}\nSee .env.example for every setting.`)
      process.exit(2)
    }
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') {
      console.error(`gpufleet: ${(error as Error).message}. Another program has this port; set PORT to a free one.`)
      process.exit(1)
    }
    throw error
  }
}

if (import.meta.main) await main()
