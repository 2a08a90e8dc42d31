import type { OperationQuery, OperationStore, StoredOperation } from '../store/operations.ts'
import type { Who } from './who.ts'

export interface OperationsDeps {
  operations: Pick<OperationStore, 'list'>
}

export type ListedOperation = StoredOperation

/** Every call to a marketplace, newest first. Who sees one project only sees the calls about its instances. */
export async function listOperations(
  query: OperationQuery,
  who: Who,
  { operations }: OperationsDeps,
): Promise<{ found: ListedOperation[]; next: number | null }> {
  const rows = await operations.list({
    ...query,
    limit: query.limit + 1,
    ...(who.project !== null && { project: who.project }),
  })
  const found = rows.slice(0, query.limit)
  return { found, next: rows.length > query.limit ? (found.at(-1)?.id ?? null) : null }
}
