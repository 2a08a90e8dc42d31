import type { Instant } from '../time.ts'

export interface CacheFigures {
  name: string
  size: number
  maxSize: number
  ttlMs: number
  hits: number
  misses: number
}

/** Answers that are asked for again and again, each for a short while, with how often that saved work. */
export class TimedCache<V> {
  readonly name: string
  readonly #ttlMs: number
  readonly #maxSize: number
  readonly #entries = new Map<string, { value: V; until: Instant }>()
  #hits = 0
  #misses = 0

  constructor(name: string, { ttlMs, maxSize }: { ttlMs: number; maxSize: number }) {
    this.name = name
    this.#ttlMs = ttlMs
    this.#maxSize = maxSize
  }

  get(key: string, now: Instant): V | undefined {
    const entry = this.#entries.get(key)
    // A clock that was turned back must not keep an old answer alive.
    if (entry === undefined || entry.until <= now || entry.until > now + this.#ttlMs) {
      this.#misses += 1
      return undefined
    }
    this.#hits += 1
    return entry.value
  }

  put(key: string, value: V, now: Instant): void {
    this.#entries.delete(key)
    this.#entries.set(key, { value, until: now + this.#ttlMs })
    const [oldest] = this.#entries.keys()
    if (this.#entries.size > this.#maxSize && oldest !== undefined) this.#entries.delete(oldest)
  }

  /** @returns whether it was there */
  remove(key: string): boolean {
    return this.#entries.delete(key)
  }

  clear(): void {
    this.#entries.clear()
  }

  /** Drops what is too old. @returns how many */
  cleanup(now: Instant): number {
    const before = this.#entries.size
    for (const [key, { until }] of this.#entries) if (until <= now) this.#entries.delete(key)
    return before - this.#entries.size
  }

  forgetFigures(): void {
    this.#hits = 0
    this.#misses = 0
  }

  figures(): CacheFigures {
    return {
      name: this.name,
      size: this.#entries.size,
      maxSize: this.#maxSize,
      ttlMs: this.#ttlMs,
      hits: this.#hits,
      misses: this.#misses,
    }
  }
}
