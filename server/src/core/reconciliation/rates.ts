import type { Machine } from '../instances/machine.ts'
import { type Nanos, noMoney, sum } from '../money.ts'
import type { Finding, Verdict } from './finding.ts'

/** What a machine costs per hour now, by its meters; null when it bills and nobody says how much. */
export function rateOf({
  meters,
  phase,
  pricePerHour,
}: Pick<Machine, 'meters' | 'phase' | 'pricePerHour'>): Nanos | null {
  const billing = meters.filter(({ state }) => state !== 'off')
  const gpu = meters.find(({ kind }) => kind === 'gpu')
  const known = sum(billing.map(({ ratePerHour }) => ratePerHour))
  if (gpu !== undefined && (gpu.state === 'off' || gpu.ratePerHour > noMoney)) return known
  // Nothing is free: some marketplaces say zero, or show no meter, until they know.
  const price = pricePerHour !== null && pricePerHour > noMoney ? pricePerHour : null
  if (phase === 'stopped' || phase === 'interrupted') return known
  return price === null ? null : sum([known, price])
}

/** With our label, and no launch that is live or being ended explains it. */
const unexplained: ReadonlySet<Verdict> = new Set(['ours_unwanted', 'ours_unknown'])

export function isUnexplained({ verdict }: Pick<Finding, 'verdict'>): boolean {
  return unexplained.has(verdict)
}

export interface Totals {
  machines: number
  things: number
  perHour: Nanos
  unexplained: number
  unexplainedPerHour: Nanos
  foreign: number
  foreignPerHour: Nanos
  /** How many bill without telling how much: they are in no sum. */
  unknownRates: number
}

export function totalsOf(findings: readonly Finding[]): Totals {
  const foreign = findings.filter(({ verdict }) => verdict === 'foreign')
  const stray = findings.filter(isUnexplained)
  const machines = findings.filter(({ kind }) => kind === 'machine').length
  return {
    machines,
    things: findings.length - machines,
    perHour: rateOfAll(findings),
    unexplained: stray.length,
    unexplainedPerHour: rateOfAll(stray),
    foreign: foreign.length,
    foreignPerHour: rateOfAll(foreign),
    unknownRates: findings.filter(({ ratePerHour }) => ratePerHour === null).length,
  }
}

function rateOfAll(findings: readonly Finding[]): Nanos {
  return sum(findings.map(({ ratePerHour }) => ratePerHour ?? noMoney))
}
