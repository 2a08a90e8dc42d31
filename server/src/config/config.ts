import type { NovitaFaceSettings } from '../core/novita-face/settings.ts'
import { type ProviderName, providerNames } from '../core/providers.ts'
import type { UnknownMachinePolicy } from '../core/reconciliation/finding.ts'
import type { Secret } from '../core/secret.ts'
import { providerSettings, settings } from './settings.ts'

export interface Config {
  ports: number[]
  host: string
  dataDir: string
  publicUrl: string | undefined
  databaseFile: string | undefined
  installationId: string | undefined
  production: boolean
  marketLabel: string | undefined
  controlApiKey: Secret | undefined
  keyless: 'loopback' | 'off'
  /** More addresses that count as this machine. */
  keylessFrom: readonly string[]
  secretsKey: Secret | undefined
  secretsKeyFile: string | undefined
  /** Program and arguments. */
  secretsKeyCommand: readonly string[] | undefined
  enableCors: boolean
  rateLimit: { enabled: boolean; perMinute: number }
  enableMetrics: boolean
  enableDocs: boolean
  operationsKeepDays: number
  /** Models whose prices are looked up although nobody searches for them. */
  marketWatch: readonly string[]
  /** Whether webhooks may be delivered to addresses of our own network. */
  webhookAllowPrivate: boolean
  logLevel: 'debug' | 'info' | 'warn' | 'error'
  logFormat: 'readable' | 'json' | undefined
  providers: Record<ProviderName, ProviderConfig>
  runpodApiVersion: 'v2' | 'graphql'
  /** How often Novita's machines are looked at; undefined: as often as is usual there. */
  novitaPollMs: number | undefined
  novitaFace: NovitaFaceSettings
  /** What contract 002's webhooks are signed with. */
  webhookSecret: Secret | undefined
  /** What is done with machines of ours that the database does not know. */
  unknownMachines: UnknownMachinePolicy
  /** A machine at Vast.ai to take over at the start. */
  vastInstanceId: string | undefined
  /** How that machine is switched on and off. */
  infraVast: {
    healthPort: number
    healthPath: string
    waitTimeoutMs: number
    autoShutdown: boolean
    autoShutdownMs: number
    statePath: string | undefined
    auditPath: string | undefined
  }
  gpuModelsFile: string | undefined
  /** A folder of templates. */
  templatesDir: string | undefined
  /** Where more settings are; see ENV_FILE. */
  envFile: string | undefined
  shutdownMs: number
  /** Every setting that is set, by name, as it was read. */
  values: ReadonlyMap<string, unknown>
}

export interface ProviderConfig {
  enabled: boolean
  baseUrl: string
  /** By account name. Empty: not configured. */
  accounts: { account: string; apiKey: Secret }[]
}

export class ConfigError extends Error {
  readonly mistakes: readonly string[]

  constructor(mistakes: readonly string[]) {
    super(`the settings are wrong:\n${mistakes.map((mistake) => `  - ${mistake}`).join('\n')}`)
    this.name = 'ConfigError'
    this.mistakes = mistakes
  }
}

/**
 * Reads the settings from an environment.
 *
 * @throws ConfigError that names every mistake at once
 */
