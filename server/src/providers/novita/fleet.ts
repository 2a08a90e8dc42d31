import { ProviderError } from '../provider.ts'
import type { NovitaClient } from './client.ts'
import type { NovitaInstance } from './wire.ts'

const maxTries = 3
const maxPages = 1_000

/**
 * All pages. A machine that is missing here may be replaced, so the pages have to hold exactly what `total` announces.
 * Pages are counted by position: when a machine leaves while we read, another one slips onto a page that we have read. It
 * shows as a total that changed or a machine seen twice, and then we read again from the start.
 */
export async function wholeFleet(
  client: Pick<NovitaClient, 'listPage'>,
  signal?: AbortSignal,
): Promise<NovitaInstance[]> {
  let trouble: Trouble = { kind: 'unavailable', why: 'the fleet changed while it was listed' }
  for (let attempt = 1; attempt <= maxTries; attempt++) {
    const read = await readOnce(client, signal)
    if (Array.isArray(read)) return read
    trouble = read
  }
  throw new ProviderError('novita', { kind: trouble.kind }, `Novita list: ${trouble.why}`)
}

interface Trouble {
  kind: 'unavailable' | 'unexpected_reply'
  why: string
}

async function readOnce(client: Pick<NovitaClient, 'listPage'>, signal?: AbortSignal) {
  const fleet = new Map<string, NovitaInstance>()
  let announced: number | null = null
  for (let page = 1; page <= maxPages; page++) {
    const { instances, total } = await client.listPage(page, signal)
    announced ??= total
    if (total !== announced) return changed('the number of instances changed while they were listed')
    for (const instance of instances) {
      if (fleet.has(instance.id)) return changed('an instance is on two pages')
      fleet.set(instance.id, instance)
    }
    if (fleet.size === total) return [...fleet.values()]
    if (fleet.size > total) return short(`the pages hold ${fleet.size} instances of ${total}`)
    if (instances.length === 0) return short(`the pages hold ${fleet.size} instances of ${total}`)
  }
  return short(`there is no end after ${maxPages} pages`)
}

function changed(why: string): Trouble {
  return { kind: 'unavailable', why }
}

function short(why: string): Trouble {
  return { kind: 'unexpected_reply', why }
}
