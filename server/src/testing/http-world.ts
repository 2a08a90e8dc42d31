import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import type { InjectOptions } from 'fastify'
import type { InfraVastSettings } from '../app/infra-vast.ts'
import { createKey } from '../app/keys.ts'
import type { Reloaded } from '../app/reload-settings.ts'
import type { AskVllm } from '../app/vast-vllm-health.ts'
import { createNovitaCaches } from '../assembly/novita-caches.ts'
import { createBell } from '../core/bell.ts'
import { createGpuCatalogue } from '../core/gpus/catalogue.ts'
import { createGpuLayers } from '../core/gpus/layers.ts'
import { instanceIdFrom } from '../core/ids.ts'
import type { Instance, Launch } from '../core/instances/instance.ts'
import type { Status } from '../core/instances/status.ts'
import { nanosFromUsd } from '../core/money.ts'
import type { NovitaFaceSettings } from '../core/novita-face/settings.ts'
import { anOffer } from '../core/offers/an-offer.ts'
import type { MarketInterest, MarketWarning, ProviderMarketState } from '../core/offers/market-view.ts'
import type { Offer } from '../core/offers/offer.ts'
import { createOfferIndex } from '../core/offers/offer-index.ts'
import { type ProviderHealth, unknownHealth } from '../core/provider-health.ts'
import { type ProviderName, providerNames } from '../core/providers.ts'
import type { Role } from '../core/roles.ts'
import { Secret } from '../core/secret.ts'
import type { DeliveryResult } from '../core/webhooks/webhook.ts'
import { createHttpServer, type HttpOptions } from '../http/server.ts'
import { collectingLog } from '../observability/collecting-log.ts'
import { createMetrics } from '../observability/metrics.ts'
import { processFigures } from '../observability/process-figures.ts'
import type { WebhookMessage } from '../outbound/webhook-sender.ts'
import { lambdaDescription } from '../providers/lambda/description.ts'
import { novitaDescription } from '../providers/novita/description.ts'
import { paperspaceDescription } from '../providers/paperspace/description.ts'
import { runpodDescription } from '../providers/runpod/description.ts'
import { vastDescription } from '../providers/vast/description.ts'
import { createFleet } from '../reconcile/fleet.ts'
import type { Probe } from '../reconcile/probe.ts'
import { accountOf } from '../reconcile/sight.ts'
import { createSweeper } from '../reconcile/tasks/sweep.ts'
import { aLaunch, anEntry, anEvent, anInstance, anInstanceId, aWish, installation, someone } from './builders.ts'
import { testStores } from './database.ts'
import { type FakeProvider, fakeProvider } from './fake-provider.ts'
import { virtualClock } from './virtual-clock.ts'

export const adminKey = 'the-admin-key-of-this-test'

export interface WorldOptions {
  http?: Partial<HttpOptions>
  /** Default: `usualOffers`. */
  offers?: readonly Offer[]
  /** Default: Vast and RunPod. */
  providers?: readonly FakeProvider[]
  /** Providers that are switched off. */
  off?: readonly ProviderName[]
  novita?: Partial<NovitaFaceSettings>
}

const novitaFaceSettings: NovitaFaceSettings = {
  provider: 'novita',
  defaultRegion: 'CN-HK-01',
  defaultGpuCount: 1,
  defaultRootfsGb: 60,
  startupTimeoutMs: 600_000,
  webhookUrl: undefined,
  templateCacheMs: 3_600_000,
  limitsKeyless: false,
  isDevelopment: false,
}

