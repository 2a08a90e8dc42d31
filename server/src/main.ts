/**
 * Puts the parts together; the only file that knows them all. Run as a program, it serves until it is told to stop.
 */

import { createHmac } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { FastifyInstance } from 'fastify'
import packageJson from '../package.json' with { type: 'json' }
import { adoptionOf } from './app/adopt-named-machine.ts'
import { terminateInstance } from './app/instances.ts'
import { forgetNovitaRequests } from './app/novita-instances.ts'
import { forgetAnswers } from './app/once.ts'
import { takeOverFiles } from './app/templates.ts'
import { endAutoDestroyed, forgetRefusals } from './app/vast-auto-destroy.ts'
import { type AskVllm, createAskVllm } from './app/vast-vllm-health.ts'
import { lockDatabase } from './assembly/database-lock.ts'
import { tellWhatRuns, warnOfMissingKeys, warnOfProxies } from './assembly/greetings.ts'
import { infraVastTasks } from './assembly/infra-vast.ts'
import { listening } from './assembly/listening.ts'
import { openMarketplaces } from './assembly/marketplaces.ts'
import { createNovitaCaches } from './assembly/novita-caches.ts'
import { createReload, type ReloadReport } from './assembly/reload.ts'
import { createSavingWork } from './assembly/saving-work.ts'
import { databaseOf, openStores } from './assembly/stores.ts'
import { watchFiles } from './assembly/watch-files.ts'
import { type Config, ConfigError, configFrom, isLoopback } from './config/config.ts'
import { environmentWithFile } from './config/environment.ts'
import { readOrMake, readOrMakeSecret } from './config/own-files.ts'
import { secretsKeyFrom } from './config/secrets-key.ts'
import { templatesFrom } from './config/templates-dir.ts'
import { createBell } from './core/bell.ts'
import { instanceIdFrom } from './core/ids.ts'
import type { MarketInterest } from './core/offers/market-view.ts'
import { createOfferIndex } from './core/offers/offer-index.ts'
import type { ProviderName } from './core/providers.ts'
import { Secret } from './core/secret.ts'
import type { Template } from './core/templates/template.ts'
import { type Clock, hourMs, secondMs } from './core/time.ts'
import { createHttpServer } from './http/server.ts'
import { createLog, type Log } from './observability/log.ts'
import { createMetrics } from './observability/metrics.ts'
import { processFigures } from './observability/process-figures.ts'
import { createRedactor } from './observability/redaction.ts'
import { systemClock } from './observability/system-clock.ts'
import type { MachineShell } from './outbound/machine-shell.ts'
import { type Transport, undiciTransport } from './outbound/transport.ts'
import { createWebhookSender } from './outbound/webhook-sender.ts'
import { lambdaDescription } from './providers/lambda/description.ts'
import { novitaDescription } from './providers/novita/description.ts'
import { paperspaceDescription } from './providers/paperspace/description.ts'
import type { ProviderDescription } from './providers/provider.ts'
import { runpodDescription } from './providers/runpod/description.ts'
import { vastDescription } from './providers/vast/description.ts'
import { createBudgetBook } from './reconcile/budget-book.ts'
import { policyMetrics } from './reconcile/budget-metrics.ts'
import { createClockwork, type Task } from './reconcile/clockwork.ts'
import { createFleet } from './reconcile/fleet.ts'
import { fleetMetrics } from './reconcile/fleet-metrics.ts'
import { createProbe, type Probe } from './reconcile/probe.ts'
import { createReviver } from './reconcile/restored.ts'
import { accountOf } from './reconcile/sight.ts'
import { createWebhookDeliverer } from './reconcile/tasks/deliver-webhooks.ts'
import { createMarketKeeper } from './reconcile/tasks/keep-market.ts'
import { createOperationsKeeper } from './reconcile/tasks/keep-operations.ts'
import { createNovitaNotifier } from './reconcile/tasks/notify-novita-webhooks.ts'
import { pruneWebhooks } from './reconcile/tasks/prune-webhooks.ts'
import { readBills } from './reconcile/tasks/read-bills.ts'
import { marketHistoryTasks } from './reconcile/tasks/record-market.ts'
import { createSweeper, sweepEveryMs } from './reconcile/tasks/sweep.ts'
import { sweepMetrics } from './reconcile/tasks/sweep-metrics.ts'
import { watchBudgets } from './reconcile/tasks/watch-budgets.ts'
import { webhookMetrics } from './reconcile/webhook-metrics.ts'
import { createWorker } from './reconcile/worker.ts'
import { heartbeatMs } from './store/installation.ts'
import type { openSqlite } from './store/sqlite.ts'

