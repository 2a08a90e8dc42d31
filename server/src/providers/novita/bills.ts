import { dividedBy, type Nanos, nanosFromUsd } from '../../core/money.ts'
import type { Instant } from '../../core/time.ts'
import type { NovitaBill } from './wire.ts'

/** What Novita says that one instance cost in one stretch. */
export interface BilledStretch {
  /** The instance. */
  externalId: string
  from: Instant | null
  until: Instant | null
  /** Before vouchers. */
  amount: Nanos
}

/**
 * @returns null when the precision is missing: the amount then has no unit, and guessing it would be worse
 * @source  novita.md 2.6: "divide amounts by `pricePrecision` as given". That it divides, and is no exponent, is our
 *          reading of this sentence.
 */
export function billedStretchFromNovita(bill: NovitaBill): BilledStretch | null {
  const precision = /^[1-9]\d*$/.test(bill.pricePrecision ?? '') ? BigInt(bill.pricePrecision ?? '') : null
  if (precision === null) return null
  return {
    externalId: bill.ownerID,
    from: bill.startTime === null ? null : bill.startTime * 1000,
    until: bill.endTime === null ? null : bill.endTime * 1000,
    amount: dividedBy(nanosFromUsd(bill.amount), precision),
  }
}

/** @source novita.md 2.6: 1/10000 dollar, another unit than that of prices */
export function balanceFromNovita({ availableBalance }: { availableBalance: string }): Nanos {
  return nanosFromUsd(`${availableBalance}e-4`)
}
