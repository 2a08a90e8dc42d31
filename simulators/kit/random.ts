/** Seeded chance (mulberry32), whose whole state is one number, so that it can be saved. */
export interface Random {
  /** [0, 1) */
  next(): number
  /** An integer from `min` to `max`, both included. */
  int(min: number, max: number): number
  pick<T>(items: readonly T[]): T
  chance(probability: number): boolean
  /** Log-normal around a median: prices, loading times. */
  logNormal(median: number, sigma: number): number
  hex(length: number): string
  state(): number
}

export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
  const int = (min: number, max: number) => min + Math.floor(next() * (max - min + 1))
  return {
    next,
    int,
    pick<T>(items: readonly T[]): T {
      if (items.length === 0) throw new RangeError('nothing to pick from')
      return items[int(0, items.length - 1)] as T
    },
    chance: (probability) => next() < probability,
    logNormal(median, sigma) {
      const normal = Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next())
      return median * Math.exp(sigma * normal)
    },
    hex: (length) => Array.from({ length }, () => int(0, 15).toString(16)).join(''),
    state: () => state,
  }
}

/** A number from a text and a seed: the same pair gives the same stream, whatever else was drawn before. */
export function seedFrom(seed: number, text: string): number {
  let hash = (seed ^ 0x811c9dc5) >>> 0
  for (const char of text) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193) >>> 0
  return hash
}
