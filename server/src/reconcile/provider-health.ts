import {
  isKnownVersion,
  nextEnd,
  type ProviderHealth,
  strangeVersions,
  unknownHealth,
} from '../core/provider-health.ts'
import { type ProviderName, providerNamed, providerNames, publicProviderNames } from '../core/providers.ts'
import { type Clock, hourMs, type Instant, isoFrom, minuteMs } from '../core/time.ts'
import type { Log } from '../observability/log.ts'
import type { Metrics } from '../observability/metrics.ts'
import { deprecationText, type Notice } from '../outbound/notices.ts'
import type { Provider, ProviderError, Providers } from '../providers/provider.ts'
import type { NewEvent } from '../store/events.ts'
import type { ProviderHealthStore } from '../store/provider-health.ts'

export interface HealthWatch {
  /** Reads what an earlier process knew. */
  begin(): Promise<void>
  answered(provider: Provider, verb: string): void
  failed(provider: Provider, verb: string, error: ProviderError): void
  noticed(notice: Notice): void
  of(provider: ProviderName): ProviderHealth
  /** What people should know before they rent there; null: nothing. */
  warningAbout(provider: ProviderName): string | null
  /** Writes down what has changed since it was last asked. */
  flush(): Promise<void>
}

export interface HealthWatchDeps {
  store: ProviderHealthStore
  providers: () => Pick<Providers, 'all'>
  isEnabled: (provider: ProviderName) => boolean
  clock: Pick<Clock, 'now'>
  log: Log
  metrics: Metrics
}

/** A good answer is news once in so long. */
const checkedEveryMs = minuteMs
/** An answer that stays unreadable is told again after so long. */
const tellAgainMs = 6 * hourMs

/**
 * Keeps an eye on the marketplaces' APIs: what they announce, which version they answer with, and answers that we cannot
 * read. What is noticed waits for `flush`, so that no call of a marketplace waits for our store.
 */