export const version = packageJson.version

/** What a test hands in instead of the real thing. */
export interface Surroundings {
  clock?: Clock
  transport?: Transport
  probe?: Probe
  /** Plays the vLLM servers that a caller asks about. */
  askVllm?: AskVllm
  /** Plays the machines' shells. */
  shell?: MachineShell
  random?: (bytes: number) => Uint8Array
  log?: Log
  openDatabase?: typeof openSqlite
  /** Reads the settings again, for a reload. Without it a reload finds nothing new. */
  readConfig?: () => Config
  createHttp?: typeof createHttpServer
}

export interface Application {
  http: FastifyInstance
  /**
   * Looks at everything that is due, once, and begins the tasks that are due; for tests that turn the clock themselves.
   */
  runDue(): Promise<number>
  /** Works by itself, without listening. */
  work(): void
  /** Takes over keys, flags and the catalogue as they are set now. @throws when the settings are wrong */
  reload(actor: string): Promise<ReloadReport>
  /** Listens and works by itself. @returns the addresses */
  start(): Promise<string[]>
  /** Says what still costs money. */
  tellWhatRuns(): Promise<void>
  stop(): Promise<void>
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

  const adminKey = config.controlApiKey ?? adminKeyIfNeeded(config, random, log)
  const secretsKey = secretsKeyFrom(config) ?? readOrMakeSecret(join(config.dataDir, 'secrets.key'), () => random(32))
  for (const secret of [adminKey, secretsKey]) if (secret !== undefined) redactor.register(secret)

  const stores = await openStores(config, { secretsKey, random, now: clock.now(), open: surroundings.openDatabase })
  const { installation, instances, launches, events, charges, answers, budgets, bills, webhooks, operations } = stores
  const operationLog = createOperationsKeeper({ operations, clock, metrics, keepDays: config.operationsKeepDays })
  const index = createOfferIndex()
  const marketplaces = await openMarketplaces(config, {
    stores,
    clock,
    index,
    transport: surroundings.transport ?? undiciTransport(),
    metrics,
    log,
    redactor,
    secretsKey,
    version,
    onOperation: operationLog.record,
  })
  const { outbound, gpus, gpuLayers, health, accounts, inForce } = marketplaces
  const { isEnabled, isConfigured, keyMarkOf } = accounts
  const providers = accounts
  const fingerprint = (text: string) => createHmac('sha256', secretsKey.reveal()).update(text).digest('base64url')

  const sendWebhook = createWebhookSender({ outbound, clock, allowPrivate: config.webhookAllowPrivate })
  const deliverer = createWebhookDeliverer({ webhooks, send: sendWebhook, clock, random, log, metrics })
  const outboxGauges = webhookMetrics(metrics, { webhooks, clock })

  const penalties = new Map<string, number>()
  const market = createMarketKeeper({
    providers,
    isEnabled,
    noticeOf: health.warningAbout,
    index,
    clock,
    log,
    chance: () => (random(1)[0] ?? 0) / 255,
  })
  const bell = createBell()
  const changed = createBell()
  const fleet = createFleet(clock)
  const probe = surroundings.probe ?? createProbe(outbound)
  const common = {
    instances,
    launches,
    events,
    charges,
    activity: stores.activity,
    budgets,
    bills,
    providers,
    gpus,
    index,
    market,
    penalties,
    clock,
    log,
    bell,
  }
  const novitaCaches = createNovitaCaches(config.novitaFace, changed)
  const alarms = metrics.counter('gpufleet_alarms_total', 'Times that somebody should look, by provider.', ['provider'])
  const book = createBudgetBook({ budgets, clock })
  const policies = policyMetrics(metrics, { book })
  const savingWork = createSavingWork(config, {
    ...common,
    fingerprint,
    apiOriginOf: inForce.baseUrlOf,
    shell: surroundings.shell,
    metrics,
    redactor,
  })
  const { findings, strays } = stores
  const revived = createReviver({ restoredAt: stores.restoredAt, findings, providers })
  const worker = createWorker({
    revived,
    ...common,
    ...savingWork.forWorker,
    book,
    countStop: policies.countStop,
    installation,
    isEnabled,
    fleet,
    probe,
    changed,
    keyMarkOf,
    countAlarm: (provider) => alarms.inc({ provider }),
  })
  const sweeper = createSweeper({
    ...common,
    findings,
    strays,
    fleet,
    keyMarkOf,
    installation,
    unknownMachines: config.unknownMachines,
    vastInstanceId: config.vastInstanceId,
    changed,
    countAlarm: (provider) => alarms.inc({ provider }),
  })
  const novitaNotifier = createNovitaNotifier({
    ...common,
    requests: stores.novitaRequests,
    endInstance: (id) =>
      terminateInstance(id, { actor: 'INSTANCE_STARTUP_TIMEOUT', project: null }, { ...common, providers }),
    send: sendWebhook,
    secret: () => config.webhookSecret?.reveal(),
  })
  const sweepGauges = sweepMetrics(metrics, { findings, clock })
  const newInstanceId = () => instanceIdFrom(random(16))
  const infraVast = { machineId: config.vastInstanceId, ...config.infraVast }
  const adopting = { ...common, findings, strays, keyMarkOf, installation, newInstanceId }
  const useTemplates = (files: readonly Template[]) => takeOverFiles(files, { templates: stores.templates, clock })
  await useTemplates(config.templatesDir === undefined ? [] : templatesFrom(config.templatesDir))
  const reload = createReload(config, {
    read: surroundings.readConfig ?? (() => config),
    use: inForce.use,
    useTemplates,
    gpuLayers,
    record: (event) => events.record([event]),
    clock,
    log,
  })
  const gauges = fleetMetrics(metrics, { instances, launches, market, index, clock })

