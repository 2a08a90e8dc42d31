import type { Instant } from '../core/time.ts'

/** Something a provider tells all its clients in passing: its API is about to change, or has. */
export interface Notice {
  target: string
  account: string
  operation: string
  /** `version`: the first one that it named since we began, or one that it had named before. */
  kind: 'deprecation' | 'version' | 'version_change'
  /** One sentence for a person. */
  text: string
  /** The version that it answers with; null in a deprecation. */
  version: string | null
  /** Since when it is deprecated, where that was said. */
  since: Instant | null
  /** When it stops working, where that was said. */
  sunsetAt: Instant | null
  /** Where they explain it, where that was said. */
  link: string | null
}

interface Source {
  target: string
  account: string
  operation: string
}

/**
 * Notices deprecations and changes of version, each once. What it has seen is in memory: after a restart a deprecation is
 * told again, and a version that changed meanwhile is not.
 *
 * @source  RFC 9745 (`Deprecation: @1688169599`, in older drafts `true` or a date) · RFC 8594 (`Sunset`: an HTTP date)
 */
export class NoticeBoard {
  readonly #deprecations = new Map<string, string>()
  readonly #versions = new Map<string, string>()
  readonly #everSeen = new Set<string>()

  news(source: Source, headers: Readonly<Record<string, string>>): Notice[] {
    return [this.#deprecation(source, headers), this.#versionChange(source, headers)].filter(
      (notice) => notice !== null,
    )
  }

  #deprecation(source: Source, headers: Readonly<Record<string, string>>): Notice | null {
    const { deprecation, sunset, link } = headers
    if (deprecation === undefined && sunset === undefined) return null
    const said = `${deprecation ?? ''}|${sunset ?? ''}`
    if (!isNew(this.#deprecations, source, said)) return null

    const since = deprecation === undefined ? null : instantFrom(deprecation)
    const sunsetAt = sunset === undefined ? null : instantFrom(sunset)
    return {
      ...only(source),
      kind: 'deprecation',
      text: deprecationText(source.target, [source.operation], { since, sunsetAt }),
      version: null,
      since,
      sunsetAt,
      link: explanation(link),
    }
  }

  #versionChange(source: Source, headers: Readonly<Record<string, string>>): Notice | null {
    const version = headers['api-version'] ?? headers['x-api-version']
    if (version === undefined) return null
    // Kept per operation, because one marketplace may answer from several versions.
    const before = this.#versions.get(keyOf(source))
    if (!isNew(this.#versions, source, version)) return null
    // Servers of two versions side by side would be news with every second answer.
    const seen = `${keyOf(source)} ${version}`
    const isChange = before !== undefined && !this.#everSeen.has(seen)
    this.#everSeen.add(seen)
    const now = `${source.target} ${before === undefined ? 'answers' : 'now answers'} ${source.operation} from API version ${version}`
    return {
      ...only(source),
      kind: isChange ? 'version_change' : 'version',
      text: before === undefined ? `${now}.` : `${now}; before it was ${before}.`,
      version,
      since: null,
      sunsetAt: null,
      link: null,
    }
  }
}

/** One sentence for a person. */
export function deprecationText(
  who: string,
  operations: readonly string[],
  { since, sunsetAt }: Pick<Notice, 'since' | 'sunsetAt'>,
): string {
  return [
    `${who} calls what we use for ${operations.join(', ')} deprecated`,
    since === null ? '' : ` since ${day(since)}`,
    sunsetAt === null ? '' : `; it ends on ${day(sunsetAt)}`,
    '.',
  ].join('')
}

function isNew(seen: Map<string, string>, source: Source, value: string): boolean {
  const key = keyOf(source)
  if (seen.get(key) === value) return false
  seen.set(key, value)
  return true
}

/** Two accounts hear the same from one marketplace. */
function keyOf({ target, operation }: Source): string {
  return `${target} ${operation}`
}

function only({ target, account, operation }: Source): Source {
  return { target, account, operation }
}

function instantFrom(value: string): Instant | null {
  const unixSeconds = /^@(-?\d+)$/.exec(value.trim())?.[1]
  const instant = unixSeconds === undefined ? Date.parse(value) : Number(unixSeconds) * 1000
  return Number.isNaN(instant) || Math.abs(instant) > 8.64e15 ? null : instant
}

function day(instant: Instant): string {
  return new Date(instant).toISOString().slice(0, 10)
}

function explanation(link: string | undefined): string | null {
  return /<([^>]*)>\s*;[^,]*rel="?(?:deprecation|sunset|successor-version)/i.exec(link ?? '')?.[1] ?? null
}