/** The HTTP face on real stores and a real offer index; marketplaces and their refreshing are played by the test. */
export async function httpWorld({ http, offers = usualOffers(), providers, off = [], novita = {} }: WorldOptions = {}) {
  const clock = virtualClock()
  const stores = await testStores()
  const index = createOfferIndex()
  for (const name of providerNames) {
    const shown = offers.filter((offer) => offer.provider === name)
    index.replace({ provider: name, account: 'main', scope: 'all', offers: shown })
  }
  const accounts = providers ?? [
    fakeProvider({ clock, name: 'vast' }),
    fakeProvider({ clock, name: 'runpod', abilities: { hasSpot: false, canStop: false, udpPorts: false } }),
  ]
  const market = scriptedMarket()
  const log = collectingLog()
  const bell = createBell()
  const changed = createBell()
  const metrics = createMetrics()
  const world = {
    clock,
    ...stores,
    index,
    market,
    log,
    changed,
    accounts,
    /** How often the worker was called. */
    rung: 0,
    storeAnswers: true,
    /** What a vLLM server somewhere answers. */
    askVllm: (async () => ({ kind: 'healthy' })) as AskVllm,
    signLabel: (label: string) => createHmac('sha256', 'the key of this test').update(label).digest('base64url'),
    /** What becomes of a webhook that is sent at once. */
    sendWebhook: async (_message: WebhookMessage): Promise<DeliveryResult> => ({ kind: 'delivered', status: 204 }),
    /** As the settings name it; a test may change it. */
    infraVast: {
      machineId: '12345',
      healthPort: 8001,
      healthPath: '/health',
      waitTimeoutMs: 600_000,
      autoShutdown: true,
      autoShutdownMs: 30 * 60_000,
    } as InfraVastSettings,
    /** Whether what runs on a machine is ready. */
    probe: (async () => 'passing') as Probe,
    /** Of every account’s key. */
    keyMark: 'test-key',
    health: new Map<ProviderName, ProviderHealth>(),
    switched: [] as [ProviderName, boolean | null][],
    onReload: async (_actor: string): Promise<Reloaded> => ({ taken: [], needRestart: [], gpuModels: 0 }),
    /** Waited for before the newest event is looked up. */
    onNewest: async () => {},
    /** Waited for after events have been looked up, before they are sent. */
    onListed: async () => {},
    /** Every event there is. */
    listEvents: () => stores.events.list({ limit: 1_000 }),
    providerNamed(name: ProviderName): FakeProvider {
      const found = accounts.find((one) => one.name === name)
      if (found === undefined) throw new Error(`this world has no ${name}`)
      return found
    },
  }
  bell.listen(() => {
    world.rung += 1
  })

  let made = 0
  const keyDeps = {
    keys: stores.keys,
    clock,
    random: (bytes: number) => crypto.getRandomValues(new Uint8Array(bytes)),
  }
  const gpus = createGpuCatalogue()
  const accountsNow = {
    all: () => world.accounts,
    find: (name: ProviderName, account?: string) =>
      world.accounts.find((one) => one.name === name && (account === undefined || one.account === account)),
  }
  const sweeper = createSweeper({
    ...stores,
    providers: accountsNow,
    keyMarkOf: () => world.keyMark,
    fleet: createFleet(clock),
    gpus,
    installation,
    unknownMachines: 'adopt',
    bell,
    changed,
    clock,
    log,
  })
  const penalties = new Map<string, number>()
  const app = await createHttpServer(
    {
      version: '1.2.3',
      marketLabel: undefined,
      access: { adminKey: new Secret(adminKey), keyless: 'loopback' },
      cors: true,
      rateLimit: { enabled: false, perMinute: 100 },
      docs: true,
      metrics: true,
      webDir: undefined,
      log,
      ...http,
    },
    {
      index,
      market,
      gpus,
      gpuLayers: createGpuLayers(gpus, index),
      gpuModels: stores.gpuModels,
      marketHistory: stores.marketHistory,
      penalties,
      clock,
      bell,
      instances: stores.instances,
      events: stores.events,
      charges: stores.charges,
      activity: stores.activity,
      budgets: stores.budgets,
      bills: stores.bills,
      providers: accountsNow,
      isEnabled: (name) => !off.includes(name),
      healthOf: (name) => world.health.get(name) ?? unknownHealth,
      breakerOf: () => 'closed',
      switchProvider: async (name, enabled, event) => {
        world.switched.push([name, enabled])
        await stores.events.record([event])
      },
      reload: async (actor) => world.onReload(actor),
      isConfigured: (name) => accounts.some((one) => one.name === name),
      descriptions: {
        vast: vastDescription,
        runpod: runpodDescription,
        lambda: lambdaDescription,
        paperspace: paperspaceDescription,
        novita: novitaDescription,
      },
      launches: stores.launches,
      templates: stores.templates,
      infraVast: world.infraVast,
      infraVastState: stores.infraVastState,
      probe: async (machine, check) => world.probe(machine, check),
      findings: stores.findings,
      vast: stores.vast,
      askVllm: (at) => world.askVllm(at),
      strays: stores.strays,
      sweep: () => sweeper.run(),
      keyMarkOf: () => world.keyMark,
      accountOf: (launch) => accountOf(launch, { providers: accountsNow, keyMarkOf: () => world.keyMark }),
      installation,
      answers: stores.answers,
      keys: keyDeps.keys,
      random: keyDeps.random,
      operations: stores.operations,
      checkChain: stores.checkChain,
      checkCharges: stores.checkCharges,
      webhooks: stores.webhooks,
      sendWebhook: (message) => world.sendWebhook(message),
      webhooksMayStayInside: false,
      novita: { ...novitaFaceSettings, ...novita },
      ...createNovitaCaches(novitaFaceSettings, changed),
      novitaRequests: stores.novitaRequests,
      processFigures,
      version: '1.2.3',
      log,
      providerKeys: stores.providerKeys,
      useProviderKeys: async () => {},
      environmentAccounts: (name) => accounts.filter((one) => one.name === name).map((one) => one.account),
      signLabel: world.signLabel,
      publicUrl: undefined,
      fingerprint: (text) => `fingerprint of ${text}`,
      newInstanceId: () => {
        made += 1
        return instanceIdFrom(
          Uint8Array.from({ length: 16 }, (_, at) => (at === 0 ? 35 : made >> (8 * (15 - at))) & 255),
        )
      },
      listEvents: async (query) => {
        const events = await stores.events.list(query)
        await world.onListed()
        return events
      },
      newestEventId: async () => {
        await world.onNewest()
        return stores.events.newest()
      },
      changed,
      checkStore: async () => {
        if (!world.storeAnswers) throw new Error('the disk is gone')
      },
      metricsText: async () => ({ text: await metrics.text(), contentType: metrics.contentType }),
    },
  )

  return Object.assign(world, {
    app,
    gpus,
    penalties,

    /** Asks, and checks the answer against the OpenAPI file. */
    async ask(method: Method, url: string, body?: unknown, headers: Record<string, string> = {}) {
      return this.send({
        method,
        url,
        headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
        ...(body !== undefined && { payload: JSON.stringify(body) }),
      })
    },

    async send(options: InjectOptions & { url: string; method: Method }) {
      const answer = await app.inject({
        remoteAddress: '127.0.0.1',
        ...options,
        headers: { host: 'localhost:8080', ...options.headers },
      })
      const text = answer.body
      const isJson = String(answer.headers['content-type'] ?? '').startsWith('application/json')
      // biome-ignore lint/suspicious/noExplicitAny: tests read whatever is there
      const json = (isJson && text !== '' ? JSON.parse(text) : undefined) as any
      if (isJson && options.method !== 'HEAD')
        checkAgainstDocument(options.method, options.url, answer.statusCode, json)
      return { status: answer.statusCode, headers: answer.headers, json, text }
    },

    /** The headers of a fresh key. */
    async keyOf(change: { role: Role; project?: string; name?: string }) {
      made += 1
      const wanted = { name: `key ${made}`, project: null, expiresAt: null, ...change }
      const { key, token } = await createKey(wanted, someone, keyDeps)
      return { id: key.id, headers: { authorization: `Bearer ${token.reveal()}` } }
    },

    /** An instance as the reconciler would have left it. */
    async hasInstance(
      change: Partial<Instance> & { status?: Status } = {},
      launch?: Partial<Launch>,
    ): Promise<Instance> {
      made += 1
      const id = change.id ?? anInstanceId(made)
      const instance = anInstance({
        id,
        statusSince: clock.now(),
        createdAt: clock.now(),
        ...change,
        wish: aWish({ environmentNames: ['TOKEN'], ...change.wish }),
      })
      await stores.instances.add(
        anEntry({
          instance: { ...instance, status: 'requested' },
          secrets: { environment: { TOKEN: 'sk-kept-secret' }, registryAuth: null, onstartScript: null },
          event: anEvent({ instanceId: id, at: clock.now() }),
          // Before all others, also those that a user asked for, so that it is the one that is claimed.
          dueAt: -1,
        }),
      )
      const [claim] = await stores.instances.claimDue(clock.now(), { limit: 1, forMs: 0 })
      if (claim === undefined) throw new Error('the instance is not due')
      const decided = {
        status: instance.status,
        because: instance.because,
        message: instance.message,
        statusSince: instance.statusSince,
        endedAt: instance.endedAt,
        dueAt: clock.now() + 1e9,
        wanted: instance.wanted,
      }
      if (launch === undefined) await stores.instances.recordDecision(claim, decided, [])
      else {
        const its = aLaunch({ instanceId: id, ...launch })
        await stores.instances.recordIntent(claim, its, decided, [])
        await stores.instances.recordDecision(claim, { ...decided, launch: its }, [])
      }
      const stored = await stores.instances.get(id)
      if (stored === undefined) throw new Error('it was not written down')
      return stored
    },

    async close() {
      await app.close()
      await stores.close()
    },
  })
}

