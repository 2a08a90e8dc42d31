import type { World } from './state.ts'

/** A bucket of tokens on the clock of the meters: it is not sped up. */
export function takeToken(world: World, name: string, burst: number, perSecond: number): boolean {
  const now = world.clock.now()
  const bucket = world.state.buckets[name] ?? { tokens: burst, at: now }
  const tokens = Math.min(burst, bucket.tokens + ((now - bucket.at) / 1_000) * perSecond)
  const allowed = tokens >= 1
  world.state.buckets[name] = { tokens: allowed ? tokens - 1 : tokens, at: now }
  return allowed
}
