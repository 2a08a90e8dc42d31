import { type Nanos, nanos, nanosFromUsd, sum } from '../../core/money.ts'
import { hourMs, type Instant, minuteMs } from '../../core/time.ts'
import type { BillLine, ProviderBill } from '../provider.ts'
import type { RunpodClient } from './client.ts'
import type { RunpodPodCharge, RunpodVolumeCharge } from './wire.ts'

/** Twice the "about every 5 minutes" of the document. */
const delayMs = 10 * minuteMs

/**
 * Whole hours only: the hour that runs is on their bill as far as it has gone, and is left out. The first hour may begin
 * before the period.
 *
 * @source providers/runpod.md 2.7
 */
export async function billFromRunpod(
  client: Pick<RunpodClient, 'podCharges' | 'volumeCharges'>,
  period: { from: Instant; until: Instant },
  now: Instant,
  signal?: AbortSignal,
): Promise<ProviderBill> {
  const settled = Math.floor((now - delayMs) / hourMs) * hourMs
  const hours = {
    from: Math.floor(period.from / hourMs) * hourMs,
    until: Math.min(Math.ceil(period.until / hourMs) * hourMs, settled),
  }
  const completeUntil = Math.min(period.until, settled)
  if (hours.from >= hours.until) return { lines: [], completeUntil }
  const pods = await client.podCharges(hours, signal)
  const volumes = await client.volumeCharges(hours, signal)
  const lines = [...pods.flatMap(linesFromPod), ...volumes.map(lineFromVolume)]
  return {
    lines: lines.filter(({ from, until, amount }) => until > hours.from && from < hours.until && amount !== 0n),
    completeUntil,
  }
}

/** One line for each part, and one for what the total charges beyond them. */
function linesFromPod(record: RunpodPodCharge): BillLine[] {
  const rest = { externalId: record.podId, label: null, ...stretchOf(record) }
  const parts: BillLine[] = [
    { ...rest, kind: 'gpu', amount: nanosFromUsd(record.gpuAmount) },
    { ...rest, kind: 'other', amount: nanosFromUsd(record.cpuAmount) },
    { ...rest, kind: 'disk', amount: nanosFromUsd(record.diskAmount) },
  ]
  const left = nanos(nanosFromUsd(record.totalAmount) - sum(parts.map(({ amount }) => amount)))
  return isFloatNoise(left) ? parts : [...parts, { ...rest, kind: 'other', amount: left }]
}

function lineFromVolume(record: RunpodVolumeCharge): BillLine {
  const amount = nanosFromUsd(record.totalAmount)
  return { externalId: record.networkVolumeId, label: null, kind: 'disk', ...stretchOf(record), amount }
}

function stretchOf({ startTime, endTime }: { startTime: string; endTime: string }): { from: Instant; until: Instant } {
  return { from: Date.parse(startTime), until: Date.parse(endTime) }
}

/** Amounts are doubles; each is rounded to a nano-dollar by itself. */
function isFloatNoise(amount: Nanos): boolean {
  return amount >= -3n && amount <= 3n
}
