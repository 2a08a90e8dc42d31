import { type ChainHead, type ChainRow, hashOf, type Mac, macOf } from './chain.ts'

/** The first row that is not what it was when it was written. */
export interface Broken {
  /** null: the head itself. */
  id: number | null
  what: string
}

export interface ChainCheck {
  /** The next row by id. Nothing after the first that is broken says anything. */
  row(row: ChainRow): Broken | undefined
  /** After the last row up to the head's. */
  end(): Broken | undefined
}

/** Walks a chain from its anchor to its head. */
export function createChainCheck(head: ChainHead, mac: Mac): ChainCheck {
  let lastId = head.anchorId
  let lastHash = head.anchorHash

  const missing = (until: number): Broken => ({
    id: lastId + 1,
    what: until === lastId + 1 ? `row ${until} is missing` : `rows ${lastId + 1} to ${until} are missing`,
  })

  return {
    row(row) {
      if (row.id !== lastId + 1) return missing(row.id - 1)
      if (row.hash !== hashOf(lastHash, row, head.chain, mac)) {
        return { id: row.id, what: `row ${row.id} was changed, or is not in its place` }
      }
      lastId = row.id
      lastHash = row.hash
      return undefined
    },
    end() {
      if (lastId < head.lastId) return missing(head.lastId)
      if (lastHash !== head.lastHash) return { id: lastId, what: `row ${lastId} is not the one that was written last` }
      return undefined
    },
  }
}

/** @returns what is wrong with a head before any row is looked at */
export function checkHead(head: ChainHead, mac: Mac): Broken | undefined {
  if (head.mac === macOf(head, mac)) return undefined
  return { id: null, what: 'the head of the log was changed, or the log was written with another SECRETS_KEY' }
}