export function createHealthWatch({ store, providers, isEnabled, clock, log, metrics }: HealthWatchDeps): HealthWatch {
  const known = new Map<ProviderName, ProviderHealth>()
  const changed = new Set<ProviderName>()
  let news: NewEvent[] = []
  const unexpected = metrics.counter(
    'gpufleet_provider_unexpected_replies_total',
    'Answers that we could not read, by provider and call: its API may have changed.',
    ['provider', 'verb'],
  )
  const newCodes = metrics.counter(
    'gpufleet_provider_new_error_codes_total',
    'Refusals with an error code that we have not met: its API may have changed.',
    ['provider', 'verb'],
  )
  const metCodes = new Set<string>()
  const mismatches = metrics.gauge(
    'gpufleet_provider_version_mismatch',
    'Versions that a provider answers from now and that its client is not written for.',
    ['provider'],
  )

  function change(provider: ProviderName, next: Partial<ProviderHealth>): void {
    known.set(provider, { ...of(provider), ...next })
    changed.add(provider)
  }

  function of(provider: ProviderName): ProviderHealth {
    return known.get(provider) ?? unknownHealth
  }

  function descriptionOf(provider: ProviderName) {
    return providers()
      .all()
      .find((one) => one.name === provider)
      ?.describe()
  }

  /** Others that could be used instead. */
  function alternatives(provider: ProviderName): string {
    const usable = new Set(
      providers()
        .all()
        .map((one) => one.name),
    )
    const others = providerNames.filter((name) => name !== provider && usable.has(name) && isEnabled(name))
    if (others.length > 0) return `can be used instead: ${others.map((name) => publicProviderNames[name]).join(', ')}`
    return 'no other provider is configured here: set the key of another'
  }

  function tell(provider: ProviderName, what: string, message: string, data: Record<string, unknown> = {}): void {
    const at = clock.now()
    news.push({
      at,
      instanceId: null,
      kind: 'provider',
      status: null,
      because: null,
      message,
      data: { provider: publicProviderNames[provider], what, ...data },
    })
  }

  /** Told once for each code while we run. */
  function metNewCode(provider: ProviderName, verb: string, code: string, error: ProviderError): void {
    newCodes.inc({ provider, verb })
    if (metCodes.has(`${provider} ${code}`)) return
    metCodes.add(`${provider} ${code}`)
    log.warn('provider refused with an error code that we have not met', { provider, verb, code, kind: error.kind })
    const message = `${publicProviderNames[provider]} refused ${verb} with a code that we have not met: ${code}; taken for ${error.kind}`
    tell(provider, 'new_error_code', message, { verb, code, taken_for: error.kind })
    changed.add(provider)
  }

  function countMismatches(provider: ProviderName): void {
    mismatches.set({ provider }, strangeVersions(of(provider), descriptionOf(provider)?.expectedVersions).length)
  }

  /** Kept by call, because one marketplace may answer from several versions. Each version is told of once. */
  function answeredFrom(provider: ProviderName, version: string, { operation, text }: Notice): void {
    const { versions } = of(provider)
    const before = versions[operation]
    const isNew = !Object.values(versions).some(({ seen }) => seen.includes(version))
    const seen = before?.seen.includes(version) ? before.seen : [...(before?.seen ?? []), version]
    change(provider, { observedVersion: version, versions: { ...versions, [operation]: { current: version, seen } } })
    countMismatches(provider)
    if (!isNew) return
    const expected = descriptionOf(provider)?.expectedVersions ?? []
    if (!isKnownVersion(version, expected)) {
      const message = `${publicProviderNames[provider]} answers ${operation} from API version ${version}; expected ${expected.join(' or ')}`
      log.error('provider answers from an unexpected version', { provider, operation, expected, got: version })
      const todo = `look for a newer gpufleet; until then ${alternatives(provider)}`
      tell(provider, 'version_mismatch', `${message}; ${todo}`, { operation, expected, got: version })
    } else if (before !== undefined) {
      tell(provider, 'version_change', text, { version, before: before.current })
    }
  }

  /** What ends on one day is one announcement, of however many calls it is said. */
  function deprecated(provider: ProviderName, { operation, since, sunsetAt, link }: Notice): void {
    const { deprecations } = of(provider)
    const before = deprecations.find((one) => one.sunsetAt === sunsetAt)
    if (before?.operations.includes(operation)) return
    const operations = [...(before?.operations ?? []), operation]
    const text = deprecationText(publicProviderNames[provider], operations, { since, sunsetAt })
    const one = { noticedAt: before?.noticedAt ?? clock.now(), sunsetAt, operations, text, link: before?.link ?? link }
    change(provider, { deprecations: [...deprecations.filter((other) => other !== before), one] })
    const until = sunsetAt === null ? null : isoFrom(sunsetAt)
    const what = { what: 'deprecation', provider: publicProviderNames[provider], sunset_at: until }
    const message = `${text} ${capitalised(alternatives(provider))}.`
    const untold = news.findIndex(({ data }) => Object.entries(what).every(([key, value]) => data?.[key] === value))
    // Calls that say the same before it is written down are named in the same event.
    if (untold >= 0) news.splice(untold, 1)
    if (untold >= 0 || before === undefined) tell(provider, what.what, message, { sunset_at: until, link, operations })
  }

  return {
    of,

    warningAbout(provider) {
      const announced = nextEnd(of(provider))?.text ?? descriptionOf(provider)?.deprecated?.text
      return announced === undefined ? null : `${announced} ${capitalised(alternatives(provider))}.`
    },

    async begin() {
      for (const [provider, health] of await store.all()) if (!known.has(provider)) known.set(provider, health)
    },

    answered({ name }, verb) {
      const { unreadable, lastCheckedAt } = of(name)
      const now = clock.now()
      if (verb in unreadable) {
        const { [verb]: _readable, ...rest } = unreadable
        change(name, { unreadable: rest, lastCheckedAt: now })
        tell(name, 'readable_again', `${publicProviderNames[name]} answers ${verb} as we understand it again`, { verb })
      } else if (isNews(lastCheckedAt, now, checkedEveryMs)) change(name, { lastCheckedAt: now })
    },

    failed({ name }, verb, error) {
      const { newCode } = error.failure
      if (newCode !== undefined) metNewCode(name, verb, newCode, error)
      if (error.kind !== 'unexpected_reply') return
      unexpected.inc({ provider: name, verb })
      const { unreadable } = of(name)
      const now = clock.now()
      if (!isNews(unreadable[verb]?.since ?? null, now, tellAgainMs)) return
      change(name, { unreadable: { ...unreadable, [verb]: { since: now, what: error.message } } })
      tell(
        name,
        'unexpected_reply',
        `${publicProviderNames[name]} answered ${verb} in a way we do not understand: ${error.message}; its API may have changed; ${alternatives(name)}`,
        { verb },
      )
      log.error('provider answered in a way we do not understand', { provider: name, verb, error: error.message })
    },

    noticed(notice) {
      const name = providerNamed(notice.target)
      if (name === undefined) return
      if (notice.kind === 'deprecation') deprecated(name, notice)
      else if (notice.version !== null) answeredFrom(name, notice.version, notice)
    },

    async flush() {
      const events = news
      const touched = [...changed]
      news = []
      changed.clear()
      for (const provider of touched) {
        const about = events.filter((event) => event.data?.provider === publicProviderNames[provider])
        await store.put(provider, of(provider), about).catch((error: unknown) => {
          // Tried again at the next flush.
          changed.add(provider)
          news.push(...about)
          log.error('what is known of a provider could not be written down', { provider, error })
        })
      }
    },
  }
}

/** Also when the clock was set back. */
function isNews(since: Instant | null, now: Instant, afterMs: number): boolean {
  return since === null || now < since || now - since >= afterMs
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