export type HttpWorld = Awaited<ReturnType<typeof httpWorld>>
type Method = 'GET' | 'POST' | 'PUT' | 'DELETE' | 'PATCH' | 'OPTIONS' | 'HEAD'

/** What `freshen` was asked, and what it is to answer. */
function scriptedMarket() {
  const script = {
    asked: [] as MarketInterest[],
    warnings: [] as MarketWarning[],
    states: [] as ProviderMarketState[],
    freshen: async (interest: MarketInterest) => {
      script.asked.push(interest)
      return script.warnings
    },
    state: () => script.states,
  }
  return script
}

export function isDown(provider: ProviderName, name: string = provider): MarketWarning {
  return {
    provider,
    kind: 'down',
    message: `${name} could not be searched (502 Bad Gateway); its offers are missing here`,
  }
}

/** A small market with something for every filter. Prices include 10 GB of disk that cost nothing. */
export function usualOffers(): Offer[] {
  const seenAt = Date.UTC(2026, 9, 1, 11, 59)
  const card = (model: string, memoryGb: number, count = 1) => ({ model, spelling: model, memoryGb, count })
  return [
    anOffer({ externalId: '4090', pricePerHour: nanosFromUsd('0.36'), seenAt }),
    anOffer({ externalId: '4090', market: 'spot', pricePerHour: nanosFromUsd('0.2'), seenAt }),
    anOffer({
      externalId: '4090x2',
      placeKey: '4090x2',
      gpu: card('RTX 4090', 24, 2),
      pricePerHour: nanosFromUsd('0.8'),
      ramGb: 128,
      reliability: 0.7,
      region: 'europe-west',
      location: 'France, FR',
      seenAt,
    }),
    anOffer({ externalId: 'rented', pricePerHour: nanosFromUsd('0.3'), available: false, seenAt }),
    anOffer({
      externalId: '4080',
      placeKey: '4080',
      gpu: card('RTX 4080', 16),
      pricePerHour: nanosFromUsd('0.25'),
      ramGb: 16,
      region: 'us-east',
      location: 'Virginia, US',
      disk: { maxGb: 60 },
      seenAt,
    }),
    anOffer({
      externalId: 'a100',
      placeKey: 'a100',
      gpu: card('A100 SXM 80GB', 80),
      pricePerHour: nanosFromUsd('1.1'),
      ramGb: 256,
      reliability: 0.999,
      region: 'asia-east',
      location: 'Japan, JP',
      seenAt,
    }),
    anOffer({
      provider: 'runpod',
      externalId: 'NVIDIA A40:SECURE',
      placeKey: 'NVIDIA A40:SECURE',
      gpu: card('A40', 48),
      pricePerHour: nanosFromUsd('0.4'),
      ramGb: null,
      reliability: null,
      network: null,
      region: 'us-east',
      location: 'US-GA-1',
      disk: { maxGb: null },
      seenAt,
    }),
    anOffer({
      provider: 'runpod',
      externalId: 'NVIDIA H100 80GB HBM3:SECURE',
      placeKey: 'NVIDIA H100 80GB HBM3:SECURE',
      gpu: card('H100 SXM 80GB', 80),
      pricePerHour: nanosFromUsd('2.69'),
      ramGb: null,
      reliability: null,
      network: null,
      region: 'europe-central',
      location: 'EU-CZ-1',
      seenAt,
    }),
    anOffer({
      provider: 'runpod',
      externalId: 'Mystery 9000',
      placeKey: 'Mystery 9000',
      gpu: { model: 'Mystery 9000', spelling: 'Mystery 9000', known: false, memoryGb: 12 },
      pricePerHour: nanosFromUsd('0.15'),
      seenAt,
    }),
  ]
}

