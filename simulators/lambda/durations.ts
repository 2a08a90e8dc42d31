/**
 * How long things take at speed 1, in milliseconds.
 *
 * @source Boot times: 165 to 478 s over seven single-GPU rentals and "3-5 minutes typical"; 10 to 15 minutes with
 *         several GPUs; just over 20 minutes for 8x H100 (public benchmarks and dstackai/dstack#2353).
 */

import type { Random } from '../kit/random.ts'
import type { TypeFacts } from './catalogue.ts'

export const seconds = (count: number): number => count * 1_000
export const minutes = (count: number): number => count * 60_000
export const hours = (count: number): number => count * 3_600_000

export function bootMs(type: TypeFacts, random: Random): number {
  if (type.gpus <= 1) return drawn(random, { median: 240, sigma: 0.28, min: 165, max: 478 })
  const slow = type.gpus === 8 && /_(h100|b200)_/.test(type.name)
  if (slow) return drawn(random, { median: 1_230, sigma: 0.06, min: 1_080, max: 1_500 })
  return drawn(random, { median: 750, sigma: 0.12, min: 600, max: 900 })
}

function drawn(random: Random, range: { median: number; sigma: number; min: number; max: number }): number {
  const value = random.logNormal(range.median, range.sigma)
  return seconds(Math.min(range.max, Math.max(range.min, value)))
}

/** SSH answers "some seconds to a minute" after `active` (skypilot-org/skypilot#2265). */
export const sshMs = (random: Random): number => seconds(random.int(3, 60))

/** Guesses: no document says how long a restart, a termination, or the memory of a terminated instance lasts. */
export const restartDownMs = (random: Random): number => seconds(random.int(5, 15))
export const restartMs = (random: Random): number => seconds(random.int(60, 180))
export const blipMs = (random: Random): number => seconds(random.int(20, 120))
export const terminatingMs = (random: Random): number => seconds(random.int(30, 120))
export const rememberedMs = minutes(5)
