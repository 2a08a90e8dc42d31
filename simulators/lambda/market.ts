/**
 * Capacity and prices. A type is rentable in a region during windows: open and closed stretches follow each other, each
 * drawn when it begins. Prices move only when somebody orders it; Lambda's move by steps, months apart.
 *
 * Calibration of the windows: hourly series of the instance-type list (nixj9/gpu-market-intel), the 476 snapshots of
 * 2026-05-05 to 2026-06-30, median gap 100 minutes. `share` is the part of snapshots in which the region was listed,
 * `openMedianHours` the median length of such a stretch; mean over median was 1.3 to 2.8, hence sigma 1 (1.65).
 * Stretches shorter than the gap between snapshots cannot be seen in it. Earlier months were tighter: one H100 had
 * capacity somewhere in 5 % of the snapshots of March, 11 % of April, 48 % of May and 80 % of June.
 */

import { seededRandom, seedFrom } from '../kit/random.ts'
import { instanceTypes, type RegionView, regionNamed, type TypeFacts } from './catalogue.ts'
import { hours, seconds } from './durations.ts'
import type { LambdaState, Window } from './state.ts'

interface CapacityRow {
  type: string
  region: string
  share: number
  openMedianHours: number
  /** At most this many machines are behind one window. Nobody publishes stock: a guess by size. */
  stock: number
  /** The first window is open: a new market has something of every price. Not from the recording. */
  openAtStart?: true
}

