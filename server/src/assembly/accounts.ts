import { createHmac } from 'node:crypto'
import type { Config, ProviderConfig } from '../config/config.ts'
import type { GpuCatalogue } from '../core/gpus/gpu.ts'
import { type ProviderName, providerNames } from '../core/providers.ts'
import type { Secret } from '../core/secret.ts'
import type { Clock } from '../core/time.ts'
import type { Redactor } from '../observability/redaction.ts'
import type { Outbound } from '../outbound/outbound.ts'
import { createLambdaProvider } from '../providers/lambda/provider.ts'
import { createNovitaProvider } from '../providers/novita/provider.ts'
import { createPaperspaceProvider } from '../providers/paperspace/provider.ts'
import type { Provider, Providers } from '../providers/provider.ts'
import type { ProviderDeps } from '../providers/provider-deps.ts'
import { createRunpodProvider } from '../providers/runpod/provider.ts'
import { createVastProvider } from '../providers/vast/provider.ts'
import { type Watcher, watched } from '../providers/watched.ts'

/** What of the configuration says which accounts there are. It can change while the server runs. */
export type AccountSettings = Pick<Config, 'providers' | 'runpodApiVersion'> & Partial<Pick<Config, 'novitaPollMs'>>

export interface Accounts extends Providers {
  isEnabled(name: ProviderName): boolean
  isConfigured(name: ProviderName): boolean
  /** Tells the key of an account from other keys, without being one. */
  keyMarkOf(provider: Provider): string
  /**
   * Takes over keys, addresses and flags. An account that stays as it was keeps its client; what an exchanged client has
   * under way ends as it began.
   */
  use(settings: AccountSettings): void
}

export interface AccountDeps {
  outbound: Outbound
  clock: Clock
  gpus: GpuCatalogue
  redactor: Redactor
  secretsKey: Secret
  watcher: Watcher
}

type Create = (deps: ProviderDeps, settings: AccountSettings) => Provider

const create: Record<ProviderName, Create> = {
  vast: createVastProvider,
  runpod: (deps, { runpodApiVersion }) => createRunpodProvider({ ...deps, apiVersion: runpodApiVersion }),
  lambda: createLambdaProvider,
  paperspace: createPaperspaceProvider,
  novita: (deps, { novitaPollMs }) => lookedAtEvery(novitaPollMs, createNovitaProvider(deps)),
}

/** @param everyMs undefined: as often as its description says */
function lookedAtEvery(everyMs: number | undefined, provider: Provider): Provider {
  if (everyMs === undefined) return provider
  const description = provider.describe()
  const abilities = { ...description.abilities, lookEveryMs: everyMs }
  return { ...provider, describe: () => ({ ...description, abilities }) }
}

interface Account {
  provider: Provider
  /** All that its client was made from. */
  madeFrom: string
}

export function createAccounts(initial: AccountSettings, deps: AccountDeps): Accounts {
  let settings = initial
  let accounts: readonly Account[] = []
  /** Also of clients that were exchanged: what they have under way was begun with the key they had. */
  const keyMarks = new WeakMap<Provider, string>()

  function keyMark(key: Secret): string {
    return createHmac('sha256', deps.secretsKey.reveal())
      .update(`key of an account: ${key.reveal()}`)
      .digest('base64url')
  }

  function accountFrom(name: ProviderName, { account, apiKey }: ProviderConfig['accounts'][number]): Account {
    deps.redactor.register(apiKey)
    const { baseUrl } = settings.providers[name]
    const mark = keyMark(apiKey)
    const madeFrom = [name, account, baseUrl, mark, name === 'runpod' ? settings.runpodApiVersion : ''].join(' ')
    const known = accounts.find((one) => one.madeFrom === madeFrom)
    if (known !== undefined) return known
    const { outbound, clock, gpus, watcher } = deps
    const provider = watched(create[name]({ outbound, clock, gpus, baseUrl, apiKey, account }, settings), watcher)
    keyMarks.set(provider, mark)
    return { provider, madeFrom }
  }

  function use(next: AccountSettings): void {
    settings = next
    accounts = providerNames.flatMap((name) => next.providers[name].accounts.map((one) => accountFrom(name, one)))
  }

  use(initial)
  return {
    use,
    all: () => accounts.map((one) => one.provider),
    find: (name, account) =>
      accounts.find(({ provider }) => provider.name === name && (account === undefined || provider.account === account))
        ?.provider,
    isEnabled: (name) => settings.providers[name].enabled,
    isConfigured: (name) => settings.providers[name].accounts.length > 0,
    keyMarkOf: (provider) => keyMarks.get(provider) ?? '',
  }
}
