import { join } from 'node:path'
import { parseEnv } from 'node:util'
import type { LaunchRequest, Operations } from '@gpufleet/sdk/api'
import { wrongUsage } from './failures.ts'
import type { Port } from './inputs.ts'
import type { World } from './world.ts'

/** What `gpufleet launch` was told, as commander gives it. */
export interface LaunchOptions {
  offer?: string
  gpu?: string[]
  gpuCount?: number
  minVram?: number
  minRam?: number
  market?: 'on_demand' | 'spot' | 'any'
  maxPrice?: string
  provider?: string
  region?: string[]
  minReliability?: number
  verified?: boolean
  minCuda?: number
  disk?: number
  image?: string
  template?: string
  registryServer?: string
  registryUser?: string
  env?: string[]
  envFile?: string[]
  port?: Port[]
  /** false: --no-ssh-key. */
  sshKey?: string | boolean
  onstart?: string
  label?: string
  healthPort?: number
  healthPath?: string
  healthTimeout?: number
  onInterruption?: 'relaunch' | 'wait' | 'end'
  idleTimeout?: number
  idleAction?: 'stop' | 'terminate'
  idleBusyAbove?: number | 'off'
  maxLifetime?: number
  budget?: string
  budgetAction?: 'stop' | 'terminate'
  onDemandAfter?: number
  bidFactor?: number
  checkpoint?: string
  checkpointTimeout?: number
  deadMan?: number
  idempotencyKey?: string
  dryRun?: boolean
  yes?: boolean
  wait?: boolean
  timeout?: number
}

type Files = Pick<World, 'readFile' | 'env' | 'home'>

/** The flags as the API's request. Files and variables are read here, and nothing else happens. */
export function launchRequestFrom(options: LaunchOptions, files: Files): LaunchRequest {
  const { offer, healthPort } = options
  if (healthPort === undefined && (options.healthPath !== undefined || options.healthTimeout !== undefined)) {
    throw wrongUsage('--health-path and --health-timeout need --health-port', 'say on which port the check is made')
  }
  return {
    ...(offer !== undefined ? offerFrom(offer, options.provider) : { provider: options.provider }),
    template: options.template,
    gpu_models: options.gpu,
    gpu_count: options.gpuCount,
    min_vram_gb: options.minVram,
    market: options.market,
    max_price_per_hour_usd: options.maxPrice,
    regions: options.region,
    min_reliability: options.minReliability,
    verified: options.verified,
    min_cuda: options.minCuda,
    disk_gb: options.disk,
    image: options.image,
    registry_auth: registryFrom(options, files),
    environment: environmentFrom(options, files),
    ports: options.port,
    ssh_public_key: sshKeyFrom(options.sshKey, files),
    onstart_script: options.onstart === undefined ? undefined : fileNamed(options.onstart, '--onstart', files),
    label: options.label,
    health:
      healthPort === undefined
        ? undefined
        : {
            port: healthPort,
            path: options.healthPath,
            timeout_s: options.healthTimeout === undefined ? undefined : Math.ceil(options.healthTimeout / 1000),
          },
    policies: policiesFrom(options),
    resources: options.minRam === undefined ? undefined : { min_ram_gb: options.minRam },
  }
}

/** Spans of time are milliseconds here; the API takes minutes, hours and seconds. */
function policiesFrom(options: LaunchOptions): LaunchRequest['policies'] {
  const { checkpoint, checkpointTimeout } = options
  if (checkpoint === undefined && checkpointTimeout !== undefined) {
    throw wrongUsage('--checkpoint-timeout needs --checkpoint', 'say what is to run')
  }
  const policies: LaunchRequest['policies'] = {
    on_interruption: options.onInterruption,
    idle_timeout_minutes: over(options.idleTimeout, 60_000),
    idle_action: options.idleAction,
    idle_busy_above_percent: options.idleBusyAbove === 'off' ? null : options.idleBusyAbove,
    max_lifetime_hours: over(options.maxLifetime, 3_600_000),
    budget_usd: options.budget,
    budget_action: options.budgetAction,
    on_demand_after_minutes: over(options.onDemandAfter, 60_000),
    bid_factor: options.bidFactor,
    checkpoint:
      checkpoint === undefined
        ? undefined
        : {
            command: checkpoint,
            timeout_s: checkpointTimeout === undefined ? undefined : Math.ceil(checkpointTimeout / 1000),
          },
    dead_man_hours: over(options.deadMan, 3_600_000),
  }
  return Object.values(policies).some((value) => value !== undefined) ? policies : undefined
}

