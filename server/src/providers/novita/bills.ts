import { dividedBy, type Nanos, nanosFromUsd } from '../../core/money.ts'
import { hourMs, type Instant } from '../../core/time.ts'
import { type BillLine, type ProviderBill, ProviderError } from '../provider.ts'
import type { NovitaClient } from './client.ts'
import type { NovitaBill } from './wire.ts'

/** Bills are settled by the hour. How long after its end an hour is on the list is not told; an hour is our choice. */
const delayMs = hourMs

/**
 * Whole hours: the hour that runs is left out, and the first one may begin before the period.
 *
 * @source novita.md 2.6, and 3: "Metered per second …, settled hourly from the balance"
 */
export async function billFromNovita(
  client: Pick<NovitaClient, 'bills'>,
  period: { from: Instant; until: Instant },
  now: Instant,
  signal?: AbortSignal,
): Promise<ProviderBill> {
  const settled = Math.floor((now - delayMs) / hourMs) * hourMs
  const from = Math.floor(period.from / hourMs) * hourMs
  const until = Math.min(Math.ceil(period.until / hourMs) * hourMs, settled)
  const completeUntil = Math.min(period.until, settled)
  if (from >= until) return { lines: [], completeUntil }
  const bills = await client.bills({ cycleType: 'Hour', startTime: from / 1000, endTime: until / 1000 }, signal)
  const lines = bills.map(billLineFromNovita)
  return { lines: lines.filter((line) => line.until > from && line.from < until), completeUntil }
}

/**
 * What one instance cost in one hour, before vouchers. A bill names no parts: whether its disk is in it is not told.
 *
 * @throws ProviderError `unexpected_reply` without the precision, since the amount then has no unit and guessing it would
 *         be worse, and without its times
 * @source novita.md 2.6: "divide amounts by `pricePrecision` as given". That it divides, and is no exponent, is our
 *         reading of this sentence.
 */
export function billLineFromNovita(bill: NovitaBill): BillLine {
  const precision = /^[1-9]\d*$/.test(bill.pricePrecision ?? '') ? BigInt(bill.pricePrecision ?? '') : null
  if (precision === null || bill.startTime === null || bill.endTime === null) {
    const what = precision === null ? 'pricePrecision' : 'the times'
    throw new ProviderError('novita', { kind: 'unexpected_reply' }, `Novita bills: cannot read ${what} of a bill`)
  }
  return {
    externalId: bill.ownerID || null,
    label: null,
    kind: 'all',
    from: bill.startTime * 1000,
    until: bill.endTime * 1000,
    amount: dividedBy(nanosFromUsd(bill.amount), precision),
  }
}

/** @source novita.md 2.6: 1/10000 dollar, another unit than that of prices */
export function balanceFromNovita({ availableBalance }: { availableBalance: string }): Nanos {
  return nanosFromUsd(`${availableBalance}e-4`)
}