export const capacityRows: readonly CapacityRow[] = [
  // Recorded.
  { type: 'gpu_1x_gh200', region: 'us-east-3', share: 0.399, openMedianHours: 3.6, stock: 6, openAtStart: true },
  { type: 'gpu_8x_b200_sxm6', region: 'us-east-1', share: 0.021, openMedianHours: 3.5, stock: 2 },
  { type: 'gpu_8x_b200_sxm6', region: 'australia-east-1', share: 0.011, openMedianHours: 3.8, stock: 1 },
  { type: 'gpu_2x_b200_sxm6', region: 'us-east-1', share: 0.006, openMedianHours: 2.9, stock: 2 },
  { type: 'gpu_2x_b200_sxm6', region: 'australia-east-1', share: 0.004, openMedianHours: 1.4, stock: 2 },
  { type: 'gpu_1x_b200_sxm6', region: 'us-east-1', share: 0.019, openMedianHours: 4.3, stock: 4, openAtStart: true },
  { type: 'gpu_1x_b200_sxm6', region: 'australia-east-1', share: 0.013, openMedianHours: 4.6, stock: 3 },
  { type: 'gpu_8x_h100_sxm5', region: 'us-south-2', share: 0.011, openMedianHours: 4.2, stock: 2, openAtStart: true },
  { type: 'gpu_8x_h100_sxm5', region: 'us-west-3', share: 0.004, openMedianHours: 2.3, stock: 1 },
  { type: 'gpu_4x_h100_sxm5', region: 'us-south-2', share: 0.099, openMedianHours: 4.6, stock: 3 },
  { type: 'gpu_4x_h100_sxm5', region: 'us-southeast-1', share: 0.059, openMedianHours: 4.4, stock: 3 },
  { type: 'gpu_4x_h100_sxm5', region: 'us-south-3', share: 0.027, openMedianHours: 3.7, stock: 2 },
  { type: 'gpu_2x_h100_sxm5', region: 'us-southeast-1', share: 0.421, openMedianHours: 4.6, stock: 4 },
  { type: 'gpu_2x_h100_sxm5', region: 'us-south-2', share: 0.217, openMedianHours: 4.5, stock: 4 },
  { type: 'gpu_2x_h100_sxm5', region: 'us-south-3', share: 0.097, openMedianHours: 3.8, stock: 3 },
  {
    type: 'gpu_1x_h100_sxm5',
    region: 'us-southeast-1',
    share: 0.547,
    openMedianHours: 4.6,
    stock: 8,
    openAtStart: true,
  },
  { type: 'gpu_1x_h100_sxm5', region: 'us-south-2', share: 0.472, openMedianHours: 4.1, stock: 8 },
  { type: 'gpu_1x_h100_sxm5', region: 'us-south-3', share: 0.324, openMedianHours: 5.5, stock: 6 },
  { type: 'gpu_1x_h100_pcie', region: 'us-west-3', share: 0.396, openMedianHours: 4.6, stock: 6 },
  // An aggregator listed it in 466 of 565 snapshots of 2025-10/11, mostly in two regions, in stretches of 1.5 hours
  // (Prime Intellect); two snapshots of 2026-03-11 name Illinois and Sydney.
  {
    type: 'gpu_8x_a100_80gb_sxm4',
    region: 'us-midwest-1',
    share: 0.7,
    openMedianHours: 1.5,
    stock: 3,
    openAtStart: true,
  },
  { type: 'gpu_8x_a100_80gb_sxm4', region: 'australia-east-1', share: 0.6, openMedianHours: 1.5, stock: 2 },
  // Named in two snapshots of 2026-03-11 as regions of 40 GB A100s; which type was where, and the shares, are guesses.
  { type: 'gpu_1x_a100_sxm4', region: 'us-west-2', share: 0.6, openMedianHours: 4, stock: 8, openAtStart: true },
  { type: 'gpu_1x_a100_sxm4', region: 'us-east-1', share: 0.3, openMedianHours: 3, stock: 6 },
  { type: 'gpu_1x_a100', region: 'asia-northeast-2', share: 0.5, openMedianHours: 4, stock: 4 },
  { type: 'gpu_1x_a100', region: 'europe-central-1', share: 0.5, openMedianHours: 4, stock: 4 },
  // Guesses from here: the recorder's filter dropped these types.
  { type: 'gpu_1x_a10', region: 'us-east-1', share: 0.7, openMedianHours: 6, stock: 12, openAtStart: true },
  { type: 'gpu_1x_a10', region: 'us-west-1', share: 0.5, openMedianHours: 4, stock: 8 },
  { type: 'gpu_1x_a10', region: 'us-west-2', share: 0.4, openMedianHours: 4, stock: 8 },
  { type: 'gpu_2x_a100', region: 'us-south-1', share: 0.2, openMedianHours: 3, stock: 3 },
  { type: 'gpu_4x_a100', region: 'us-south-1', share: 0.1, openMedianHours: 3, stock: 2 },
  { type: 'gpu_8x_a100', region: 'us-west-1', share: 0.2, openMedianHours: 3, stock: 2 },
  { type: 'gpu_8x_v100', region: 'us-south-1', share: 0.6, openMedianHours: 8, stock: 4, openAtStart: true },
  { type: 'gpu_8x_v100_n', region: 'us-south-1', share: 0.4, openMedianHours: 8, stock: 4 },
  { type: 'gpu_1x_rtx6000', region: 'us-south-1', share: 0.3, openMedianHours: 4, stock: 4 },
  { type: 'cpu_4x_general', region: 'us-east-1', share: 0.9, openMedianHours: 24, stock: 20, openAtStart: true },
  // gpu_4x_b200_sxm6 (0 of 1,330 snapshots) and the A6000 types (0 of 688) are sold and never there: no row.
]

const sigma = 1

/** A region leaves the list this long after its capacity has: guessed, from launches refused "seconds after" listing. */
const listStaleMs = seconds(20)

const pairOf = (type: string, region: string) => `${type}@${region}`

export function openingWindows(seed: number, now: number, speed: number): Record<string, Window> {
  const windows: Record<string, Window> = {}
  for (const row of capacityRows) {
    const pair = pairOf(row.type, row.region)
    const random = seededRandom(seedFrom(seed, pair))
    const open = row.openAtStart ?? random.chance(row.share)
    const length = stretchMs(row, open, random.logNormal(1, sigma))
    // A market that has been there before us: outside the promised windows we arrive somewhere inside a stretch.
    const passed = row.openAtStart ? 0 : random.next()
    windows[pair] = {
      open,
      changesAt: Math.ceil(now + (length * (1 - passed)) / speed),
      stock: open ? (row.openAtStart ? row.stock : random.int(1, row.stock)) : 0,
      listedUntil: 0,
      chance: random.state(),
    }
  }
  return windows
}

