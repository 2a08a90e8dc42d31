import { nanos, nanosFromUsd, sum } from '../../core/money.ts'
import { dayMs, hourMs, type Instant } from '../../core/time.ts'
import { type BillLine, type ProviderBill, ProviderError } from '../provider.ts'
import type { VastClient } from './client.ts'
import type { VastCharge } from './wire.ts'

/** Two hundred thousand rows; more pages than this is a list that never ends. */
const maxPages = 400

/** How long after its end a day is whole. Nothing is documented; an hour is our choice. */
const delayMs = hourMs

/**
 * Charges are asked for by whole days that are over. A row is one contract, and says itself from when to when: the document
 * does not say that it is cut at the ends of the days asked for, so that a line may reach beyond the period on both sides,
 * and grows with a contract that lasts. Amounts are rounded to a tenth of a cent, per row and per item.
 *
 * @source providers/vast.md 2.11
 */
export async function billFromVast(
  client: Pick<VastClient, 'chargePage'>,
  period: { from: Instant; until: Instant },
  now: Instant,
  signal?: AbortSignal,
): Promise<ProviderBill> {
  const settled = Math.floor((now - delayMs) / dayMs) * dayMs
  const from = Math.floor(period.from / dayMs) * dayMs
  const until = Math.min(Math.ceil(period.until / dayMs) * dayMs, settled)
  const completeUntil = Math.min(period.until, settled)
  if (from >= until) return { lines: [], completeUntil }
  const rows = await allCharges(client, { gte: from / 1000, lte: until / 1000 - 1 }, signal)
  const lines = rows.flatMap(linesFromVast)
  return { lines: lines.filter((line) => line.from < until && line.until > from), completeUntil }
}

async function allCharges(
  client: Pick<VastClient, 'chargePage'>,
  days: { gte: number; lte: number },
  signal: AbortSignal | undefined,
): Promise<VastCharge[]> {
  const rows: VastCharge[] = []
  const tokens = new Set<string>()
  let token: string | null = null
  for (let page = 1; page <= maxPages; page++) {
    const answer = await client.chargePage(days, token, signal)
    if (answer.count != null && answer.count !== answer.results.length) {
      throw shortBill(`a page announces ${answer.count} rows and holds ${answer.results.length}`)
    }
    rows.push(...answer.results)
    const next: string | null = answer.next_token ?? null
    if (next === null) {
      if (answer.total != null && rows.length < answer.total) {
        throw shortBill(`the pages hold ${rows.length} rows of ${answer.total}`)
      }
      return rows
    }
    if (tokens.has(next)) throw shortBill('the next page is one that we had')
    tokens.add(next)
    token = next
  }
  throw shortBill(`there is no end after ${maxPages} pages`)
}

const kinds: ReadonlyMap<string, BillLine['kind']> = new Map<string, BillLine['kind']>([
  ['gpu', 'gpu'],
  ['disk', 'disk'],
  ['bwd', 'traffic'],
  ['bwu', 'traffic'],
])

/** One line for each item, and one for what the row charges beyond its items: together they are the row's amount. */
function linesFromVast(row: VastCharge): BillLine[] {
  const [, externalId = null] = /^(?:instance|volume)-(\d+)$/.exec(row.source ?? '') ?? []
  const owner = { externalId, label: row.metadata?.label || null }
  const whole: BillLine = { ...owner, kind: 'all', ...stretchOf(row), amount: nanosFromUsd(row.amount) }
  const items = row.items ?? []
  if (items.length === 0) return [whole]

  const lines = items.map(
    (item): BillLine => ({
      ...owner,
      kind: kinds.get(item.type) ?? 'other',
      ...stretchOf(item),
      amount: nanosFromUsd(item.amount),
    }),
  )
  const rest = nanos(whole.amount - sum(lines.map(({ amount }) => amount)))
  return rest === 0n ? lines : [...lines, { ...whole, kind: 'other', amount: rest }]
}

function stretchOf({ start, end }: { start: number; end: number }): { from: Instant; until: Instant } {
  return { from: Math.round(start * 1000), until: Math.round(end * 1000) }
}

function shortBill(why: string): ProviderError {
  return new ProviderError('vast', { kind: 'unexpected_reply' }, `Vast charges: ${why}`)
}
