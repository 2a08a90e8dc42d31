import { type ProviderName, providerNames } from '../core/providers.ts'
import type { Secret } from '../core/secret.ts'
import { providerSettings, settings } from './settings.ts'

export interface Config {
  ports: number[]
  host: string
  dataDir: string
  databaseFile: string | undefined
  installationId: string | undefined
  production: boolean
  marketLabel: string | undefined
  controlApiKey: Secret | undefined
  keyless: 'loopback' | 'off'
  secretsKey: Secret | undefined
  enableCors: boolean
  rateLimit: { enabled: boolean; perMinute: number }
  enableMetrics: boolean
  enableDocs: boolean
  logLevel: 'info' | 'warn' | 'error'
  logFormat: 'readable' | 'json' | undefined
  providers: Record<ProviderName, ProviderConfig>
  runpodApiVersion: 'v2' | 'graphql'
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
  if (mistakes.length > 0) throw new ConfigError(mistakes)

  const get = <T>(name: string) => values.get(name) as T
  const host = get<string>('HOST')
  return {
    ports: get('PORT'),
    host,
    dataDir: get('DATA_DIR'),
    databaseFile: get('DATABASE_URL'),
    installationId: get('INSTALLATION_ID'),
    production: get<string>('ENVIRONMENT') === 'production',
    marketLabel: get('MARKET_LABEL'),
    controlApiKey: get('CONTROL_API_KEY'),
    keyless: get<'loopback' | 'off' | undefined>('KEYLESS') ?? (isLoopback(host) ? 'loopback' : 'off'),
    secretsKey: get('SECRETS_KEY'),
    enableCors: get('ENABLE_CORS'),
    rateLimit: { enabled: get('RATE_LIMIT_ENABLED'), perMinute: get('RATE_LIMIT_RPM') },
    enableMetrics: get('ENABLE_METRICS'),
    enableDocs: get('ENABLE_DOCS'),
    logLevel: get('LOG_LEVEL'),
    logFormat: get('LOG_FORMAT'),
    providers: Object.fromEntries(
      providerNames.map((name) => [name, providerConfig(name, get)]),
    ) as Config['providers'],
    runpodApiVersion: get('RUNPOD_API_VERSION'),
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