export function configFrom(environment: Readonly<Record<string, string | undefined>>): Config {
  const mistakes: string[] = []
  const values = new Map<string, unknown>()
  for (const setting of settings) {
    const given = [setting.name, ...(setting.aliases ?? [])].filter((name) => (environment[name] ?? '') !== '')
    if (new Set(given.map((name) => environment[name])).size > 1) {
      mistakes.push(`${given.join(' and ')} are the same setting and differ: keep one`)
      continue
    }
    const text = given[0] === undefined ? setting.default : environment[given[0]]
    if (text === undefined) continue
    const parsed = setting.schema.safeParse(text.trim())
    if (parsed.success) values.set(setting.name, parsed.data)
    else mistakes.push(`${given[0] ?? setting.name} ${parsed.error.issues.map((issue) => issue.message).join(', ')}`)
  }
  const keySources = ['SECRETS_KEY', 'SECRETS_KEY_FILE', 'SECRETS_KEY_COMMAND'].filter((name) => values.has(name))
  if (keySources.length > 1) mistakes.push(`${keySources.join(' and ')} say the same thing: keep one`)
  // Each would have its own limits, and every machine would be found twice.
  for (const { prefix } of providerSettings) {
    const [first, second] = [`${prefix}_API_KEY`, `${prefix}_API_KEY_2`].map(
      (name) => values.get(name) as Secret | undefined,
    )
    if (first !== undefined && first.reveal() === second?.reveal()) {
      mistakes.push(`${prefix}_API_KEY and ${prefix}_API_KEY_2 are the same key: the second is for another account`)
    }
  }
  const isForNovita = values.get('PROFILE') === 'novita'
  if (isForNovita && !values.has('NOVITA_API_KEY')) {
    mistakes.push('NOVITA_API_KEY is required with PROFILE=novita')
  }
  if (isForNovita && (environment.PORT ?? '') === '') values.set('PORT', [3000])
  if (mistakes.length > 0) throw new ConfigError(mistakes)

  const get = <T>(name: string) => values.get(name) as T
  const host = get<string>('HOST')
  return {
    ports: get('PORT'),
    host,
    dataDir: get('DATA_DIR'),
    publicUrl: get('PUBLIC_URL'),
    databaseFile: get('DATABASE_URL'),
    installationId: get('INSTALLATION_ID'),
    production: get<string>('ENVIRONMENT') === 'production',
    marketLabel: get('MARKET_LABEL'),
    controlApiKey: get('CONTROL_API_KEY'),
    keyless: get<'loopback' | 'off' | undefined>('KEYLESS') ?? (isLoopback(host) ? 'loopback' : 'off'),
    keylessFrom: get<string[] | undefined>('KEYLESS_FROM') ?? [],
    secretsKey: get('SECRETS_KEY'),
    secretsKeyFile: get('SECRETS_KEY_FILE'),
    secretsKeyCommand: get('SECRETS_KEY_COMMAND'),
    enableCors: get('ENABLE_CORS'),
    rateLimit: { enabled: get('RATE_LIMIT_ENABLED'), perMinute: get('RATE_LIMIT_RPM') },
    enableMetrics: get('ENABLE_METRICS'),
    enableDocs: get('ENABLE_DOCS'),
    operationsKeepDays: get('OPERATIONS_KEEP_DAYS'),
    marketWatch: get('MARKET_WATCH'),
    webhookAllowPrivate: get('WEBHOOK_ALLOW_PRIVATE'),
    logLevel: get('LOG_LEVEL'),
    logFormat: get('LOG_FORMAT'),
    providers: Object.fromEntries(
      providerNames.map((name) => [name, providerConfig(name, get)]),
    ) as Config['providers'],
    runpodApiVersion: get('RUNPOD_API_VERSION'),
    novitaPollMs: get('INSTANCE_POLL_INTERVAL'),
    novitaFace: {
      provider: get('NOVITA_FACE_PROVIDER'),
      defaultRegion: get<string>('DEFAULT_REGION').toUpperCase(),
      defaultGpuCount: get('DEFAULT_GPU_COUNT'),
      defaultRootfsGb: get('DEFAULT_ROOTFS_SIZE'),
      startupTimeoutMs: get('INSTANCE_STARTUP_TIMEOUT'),
      webhookUrl: get<Secret | undefined>('WEBHOOK_URL')?.reveal(),
      templateCacheMs: get('TEMPLATE_CACHE_TTL'),
      limitsKeyless: get('RATE_LIMIT_ENABLED'),
      isDevelopment: get<string>('ENVIRONMENT') === 'development',
    },
    webhookSecret: get('WEBHOOK_SECRET'),
    unknownMachines: get('UNKNOWN_MACHINES'),
    vastInstanceId: get('VAST_INSTANCE_ID'),
    infraVast: {
      healthPort: get('VAST_HEALTH_PORT'),
      healthPath: get('VAST_HEALTH_PATH'),
      waitTimeoutMs: get<number>('VAST_WAIT_TIMEOUT_S') * 1_000,
      autoShutdown: get('VAST_AUTO_SHUTDOWN'),
      autoShutdownMs: get<number>('VAST_AUTO_SHUTDOWN_MINUTES') * 60_000,
      statePath: get('VAST_STATE_PATH'),
      auditPath: get('VAST_AUDIT_PATH'),
    },
    gpuModelsFile: get('GPU_MODELS_FILE'),
    templatesDir: get('TEMPLATES_DIR'),
    envFile: get('ENV_FILE'),
    shutdownMs: get<number>('SHUTDOWN_SECONDS') * 1_000,
    values,
  }
}

function providerConfig(name: ProviderName, get: <T>(name: string) => T): ProviderConfig {
  const prefix = providerSettings.find((one) => one.name === name)?.prefix
  const keys: [string, Secret | undefined][] = [
    ['main', get(`${prefix}_API_KEY`)],
    ['second', get(`${prefix}_API_KEY_2`)],
  ]
  return {
    enabled: get(`${prefix}_ENABLED`),
    baseUrl: get(`${prefix}_API_BASE_URL`),
    accounts: keys.flatMap(([account, apiKey]) => (apiKey === undefined ? [] : [{ account, apiKey }])),
  }
}

/** 127.0.0.0/8, ::1 and localhost. */
export function isLoopback(host: string): boolean {
  const plain = host.replace(/^\[|\]$/g, '').toLowerCase()
  return plain === 'localhost' || plain === '::1' || /^127(\.\d{1,3}){3}$/.test(plain)
}
