/**
 * What a simulated marketplace charges. One line is one stretch of time at one rate; its amount is computed from its
 * ends in integers, so that the bill is exact to the nano-dollar and never drifts.
 */

/** What can bill besides machines. */
export type ThingKind = 'volume' | 'filesystem' | 'drive' | 'address' | 'snapshot' | 'template'

export interface BillLine {
  /** The machine; where `thing` is set, the id of that thing. */
  machineId: string
  label: string | null
  kind: 'gpu' | 'disk' | 'traffic' | 'other'
  /** Milliseconds since 1970. */
  startedAt: number
  /** null while the meter runs. */
  endedAt: number | null
  /** Nano-dollars per hour as decimal text, for the whole machine. */
  ratePerHour: string
  /** Set on the lines of what is not a machine. */
  thing?: ThingKind
  /** Nano-dollars so far as decimal text. */
  amount: string
}

export interface Bill {
  now: number
  lines: BillLine[]
  /** Nano-dollars as decimal text. */
  total: string
}

/** A running or finished meter as it is kept in a marketplace's state (plain JSON). */
export interface Meter {
  machineId: string
  label: string | null
  kind: BillLine['kind']
  startedAt: number
  endedAt: number | null
  ratePerHour: string
  thing?: ThingKind
  /** The marketplace's smallest billed step in milliseconds; a begun step counts whole. 1 means no rounding of time. */
  stepMs: number
}

/** Nano-dollars for a stretch: `rate × billed milliseconds / 3,600,000`, halves up. */
export function meterAmount(
  meter: Pick<Meter, 'startedAt' | 'endedAt' | 'ratePerHour' | 'stepMs'>,
  now: number,
): bigint {
  const elapsed = Math.max(0, (meter.endedAt ?? now) - meter.startedAt)
  const billedMs = BigInt(Math.ceil(elapsed / meter.stepMs) * meter.stepMs)
  return (BigInt(meter.ratePerHour) * billedMs + 1_800_000n) / 3_600_000n
}

export function billFrom(meters: readonly Meter[], now: number): Bill {
  let total = 0n
  const lines = meters.map((meter): BillLine => {
    const amount = meterAmount(meter, now)
    total += amount
    const { stepMs: _stepMs, ...line } = meter
    return { ...line, amount: amount.toString() }
  })
  return { now, lines, total: total.toString() }
}

/** Dollars as text or number to nano-dollars: exact for up to nine decimals, halves up beyond. */
export function nanosFromUsd(usd: number | string): bigint {
  const text = typeof usd === 'number' ? usd.toFixed(12) : usd
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text)
  if (!match) throw new RangeError(`not an amount of dollars: ${text}`)
  const [, sign, whole = '0', fraction = ''] = match
  const digits = `${whole}${fraction.padEnd(10, '0').slice(0, 10)}`
  const nanos = (BigInt(digits) + 5n) / 10n
  return sign === '-' ? -nanos : nanos
}
