import { createHmac, createSecretKey } from 'node:crypto'
import type { Selectable } from 'kysely'
import type { Content } from '../core/chain/canonical.ts'
import { type ChainHead, type ChainName, hashOf, type Mac, sealedHead } from '../core/chain/chain.ts'
import type { Database } from './sqlite.ts'
import type { ChainHeadsTable } from './tables.ts'

/**
 * The keys of the logs, by what a database and its transactions have in common. Not handed down as an argument, because
 * every change of everything writes an event, and none of those who make changes has any business with the key.
 */
const keys = new WeakMap<object, Mac>()

/**
 * From now on the logs of this database are chained under a key of their own, derived from this one.
 *
 * @param secretsKey what SECRETS_KEY holds
 */
export function sealLogs(database: Database, secretsKey: Uint8Array): void {
  // As a key object: hashing a row is several times faster than with plain bytes.
  const key = createSecretKey(createHmac('sha256', secretsKey).update('gpufleet: the chain of the logs, v1').digest())
  keys.set(database.getExecutor().adapter, (text) => createHmac('sha256', key).update(text).digest('base64url'))
}

export function macOfLogs(database: Database): Mac {
  const mac = keys.get(database.getExecutor().adapter)
  if (mac === undefined) throw new Error('the logs of this database have no key: call sealLogs when it is opened')
  return mac
}

/**
 * Takes the next places of a chain, part of the transaction that writes the rows. Whoever else wants some waits until it has
 * ended: on PostgreSQL for the row of the head, on SQLite for the one writer. So ids have no gap, and grow in the order in
 * which transactions become visible.
 */
export async function link<C extends Content>(
  transaction: Database,
  chain: ChainName,
  contents: readonly C[],
): Promise<(C & { id: number; hash: string })[]> {
  if (!transaction.isTransaction) throw new Error('rows of a chain are written in a transaction')
  const mac = macOfLogs(transaction)
  const head = await lockedHead(transaction, chain, mac)
  let { lastId, lastHash } = head
  const rows = contents.map((content) => {
    lastId += 1
    lastHash = hashOf(lastHash, { id: lastId, content }, chain, mac)
    return { ...content, id: lastId, hash: lastHash }
  })
  await writeHead(transaction, sealedHead({ ...head, lastId, lastHash }, mac))
  return rows
}

export async function headOf(database: Database, chain: ChainName): Promise<ChainHead | undefined> {
  const row = await database.selectFrom('chain_heads').selectAll().where('chain', '=', chain).executeTakeFirst()
  return row && headFromRow(row)
}

/** Reads the head so that nobody else moves it before this transaction ends. */
export async function lockedHead(transaction: Database, chain: ChainName, mac: Mac): Promise<ChainHead> {
  const lock = () =>
    transaction
      .updateTable('chain_heads')
      .set(({ ref }) => ({ last_id: ref('last_id') }))
      .where('chain', '=', chain)
      .returningAll()
      .executeTakeFirst()
  const row = (await lock()) ?? (await begin(transaction, chain, mac, lock))
  return headFromRow(row)
}

/** What was written before there were chains stays outside, and shows as such. */
async function begin(
  transaction: Database,
  chain: ChainName,
  mac: Mac,
  lock: () => Promise<Selectable<ChainHeadsTable> | undefined>,
): Promise<Selectable<ChainHeadsTable>> {
  const newest = await transaction
    .selectFrom(chain)
    .select(({ fn }) => fn.max<number | null>('id').as('id'))
    .executeTakeFirst()
  const id = Number(newest?.id ?? 0)
  const head = sealedHead({ chain, anchorId: id, anchorHash: '', lastId: id, lastHash: '' }, mac)
  await transaction
    .insertInto('chain_heads')
    .values(rowFromHead(head))
    .onConflict((conflict) => conflict.doNothing())
    .execute()
  const row = await lock()
  if (row === undefined) throw new Error(`the log ${chain} has no head`)
  return row
}

export async function writeHead(transaction: Database, head: ChainHead): Promise<void> {
  const { chain, ...changes } = rowFromHead(head)
  await transaction.updateTable('chain_heads').set(changes).where('chain', '=', chain).execute()
}

function rowFromHead({ chain, anchorId, anchorHash, lastId, lastHash, mac }: ChainHead) {
  return {
    chain,
    anchor_id: anchorId,
    anchor_hash: anchorHash,
    last_id: lastId,
    last_hash: lastHash,
    mac,
  } satisfies ChainHeadsTable
}

function headFromRow(row: Selectable<ChainHeadsTable>): ChainHead {
  return {
    chain: row.chain as ChainName,
    anchorId: row.anchor_id,
    anchorHash: row.anchor_hash,
    lastId: row.last_id,
    lastHash: row.last_hash,
    mac: row.mac,
  }
}