function over(ms: number | undefined, unitMs: number): number | undefined {
  return ms === undefined ? undefined : ms / unitMs
}

/** The same wishes as a search, which can say why nothing fits. */
export function searchLike(request: LaunchRequest): Operations['searchOffersAdvanced']['body'] {
  const count = request.gpu_count ?? 1
  return {
    provider: request.provider,
    gpu_models: request.gpu_models,
    min_gpu_count: count,
    max_gpu_count: count,
    min_vram_gb: request.min_vram_gb,
    min_ram_gb: request.resources?.min_ram_gb,
    market: request.market ?? 'on_demand',
    max_price: request.max_price_per_hour_usd,
    regions: request.regions,
    min_reliability: request.min_reliability,
    verified: request.verified,
    min_cuda: request.min_cuda,
    min_storage_gb: request.disk_gb,
    disk_gb: request.disk_gb,
    limit: 1,
  }
}

/** `vast_123:spot`, as `gpufleet offers` shows it; or the marketplace's own id beside --provider. */
function offerFrom(id: string, provider: string | undefined): Pick<LaunchRequest, 'provider' | 'offer_id'> {
  const match = /^(vast_ai|lambda_labs|[a-z]+)_(.+)$/.exec(id)
  if (match) return { provider: match[1], offer_id: match[2] }
  if (provider !== undefined) return { provider, offer_id: id }
  throw wrongUsage(
    `${id} does not say at which marketplace the offer is`,
    'give the id as `gpufleet offers` shows it, such as vast_123, or add --provider',
  )
}

function environmentFrom({ env = [], envFile = [] }: LaunchOptions, files: Files): Record<string, string> | undefined {
  const values: Record<string, string> = {}
  for (const path of envFile) Object.assign(values, parseEnv(fileNamed(path, '--env-file', files)))
  for (const text of env) {
    const equals = text.indexOf('=')
    const name = equals < 0 ? text : text.slice(0, equals)
    const value = equals < 0 ? files.env[name] : text.slice(equals + 1)
    if (value === undefined) {
      throw wrongUsage(`--env ${name}: there is no such variable here`, `set it, or say --env ${name}=VALUE`)
    }
    values[name] = value
  }
  return Object.keys(values).length === 0 ? undefined : values
}

function sshKeyFrom(option: string | boolean | undefined, files: Files): string | undefined {
  if (option === false) return undefined
  const text = typeof option === 'string' ? fileNamed(option, '--ssh-key', files) : files.readFile(defaultSshKey(files))
  if (text === undefined) return undefined
  if (text.includes('PRIVATE KEY')) {
    throw wrongUsage(`${option} is a private key; it stays on this machine`, `name the public one: ${option}.pub`)
  }
  const key = text.split('\n').find((line) => line.trim() !== '' && !line.startsWith('#'))
  if (key === undefined) throw wrongUsage(`${option} holds no key`, 'name a file such as ~/.ssh/id_ed25519.pub')
  return key.trim()
}

export function defaultSshKey({ home }: Pick<World, 'home'>): string {
  return join(home, '.ssh', 'id_ed25519.pub')
}

/** A password is never an argument: arguments are for all to see. */
function registryFrom({ registryServer, registryUser }: LaunchOptions, { env }: Files): LaunchRequest['registry_auth'] {
  if (registryUser === undefined) {
    if (registryServer === undefined) return undefined
    throw wrongUsage('--registry-server needs --registry-user', 'say as whom the image is fetched')
  }
  const password = env.REGISTRY_PASSWORD
  if (password === undefined || password === '') {
    throw wrongUsage('--registry-user needs a password', 'put it into the variable REGISTRY_PASSWORD')
  }
  return { username: registryUser, password, server: registryServer }
}

function fileNamed(path: string, flag: string, { readFile }: Files): string {
  const text = readFile(path)
  if (text === undefined) throw wrongUsage(`${flag}: there is no file ${path}`, 'check the path')
  return text
}
