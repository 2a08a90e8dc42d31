import { type Content, canonicalText } from './canonical.ts'

/** The logs whose rows are chained. Each is the name of its table. */
export const chainNames = ['events', 'operations'] as const
export type ChainName = (typeof chainNames)[number]

/** A keyed hash: who has the database but not the key cannot make one. */
export type Mac = (text: string) => string

/**
 * Where a chain begins and ends. The rows between have ids without a gap, so a row that is missing leaves a hole; that the
 * last ones are missing shows here.
 */
export interface ChainHead {
  chain: ChainName
  /** Rows up to this id are not part of the chain: pruned, or older than it. */
  anchorId: number
  /** Of the last row that was pruned; '' where the chain begins. */
  anchorHash: string
  lastId: number
  lastHash: string
  mac: string
}

export interface ChainRow {
  id: number
  hash: string
  content: Content
}

export function hashOf(previous: string, { id, content }: Omit<ChainRow, 'hash'>, chain: ChainName, mac: Mac): string {
  return mac(JSON.stringify(['row', chain, id, previous, canonicalText(content)]))
}

export function macOf({ chain, anchorId, anchorHash, lastId, lastHash }: Omit<ChainHead, 'mac'>, mac: Mac): string {
  return mac(JSON.stringify(['head', chain, anchorId, anchorHash, lastId, lastHash]))
}

export function sealedHead(head: Omit<ChainHead, 'mac'>, mac: Mac): ChainHead {
  return { ...head, mac: macOf(head, mac) }
}
