import type { Config, ProviderConfig } from '../config/config.ts'
import type { ProviderName } from '../core/providers.ts'
import type { Log } from '../observability/log.ts'
import type { ProviderHealthStore } from '../store/provider-health.ts'
import type { ProviderKey, ProviderKeyStore } from '../store/provider-keys.ts'
import type { AccountSettings, Accounts } from './accounts.ts'

export interface AccountsInForce {
  /** Takes over other settings. Calls at once are one after the other, so that the newest counts. */
  use(config: Config): Promise<void>
  /** Takes over what was said here since: keys and switches. */
  refresh(): Promise<void>
  /** The accounts whose keys the settings name. */
  environmentAccounts(provider: ProviderName): readonly string[]
  baseUrlOf(provider: ProviderName): string
}

export interface AccountsInForceDeps {
  accounts: Pick<Accounts, 'use'>
  switches: Pick<ProviderHealthStore, 'switches'>
  keys: Pick<ProviderKeyStore, 'all'>
  log: Log
}

/** Which accounts there are: what the settings say, with the keys and the switches that somebody set here. */
export function createAccountsInForce(
  initial: Config,
  { accounts, switches, keys, log }: AccountsInForceDeps,
): AccountsInForce {
  let settings = initial
  let last: Promise<unknown> = Promise.resolve()

  async function storedKeys(): Promise<readonly ProviderKey[]> {
    try {
      return await keys.all()
    } catch (error) {
      log.error(
        'the stored provider keys do not open: SECRETS_KEY is not the one they were sealed with. Set it back, or set the keys anew; until then nobody looks after those accounts',
        { error },
      )
      return []
    }
  }

  function inTurn(config: () => Config): Promise<void> {
    const turn = last.then(async () => {
      settings = config()
      accounts.use(withWhatWasSaid(settings, await storedKeys(), await switches.switches()))
    })
    last = turn.catch(() => {})
    return turn
  }

  return {
    use: (config) => inTurn(() => config),
    refresh: () => inTurn(() => settings),
    environmentAccounts: (provider) => settings.providers[provider].accounts.map(({ account }) => account),
    baseUrlOf: (provider) => settings.providers[provider].baseUrl,
  }
}

/** A key in the settings wins over one that was stored for the same account; a switch wins over the settings. */
function withWhatWasSaid(
  config: AccountSettings,
  keys: readonly ProviderKey[],
  switches: ReadonlyMap<ProviderName, boolean>,
): AccountSettings {
  const providers = { ...config.providers }
  for (const { provider, account, apiKey } of keys) {
    const known: ProviderConfig = providers[provider]
    if (known.accounts.some((one) => one.account === account)) continue
    providers[provider] = { ...known, accounts: [...known.accounts, { account, apiKey }] }
  }
  for (const [name, enabled] of switches) providers[name] = { ...providers[name], enabled }
  return { ...config, providers }
}
