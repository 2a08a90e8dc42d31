/**
 * Three windows per user, in wall time. The quotas are the example of the OpenAPI file (60/min, 3000/h, 50000/day);
 * one live capture showed larger ones, so a client has to read the headers. That the windows are aligned to the
 * clock is a guess.
 */

import type { World } from './state.ts'

export interface Quota {
  minute: number
  hour: number
  day: number
}

type WindowName = keyof Quota

const windows: ReadonlyArray<{ name: WindowName; seconds: number }> = [
  { name: 'minute', seconds: 60 },
  { name: 'hour', seconds: 3600 },
  { name: 'day', seconds: 86_400 },
]

/** Counts the request, or names the window that refuses it. */
export function takeFromQuota(world: World): { refusedBy?: WindowName; headers: Record<string, string> } {
  const { rate, switches } = world.state
  if (switches.rateLimitExempt) return { headers: {} }
  const now = world.clock.now()
  for (const { name, seconds } of windows) {
    const opened = Math.floor(now / (seconds * 1000)) * seconds * 1000
    if (rate[name].opened !== opened) rate[name] = { opened, used: 0 }
  }
  const full = windows.find(({ name }) => rate[name].used >= switches.quota[name])
  if (!full) for (const { name } of windows) rate[name].used += 1

  const secondsLeft = ({ name, seconds }: { name: WindowName; seconds: number }) =>
    Math.max(1, Math.ceil((rate[name].opened + seconds * 1000 - now) / 1000))
  const headers: Record<string, string> = {
    ratelimit: windows
      .map((w) => `"${w.name}";r=${Math.max(0, switches.quota[w.name] - rate[w.name].used)};t=${secondsLeft(w)}`)
      .join(', '),
    'ratelimit-policy': windows.map((w) => `"${w.name}";q=${switches.quota[w.name]};w=${w.seconds}`).join(', '),
  }
  if (!full) return { headers }
  return { refusedBy: full.name, headers: { ...headers, 'retry-after': String(secondsLeft(full)) } }
}
