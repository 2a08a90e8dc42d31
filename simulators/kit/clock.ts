/**
 * Two kinds of time. `now` is wall time: meters and every timestamp use it. `speed` makes loading, lag and market drift
 * happen faster without touching the meter: ask `after(ms)` when something that takes `ms` in the real world is done.
 */
export interface SimClock {
  /** Milliseconds since 1970 UTC. */
  now(): number
  readonly speed: number
  /** The wall time at which something is done that takes `ms` at speed 1. */
  after(ms: number): number
  /** How far the market has drifted: milliseconds of market time since `epoch`. */
  marketTime(): number
}

export interface TurnableClock extends SimClock {
  advance(ms: number): void
}

/** A clock that flows with the machine's. */
export function flowingClock(options: { speed?: number; epoch?: number } = {}): SimClock {
  const speed = options.speed ?? 1
  const epoch = options.epoch ?? Date.now()
  return clockFrom(() => Date.now(), speed, epoch)
}

/** A clock that stands still until somebody turns it. */
export function turnableClock(start: number, options: { speed?: number } = {}): TurnableClock {
  let now = start
  return {
    ...clockFrom(() => now, options.speed ?? 1, start),
    advance(ms: number) {
      if (ms < 0) throw new RangeError('a clock only goes forward')
      now += ms
    },
  }
}

/** A clock that reads its time from elsewhere: the virtual clock of a whole-system run. */
export function clockFrom(now: () => number, speed = 1, epoch = now()): SimClock {
  return {
    now,
    speed,
    after: (ms) => Math.ceil(now() + ms / speed),
    marketTime: () => (now() - epoch) * speed,
  }
}