/** Closed stretches are scaled so that the long-run share of open time is the recorded one. */
function stretchMs(row: CapacityRow, open: boolean, factor: number): number {
  const openMs = hours(row.openMedianHours) * factor
  return open ? openMs : (openMs * (1 - row.share)) / row.share
}

export function stepMarket(state: LambdaState, now: number, speed: number): void {
  for (const row of capacityRows) {
    const window = state.windows[pairOf(row.type, row.region)]
    if (!window) continue
    while (window.changesAt !== null && window.changesAt <= now) turn(window, row, window.changesAt, speed)
  }
}

function turn(window: Window, row: CapacityRow, at: number, speed: number): void {
  const random = seededRandom(window.chance)
  window.open = !window.open
  window.changesAt = Math.ceil(at + Math.max(1, stretchMs(row, window.open, random.logNormal(1, sigma)) / speed))
  window.stock = window.open ? random.int(1, row.stock) : 0
  window.listedUntil = window.open ? 0 : Math.ceil(at + listStaleMs / speed)
  window.chance = random.state()
}

export function regionsListed(state: LambdaState, type: string, now: number): RegionView[] {
  return Object.entries(state.windows).flatMap(([pair, window]) => {
    const [name, regionName = ''] = pair.split('@')
    const region = regionNamed(regionName)
    return name === type && region && (window.open || now < window.listedUntil) ? [region] : []
  })
}

/** Takes one machine out of the window; false when there is none, whatever the list says. */
export function takeCapacity(
  state: LambdaState,
  wanted: { type: string; region: string },
  now: number,
  speed: number,
): boolean {
  const window = state.windows[pairOf(wanted.type, wanted.region)]
  if (!window?.open || window.stock <= 0) return false
  window.stock -= 1
  const row = capacityRows.find((candidate) => candidate.type === wanted.type && candidate.region === wanted.region)
  if (window.stock === 0) {
    if (window.changesAt !== null && row) turn(window, row, now, speed)
    else closeWindow(window, now, speed)
  }
  return true
}

function closeWindow(window: Window, now: number, speed: number): void {
  window.open = false
  window.stock = 0
  window.listedUntil = Math.ceil(now + listStaleMs / speed)
}

/** A window that stays as it is until it is released. */
export function pinWindow(
  state: LambdaState,
  order: { type: string; region: string; available: boolean; stock: number },
): void {
  const pair = pairOf(order.type, order.region)
  const old = state.windows[pair]
  state.windows[pair] = {
    open: order.available,
    changesAt: null,
    stock: order.available ? order.stock : 0,
    listedUntil: 0,
    chance: old?.chance ?? seedFrom(state.seed, pair),
  }
}

/** Lets a pinned window move again, from now. A pair without calibration has nothing to move by and closes. */
export function releaseWindow(state: LambdaState, order: { type: string; region: string }, now: number): void {
  const pair = pairOf(order.type, order.region)
  const window = state.windows[pair]
  if (!window) return
  if (capacityRows.some((row) => row.type === order.type && row.region === order.region)) window.changesAt = now + 1
  else delete state.windows[pair]
}

/** Whole cents, as the API has no fractions. `listed` prices are in the list; a rental may have been ordered to differ. */
export function priceCents(state: LambdaState, type: TypeFacts, kind: 'listed' | 'rental'): number {
  let cents = type.cents[state.priceList]
  for (const change of state.priceChanges) {
    if (kind === 'listed' && !change.listed) continue
    if (matches(change.matching, type)) cents *= change.factor
  }
  return Math.max(0, Math.round(cents))
}

/** Does a control's text hit this type (and region, where one is known)? */
export function matches(matching: string | null, type: TypeFacts, region = ''): boolean {
  if (matching === null) return true
  return [type.name, type.description, region].some((text) => text.toLowerCase().includes(matching.toLowerCase()))
}

export const typeNamed = (name: string): TypeFacts | undefined => instanceTypes.get(name)
