import { ProviderError } from '../provider.ts'
import type { RunpodClient } from './client.ts'
import { listPageRows } from './requests.ts'
import type { RunpodPod } from './wire.ts'

/** A hundred thousand pods; more pages than this is a list that never ends. */
const maxListPages = 100

/**
 * All pages. A page may hold fewer than the limit, even none, without being the last. A pod too few may be replaced, so
 * anything odd is an error.
 */
export async function wholeFleet(
  client: Pick<RunpodClient, 'listPage'>,
  signal: AbortSignal | undefined,
): Promise<RunpodPod[]> {
  const fleet = new Map<string, RunpodPod>()
  let cursor: string | null = null
  for (let page = 1; page <= maxListPages; page++) {
    const { pods, pagination } = await client.listPage(cursor, signal)
    for (const pod of pods) fleet.set(pod.id, pod)
    if (pagination == null && (page > 1 || pods.length >= listPageRows)) {
      throw oddList('a page does not tell whether it is the last')
    }
    if (!pagination?.hasNextPage) return [...fleet.values()]
    if (!pagination.nextCursor) throw oddList('there are more pages, and no way to them')
    if (pagination.nextCursor === cursor) throw oddList('the next page is the same page again')
    cursor = pagination.nextCursor
  }
  throw oddList(`there is no end after ${maxListPages} pages`)
}

function oddList(why: string): ProviderError {
  return new ProviderError('runpod', { kind: 'unexpected_reply' }, `RunPod list: ${why}`)
}
