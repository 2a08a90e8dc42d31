import { type ProviderName, publicProviderNames } from '../core/providers.ts'
import type { Secret } from '../core/secret.ts'
import { type Clock, type Instant, isoFrom } from '../core/time.ts'
import type { NewEvent, Values } from '../store/events.ts'
import type { LaunchStore } from '../store/launches.ts'
import type { ProviderKeyFacts, ProviderKeyStore } from '../store/provider-keys.ts'
import { AppError } from './errors.ts'
import type { Who } from './who.ts'

export interface ProviderKeyDeps {
  providerKeys: ProviderKeyStore
  launches: Pick<LaunchStore, 'open'>
  /** Accounts whose key comes from the environment: those are changed there. */
  environmentAccounts: (provider: ProviderName) => readonly string[]
  /** Takes the stored keys over, as they are now. */
  useProviderKeys: () => Promise<void>
  clock: Pick<Clock, 'now'>
}

export interface ProviderAccount {
  provider: ProviderName
  account: string
  source: 'environment' | 'stored'
  ending: string | null
  setAt: Instant | null
  setBy: string | null
}

interface AccountName {
  provider: ProviderName
  account: string
}

export async function listProviderAccounts(
  provider: ProviderName,
  _who: Who,
  deps: ProviderKeyDeps,
): Promise<ProviderAccount[]> {
  const stored = (await deps.providerKeys.list()).filter((one) => one.provider === provider)
  return [
    ...deps.environmentAccounts(provider).map(
      (account): ProviderAccount => ({
        provider,
        account,
        source: 'environment',
        ending: null,
        setAt: null,
        setBy: null,
      }),
    ),
    ...stored.map((one): ProviderAccount => ({ ...one, source: 'stored' })),
  ]
}

export async function setProviderKey(
  name: AccountName,
  apiKey: Secret,
  who: Who,
  deps: ProviderKeyDeps,
): Promise<ProviderAccount> {
  refuseEnvironments(name, deps)
  const now = deps.clock.now()
  const facts = { ending: endingOf(apiKey), setAt: now, setBy: who.actor }
  const values = { before: valuesOf(await storedKey(name, deps)), after: valuesOf(facts) }
  await deps.providerKeys.put({ ...name, apiKey }, facts, eventOf('provider_key_set', name, values, who, now))
  await deps.useProviderKeys()
  return { ...name, source: 'stored', ...facts }
}

export async function removeProviderKey(name: AccountName, who: Who, deps: ProviderKeyDeps): Promise<ProviderKeyFacts> {
  refuseEnvironments(name, deps)
  const found = await storedKey(name, deps)
  const title = publicProviderNames[name.provider]
  if (found === undefined) {
    throw new AppError('not_found', `${title} has no stored key for account ${name.account}`, {
      fix: `GET /api/v1/providers/${title}/accounts lists the ones there are`,
    })
  }
  const open = (await deps.launches.open(name.provider)).filter((launch) => launch.account === name.account)
  if (open.length > 0) {
    // Without its key nobody could look after them, and they would be billed.
    throw new AppError('not_allowed_now', `${open.length} machines of account ${name.account} may be billed`, {
      fix: 'terminate its instances first, or PUT another key of the same account',
      details: { instance_ids: [...new Set(open.map((launch) => launch.instanceId))] },
    })
  }
  const now = deps.clock.now()
  const values = { before: valuesOf(found), after: null }
  await deps.providerKeys.remove(name, eventOf('provider_key_removed', name, values, who, now))
  await deps.useProviderKeys()
  return found
}

async function storedKey(
  { provider, account }: AccountName,
  { providerKeys }: Pick<ProviderKeyDeps, 'providerKeys'>,
): Promise<ProviderKeyFacts | undefined> {
  return (await providerKeys.list()).find((one) => one.provider === provider && one.account === account)
}

function refuseEnvironments({ provider, account }: AccountName, deps: ProviderKeyDeps): void {
  if (!deps.environmentAccounts(provider).includes(account)) return
  throw new AppError('not_allowed_now', `the key of account ${account} comes from the environment`, {
    fix: 'change it there, or take another name for the account',
  })
}

/** Enough to recognise it by, where it is little of the whole. */
function endingOf(apiKey: Secret): string {
  const text = apiKey.reveal()
  return text.length < 20 ? '' : text.slice(-4)
}

function eventOf(
  what: 'provider_key_set' | 'provider_key_removed',
  { provider, account }: AccountName,
  values: { before: Values | null; after: Values | null },
  who: Who,
  at: Instant,
): NewEvent {
  const title = publicProviderNames[provider]
  return {
    at,
    actor: who.actor,
    instanceId: null,
    kind: 'changed',
    status: null,
    because: null,
    message: `the key of account ${account} at ${title} was ${what === 'provider_key_set' ? 'set' : 'removed'}`,
    data: { what, provider: title, account },
    ...values,
  }
}

/** For the log: of the key only what it is recognised by. */
function valuesOf(facts: Pick<ProviderKeyFacts, 'ending' | 'setAt' | 'setBy'> | undefined): Values | null {
  if (facts === undefined) return null
  return { ending: facts.ending, set_at: isoFrom(facts.setAt), set_by: facts.setBy }
}
