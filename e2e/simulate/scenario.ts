import { type ProviderName, providerNames } from '../../server/src/core/providers.ts'
import { hourMs, type Instant, minuteMs, secondMs } from '../../server/src/core/time.ts'
import type { Random } from '../../simulators/kit/random.ts'
import { drawFault } from './faults.ts'
import type { Death } from './life.ts'
import type { Tilt } from './mutations.ts'
import { drawWish, type Secrets } from './wishes.ts'

/** How rough a world is: from nothing out of the way to everything at once. */
export interface Weather {
  faults: number
  deaths: number
  storeTroubles: number
  sleeps: number
  clockErrors: number
  orders: number
  foreign: number
}

/** All that is going to happen in one world, drawn from its seed before it begins. */
export interface Scenario {
  names: readonly ProviderName[]
  /** When all trouble ends, and everything is to be ended. */
  until: Instant
  weather: Weather
  launches: PlannedLaunch[]
  budgets: { at: Instant; body: { scope: 'all'; period: 'total'; limit_usd: string; action: string } }[]
  faults: { at: Instant; provider: ProviderName; forMs: number; fault: ReturnType<typeof drawFault> }[]
  storeTroubles: { at: Instant; skip: number; left: number; when: 'before' | 'after'; message: string }[]
  sleeps: { at: Instant; ms: number }[]
  clockErrors: { at: Instant; ms: number; forMs: number }[]
  orders: { at: Instant; provider: ProviderName }[]
  /** Machines of others, and other things of theirs that bill. */
  foreign: { at: Instant; provider: ProviderName; what: 'machine' | 'thing'; label: string | null }[]
}

export interface PlannedLaunch {
  at: Instant
  body: Record<string, unknown>
  key: string | null
  /** The same call once more, at the same moment and so much later. */
  repeats: number[]
  actions: { afterMs: number; action: 'stop' | 'start' | 'restart' | 'end' | 'look' }[]
}

export function drawScenario(now: Instant, secrets: Secrets, random: Random, tilt: Tilt = {}): Scenario {
  const weather = tiltedWeather(drawWeather(random), tilt, random)
  const names = tilt.names === undefined ? drawNames(random) : [random.pick(tilt.names)]
  const lengthMs = random.int(8, 40) * minuteMs + (tilt.longer ? 40 * minuteMs : 0)
  const until = now + lengthMs
  const moment = () => now + random.int(0, lengthMs)
  const times = <T>(count: number, draw: () => T) => Array.from({ length: count }, draw)
  const provider = () => random.pick(names)
  const first = random.int(1, 4)
  const launches = times(random.int(1, 6), () => drawLaunch(now, lengthMs, names, secrets, random, tilt.wish))
  // Some at the same moment: they meet at the same offers, limits and budgets.
  if (tilt.budget === true || random.chance(0.3))
    for (const launch of launches.slice(0, first)) launch.at = launches[0]?.at ?? launch.at
  return {
    names,
    until,
    weather,
    launches,
    budgets: times(tilt.budget === true || random.chance(0.2) ? 1 : 0, () => ({
      at: now + 5 * secondMs,
      body: {
        scope: 'all' as const,
        period: 'total' as const,
        limit_usd: random.pick(['0.7', '1.5', '4', '20']),
        action: random.pick(['none', 'stop', 'terminate']),
      },
    })),
    faults: times(weather.faults, () => {
      const hit = provider()
      const fault = tilt.faults === undefined ? drawFault(hit, random) : random.pick(tilt.faults)
      return { at: moment(), provider: hit, forMs: random.int(1, 240) * secondMs, fault }
    }),
    storeTroubles: times(weather.storeTroubles, () => ({
      at: moment(),
      skip: random.int(0, 12),
      left: random.pick([1, 1, 1, 3, 20]),
      when: random.pick(['before', 'before', 'after'] as const),
      message: random.pick(['SQLITE_BUSY: database is locked', 'SQLITE_FULL: database or disk is full']),
    })),
    sleeps: times(weather.sleeps, () => ({
      at: moment(),
      ms: random.pick([20 * secondMs, 3 * minuteMs, 25 * minuteMs, 8 * hourMs]),
    })),
    clockErrors: times(weather.clockErrors, () => ({
      at: moment(),
      ms: random.pick([-1, 1]) * random.pick([30 * secondMs, 10 * minuteMs, 3 * hourMs]),
      forMs: random.int(10, 600) * secondMs,
    })),
    orders: times(weather.orders, () => ({ at: moment(), provider: provider() })),
    foreign: times(weather.foreign, () => ({
      at: moment(),
      provider: provider(),
      what: random.pick(['machine', 'machine', 'thing'] as const),
      label: random.pick([null, 'colleague', 'gf-otherfleet-inst000-1']),
    })),
  }
}

function drawWeather(random: Random): Weather {
  // A tenth of all worlds is calm: whoever only tests storms does not notice what never works.
  const rough = random.chance(0.1) ? 0 : random.next()
  const some = (most: number) => (random.chance(0.6) ? Math.round(most * rough * random.next()) : 0)
  return {
    faults: some(24),
    deaths: some(12),
    storeTroubles: some(6),
    sleeps: some(3),
    clockErrors: some(2),
    orders: some(20),
    foreign: some(4),
  }
}

function tiltedWeather(weather: Weather, tilt: Tilt, random: Random): Weather {
  return {
    ...weather,
    ...(tilt.faults !== undefined && { faults: tilt.faults.length === 0 ? 0 : random.int(4, 16) }),
    ...(tilt.deaths !== undefined && { deaths: random.int(1, tilt.deaths) }),
    ...(tilt.sleeps !== undefined && { sleeps: random.int(1, 3) }),
    ...(tilt.order !== undefined && { orders: random.int(5, 30) }),
  }
}

function drawNames(random: Random): readonly ProviderName[] {
  const count = random.pick([1, 1, 1, 2, 2, 3, 5])
  const left = [...providerNames]
  return Array.from({ length: count }, () => left.splice(random.int(0, left.length - 1), 1)[0] as ProviderName)
}

function drawLaunch(
  now: Instant,
  lengthMs: number,
  names: readonly ProviderName[],
  secrets: Secrets,
  random: Random,
  inCommon: Record<string, unknown> = {},
): PlannedLaunch {
  const actions = Array.from({ length: random.int(0, 5) }, () => ({
    afterMs: Math.floor(random.logNormal(3 * minuteMs, 1.5)),
    action: random.pick(['stop', 'start', 'restart', 'end', 'look', 'stop', 'start'] as const),
  }))
  return {
    at: now + Math.floor(lengthMs * 0.5 * random.next()),
    body: { ...drawWish(names, secrets, random), ...inCommon },
    key: random.chance(0.7) ? `key-${random.hex(8)}` : null,
    repeats: random.chance(0.3) ? [0, random.int(0, 120) * secondMs] : [],
    actions: actions.sort((one, other) => one.afterMs - other.afterMs),
  }
}

/** When the next process dies: early on, at its calls to marketplaces, or somewhere. */
export function drawDeath(random: Random): Death {
  const of = random.pick(['any', 'any', 'order', 'order', 'marketplace', 'store'] as const)
  const most = { any: 3_000, order: 12, marketplace: 120, store: 1_500, sleep: 500 }[of]
  return { of, nth: Math.max(1, Math.floor(most ** random.next())) }
}
