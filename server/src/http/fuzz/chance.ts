/** The same numbers for the same seed. */
export interface Chance {
  /** 0 up to, but not including, 1. */
  next(): number
  whole(from: number, to: number): number
  one<T>(of: readonly T[]): T
  /** With this probability. */
  happens(probability: number): boolean
}

/** mulberry32: small, and good enough to pick with. */
export function chanceFrom(seed: number): Chance {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  return {
    next,
    whole: (from, to) => from + Math.floor(next() * (to - from + 1)),
    one(of) {
      const chosen = of[Math.floor(next() * of.length)]
      if (chosen === undefined && of.length === 0) throw new RangeError('there is nothing to choose from')
      return chosen as (typeof of)[number]
    },
    happens: (probability) => next() < probability,
  }
}