  const http = await (surroundings.createHttp ?? createHttpServer)(
    {
      version,
      marketLabel: config.marketLabel,
      access: { adminKey, keyless: config.keyless, keylessFrom: config.keylessFrom },
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
      gpuLayers,
      gpuModels: stores.gpuModels,
      marketHistory: stores.marketHistory,
      descriptions,
      isConfigured,
      healthOf: health.of,
      breakerOf: marketplaces.breakerOf,
      switchProvider: marketplaces.switchProvider,
      reload,
      ...adopting,
      sweep: () => sweeper.run(),
      infraVast,
      infraVastState: stores.infraVastState,
      probe,
      signLabel: savingWork.signLabel,
      publicUrl: config.publicUrl,
      accountOf: (launch) => accountOf(launch, { providers, keyMarkOf }),
      fingerprint,
      answers,
      keys: stores.keys,
      random,
      launches,
      templates: stores.templates,
      novitaRequests: stores.novitaRequests,
      providerKeys: stores.providerKeys,
      useProviderKeys: inForce.refresh,
      environmentAccounts: inForce.environmentAccounts,
      listEvents: events.list,
      newestEventId: events.newest,
      changed,
      operations,
      checkChain: stores.checkChain,
      checkCharges: stores.checkCharges,
      webhooks,
      sendWebhook,
      webhooksMayStayInside: config.webhookAllowPrivate,
      novita: config.novitaFace,
      ...novitaCaches,
      processFigures,
      version,
      vast: stores.vast,
      askVllm: surroundings.askVllm ?? createAskVllm(outbound),
      checkStore: async () => void (await events.newest()),
      metricsText: async () => {
        await Promise.all([gauges.refresh(), sweepGauges.refresh(), outboxGauges.refresh(), policies.refresh()])
        return { text: await metrics.text(), contentType: metrics.contentType }
      },
    },
  )

  const tasks: Task[] = [
    { name: 'heartbeat', everyMs: heartbeatMs, atStart: false, run: () => stores.beat(clock.now()) },
    watchBudgets({ budgets, book, clock }),
    readBills({ bills, providers, clock, log, metrics, countAlarm: (provider) => alarms.inc({ provider }) }),
    { name: 'old answers', everyMs: hourMs, atStart: true, run: () => forgetAnswers({ answers, clock }) },
    ...marketHistoryTasks({ ...common, history: stores.marketHistory, watched: config.marketWatch, isEnabled }),
    {
      name: 'auto destroy',
      everyMs: 5 * secondMs,
      atStart: true,
      run: () => endAutoDestroyed({ ...common, vast: stores.vast }),
    },
    { name: 'old refusals', everyMs: hourMs, atStart: true, run: () => forgetRefusals({ vast: stores.vast, clock }) },
    { name: 'market', everyMs: refreshTickMs, atStart: false, run: () => market.refreshWatched() },
    { name: 'sweep', everyMs: sweepEveryMs, atStart: true, run: () => sweeper.run() },
    ...(config.vastInstanceId === undefined ? [] : [namedMachine(config.vastInstanceId, adopting)]),
    ...infraVastTasks(config, { ...adopting, infraVast, infraVastState: stores.infraVastState, probe }),
    { name: 'operations', everyMs: secondMs, atStart: false, run: operationLog.flush },
    { name: 'old operations', everyMs: hourMs, atStart: true, run: operationLog.prune },
    { name: 'webhooks', everyMs: secondMs, atStart: true, run: deliverer.begin },
    { name: 'creations', everyMs: secondMs, atStart: false, run: novitaNotifier.run },
    {
      name: 'old creations',
      everyMs: hourMs,
      atStart: true,
      run: () => forgetNovitaRequests({ novitaRequests: stores.novitaRequests, clock }),
    },
    { name: 'old webhooks', everyMs: hourMs, atStart: true, run: () => pruneWebhooks({ webhooks, clock }) },
    { name: 'provider health', everyMs: 5 * secondMs, atStart: false, run: () => health.flush() },
  ]
  const clockwork = createClockwork(tasks, { clock, log })