interface Operation {
  operationId: string
  responses: Record<string, { description: string; content?: Record<string, { schema: unknown }> }>
}

export const openApi = JSON.parse(
  readFileSync(new URL('../../../docs/reference/openapi.json', import.meta.url), 'utf8'),
) as { paths: Record<string, Record<string, Operation>>; components: { schemas: Record<string, unknown> } }

const ajv = new Ajv2020({ allErrors: true, strict: false })
addFormats.default(ajv)
ajv.addSchema({ $id: 'openapi', components: openApi.components })
const validators = new Map<string, ValidateFunction>()

/** An address of an operation, with something in the place of its parameters. */
export function addressOf(template: string, parameters: Readonly<Record<string, string>> = {}): string {
  const prefix = template.includes('/budgets/') ? 'bud' : 'inst'
  const usual: Record<string, string> = { id: `${prefix}_0000000000000000`, name: 'lambda', account: 'spare' }
  return template.replace(/\{(\w+)\}/g, (_, name: string) => parameters[name] ?? usual[name] ?? 'something')
}

/** Which of the file's operations an address belongs to. */
function operationAt(method: string, url: string): { name: string; operation: Operation } | undefined {
  const path = url.split('?', 1)[0] ?? ''
  const matching = Object.keys(openApi.paths)
    .filter((template) => new RegExp(`^${template.replace(/\{\w+\}/g, '[^/]+')}/?$`).test(path))
    .sort((one, other) => one.split('{').length - other.split('{').length)
  for (const template of matching) {
    const operation = openApi.paths[template]?.[method.toLowerCase()]
    if (operation !== undefined) return { name: `${method} ${template}`, operation }
  }
  return undefined
}

/** Every answer of an operation has a status and a body that the file declares; any other refusal has our error's shape. */
function checkAgainstDocument(method: string, url: string, status: number, json: unknown): void {
  const found = operationAt(method, url)
  if (found === undefined) {
    if (status >= 400 && url.startsWith('/api/v1/'))
      check('Problem', { $ref: 'openapi#/components/schemas/Problem' }, json)
    return
  }
  const declared = found.operation.responses[String(status)]
  if (declared?.content?.['text/csv'] !== undefined) return
  const schema = declared?.content?.['application/json']?.schema
  if (schema === undefined) throw new Error(`${found.name} does not declare ${status}: ${JSON.stringify(json)}`)
  check(`${found.name} ${status}`, schema, json)
}

function check(name: string, schema: unknown, json: unknown): void {
  const known = validators.get(name)
  const absolute = JSON.parse(JSON.stringify(schema).replaceAll('"#/components', '"openapi#/components'))
  const validate = known ?? ajv.compile(absolute)
  validators.set(name, validate)
  if (!validate(json))
    throw new Error(`${name} is not as declared: ${ajv.errorsText(validate.errors)} in ${JSON.stringify(json)}`)
}
