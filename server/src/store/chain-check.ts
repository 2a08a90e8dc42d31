import type { Content } from '../core/chain/canonical.ts'
import type { ChainHead, ChainName } from '../core/chain/chain.ts'
import { type Broken, checkHead, createChainCheck } from '../core/chain/check.ts'
import { headOf, macOfLogs } from './chain.ts'
import type { Database } from './sqlite.ts'

export interface ChainReport {
  chain: ChainName
  checked: number
  broken: Broken | null
  head: ChainHead | null
  /** Rows that were written before the log was chained; nothing is known about them. */
  unchained: number
}

export type CheckChain = (chain: ChainName) => Promise<ChainReport>

const pageSize = 1_000
const rounds = 3

export function createChainChecker(database: Database): CheckChain {
  return async (chain) => {
    for (let left = rounds; ; left -= 1) {
      const report = await checkOnce(database, chain)
      if (report.broken === null || left === 1) return report
      // It was pruned while we read: the rows that are missing are those.
      const head = await headOf(database, chain)
      if (head?.anchorId === report.head?.anchorId) return report
    }
  }
}

async function checkOnce(database: Database, chain: ChainName): Promise<ChainReport> {
  const mac = macOfLogs(database)
  const head = (await headOf(database, chain)) ?? null
  const report = { chain, checked: 0, head, unchained: await countUnchained(database, chain, head) }
  const verdict = (broken: Broken | null) => ({ ...report, broken })
  if (head === null) {
    const first = await firstRow(database, chain, 0)
    if (first === undefined) return verdict(null)
    return verdict({ id: null, what: 'the log has rows and no head' })
  }
  const atHead = checkHead(head, mac)
  if (atHead !== undefined) return verdict(atHead)
  const before = await firstChained(database, chain, head.anchorId)
  if (before !== undefined) {
    return verdict({ id: before, what: `row ${before} belongs to a chain whose head is gone` })
  }

  const check = createChainCheck(head, mac)
  for (let after = head.anchorId; after < head.lastId; ) {
    const rows = await page(database, chain, after, head.lastId)
    for (const { id, hash, ...content } of rows) {
      const broken = check.row({ id, hash, content: content as Content })
      if (broken !== undefined) return verdict(broken)
      report.checked += 1
      after = id
    }
    if (rows.length === 0) break
    // The log may be long, and others want to be served.
    await new Promise((resolve) => setImmediate(resolve))
  }
  const atEnd = check.end()
  if (atEnd !== undefined) return verdict(atEnd)
  const beyond = await rowBeyond(database, chain)
  return verdict(beyond === undefined ? null : { id: beyond, what: `row ${beyond} was added by somebody else` })
}

function page(database: Database, chain: ChainName, after: number, until: number) {
  return database
    .selectFrom(chain)
    .selectAll()
    .where('id', '>', after)
    .where('id', '<=', until)
    .orderBy('id')
    .limit(pageSize)
    .execute()
}

async function firstRow(database: Database, chain: ChainName, after: number): Promise<number | undefined> {
  const row = await database
    .selectFrom(chain)
    .select('id')
    .where('id', '>', after)
    .orderBy('id')
    .limit(1)
    .executeTakeFirst()
  return row?.id
}

/** In one statement, because the head moves while we look. */
async function rowBeyond(database: Database, chain: ChainName): Promise<number | undefined> {
  const row = await database
    .selectFrom(chain)
    .select('id')
    .where('id', '>', (eb) => eb.selectFrom('chain_heads').select('last_id').where('chain', '=', chain))
    .orderBy('id')
    .limit(1)
    .executeTakeFirst()
  return row?.id
}

async function firstChained(database: Database, chain: ChainName, until: number): Promise<number | undefined> {
  const row = await database
    .selectFrom(chain)
    .select('id')
    .where('id', '<=', until)
    .where('hash', '!=', '')
    .orderBy('id')
    .limit(1)
    .executeTakeFirst()
  return row?.id
}

async function countUnchained(database: Database, chain: ChainName, head: ChainHead | null): Promise<number> {
  if (head === null || head.anchorId === 0) return 0
  const row = await database
    .selectFrom(chain)
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('id', '<=', head.anchorId)
    .executeTakeFirst()
  return Number(row?.count ?? 0)
}
