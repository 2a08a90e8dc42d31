import type { OutboundRequest } from '../outbound/outbound.ts'

/** Calls that no machine waits for: what is on sale, and what was billed. By the names of all marketplaces. */
const reads = new Set([
  'search',
  'clusters',
  'products',
  'availability',
  'templates',
  'charges',
  'bill',
  'bills',
  'balance',
  'account',
  'session',
])

/** What goes first where calls of one account wait for the same limit: orders, then looks, then reading the market. */
export function urgencyOf({ operation, effect }: { operation: string; effect: string }) {
  if (effect === 'change' || effect === 'launch') return 'order'
  return (reads.has(operation) ? 'read' : 'look') satisfies OutboundRequest['urgency']
}
