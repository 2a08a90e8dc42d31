/**
 * What filesystems cost: by the GiB used, whether anything mounts them or not.
 *
 * @source  docs.lambda.ai/public-cloud/billing (read 2026-11): "billed per GiB used per month in one-hour increments",
 *          a month being 720 hours; 0.20 $ is the rate of its example, "which might not reflect current pricing".
 */

import type { Filesystem, LambdaState } from './state.ts'

const hourMs = 3_600_000
const nanosPerGibMonth = 200_000_000
const hoursPerMonth = 720

/** From now on so much is used. A begun hour is charged at the use it began with; the new use counts from the next. */
export function meterUse(state: LambdaState, filesystem: Filesystem, gib: number, at: number): void {
  let from = at
  for (const meter of state.meters) {
    if (meter.machineId !== filesystem.id || meter.endedAt !== null) continue
    meter.endedAt = at
    from = meter.startedAt + Math.max(0, Math.ceil((at - meter.startedAt) / hourMs)) * hourMs
  }
  filesystem.usedGib = gib
  if (gib === 0) return
  state.meters.push({
    machineId: filesystem.id,
    label: filesystem.name,
    kind: 'disk',
    thing: 'filesystem',
    startedAt: from,
    endedAt: null,
    ratePerHour: Math.round((gib * nanosPerGibMonth) / hoursPerMonth).toString(),
    stepMs: hourMs,
  })
}