  const face = listening(http, config, clock)
  const farewell = () => tellWhatRuns({ instances, launches, charges, clock, log })
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
    reload,
    async start() {
      const addresses = await face.begin()
      work()
      // The first search should find something: sweeping a marketplace takes its rate limit seconds.
      void market.freshen(everything, { maxAgeMs: 0, waitMs: 0 })
      for (const address of addresses) log.info(`listening on ${address}`, { market: config.marketLabel ?? 'real' })
      const names = accounts
        .all()
        .map((one) => one.name)
        .join(', ')
      if (config.publicUrl !== undefined && config.keyless === 'loopback') warnOfProxies(log)
      log.info(names === '' ? 'no provider key is set: see .env.example' : `providers: ${names}`)
      await warnOfMissingKeys(launches, { providers, keyMarkOf }, log)
      return addresses
    },
    tellWhatRuns: farewell,
    async stop() {
      log.info('told to stop: what is under way is finished first')
      await face.end()
      await Promise.all([worker.stop(), clockwork.stop(), deliverer.stop(), novitaNotifier.stop()])
      await savingWork.forWorker.checkpoints.stop()
      await operationLog.flush().catch((error: unknown) => log.error('operations not written down', { error }))
      await health.flush()
      await farewell()
      await stores.database.destroy()
    },
  }
}

/** On an address that others can reach, nobody comes in without a key: when none was set, one is made. */
function adminKeyIfNeeded(config: Config, random: (bytes: number) => Uint8Array, log: Log): Secret | undefined {
  if (isLoopback(config.host) && config.keyless === 'loopback') return undefined
  const file = join(config.dataDir, 'admin.key')
  const key = readOrMake(file, () => Buffer.from(random(24)).toString('base64url'))
  log.info(`CONTROL_API_KEY is not set: the admin key is in ${file}`)
  return new Secret(key)
}

/** On SIGHUP, and when a file that settings come from was written. Wrong settings are said, and change nothing. */
function reloadOnWish(application: Application, { envFile, gpuModelsFile }: Config): void {
  const reload = (actor: string) =>
    application.reload(actor).catch((error: unknown) => {
      console.error(`gpufleet: nothing was reloaded: ${error instanceof Error ? error.message : String(error)}`)
    })
  process.on('SIGHUP', () => reload('SIGHUP'))
  const files = [envFile, gpuModelsFile].filter((file) => file !== undefined)
  if (files.length === 0) return
  watchFiles(
    files,
    () => reload('a changed file'),
    (file, error) =>
      console.error(`gpufleet: changes of ${file} are not noticed (${error.message}); send SIGHUP after changing it`),
  )
}

/** On SIGINT and SIGTERM, within the limit. Saying it again changes nothing. */
function stopWhenTold(application: Application, { shutdownMs }: Config): void {
  let isTold = false
  const stop = async () => {
    if (isTold) return
    isTold = true
    // Whatever still hangs is not waited for: what it was about is written down, and the next process goes on with it.
    const limit = setTimeout(() => {
      console.error('gpufleet: calls under way did not end in time; the next start goes on with them')
      void application.tellWhatRuns().finally(() => process.exit(0))
    }, shutdownMs)
    limit.unref()
    await application.stop().catch((error: unknown) => console.error('gpufleet: not everything was finished', error))
    process.exit(0)
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
}

function namedMachine(machineId: string, deps: Parameters<typeof adoptionOf>[2]): Task {
  const run = adoptionOf({ provider: 'vast', machineId }, 'VAST_INSTANCE_ID', deps)
  return { name: 'VAST_INSTANCE_ID', everyMs: sweepEveryMs, atStart: true, run }
}

async function main(): Promise<void> {
  // What is written holds keys and plans: it is for its owner alone.
  process.umask(0o077)
  try {
    const readConfig = () => configFrom(environmentWithFile(process.env))
    const config = readConfig()
    mkdirSync(config.dataDir, { recursive: true, mode: 0o700 })
    lockDatabase(databaseOf(config))
    const application = await assemble(config, { readConfig })
    stopWhenTold(application, config)
    reloadOnWish(application, config)
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
