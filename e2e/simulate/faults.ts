import type { ProviderName } from '../../server/src/core/providers.ts'
import { minuteMs, secondMs } from '../../server/src/core/time.ts'
import type { Fault } from '../../simulators/kit/faults.ts'
import type { Random } from '../../simulators/kit/random.ts'

/** Trouble on the wire to one marketplace, as it happens. */
export function drawFault(provider: ProviderName, random: Random): Fault {
  const kind = random.pick(kinds)
  const reach = random.chance(0.5)
    ? {}
    : random.pick<Partial<Fault>>([{ method: 'POST' }, { method: 'DELETE' }, { method: 'GET' }, { method: 'PUT' }])
  const times = random.chance(0.7) ? { times: random.int(1, 6) } : {}
  const skip = random.chance(0.3) ? { skip: random.int(1, 4) } : {}
  return { kind, ...reach, ...times, ...skip, ...detailsOf(kind, provider, random) }
}

const kinds: readonly Fault['kind'][] = [
  'lose_reply',
  'lose_reply',
  'refuse',
  'late',
  'status',
  'status',
  'status_after',
  'status_after',
  'html',
  'garbage',
  'drop_field',
  'header',
]

function detailsOf(kind: Fault['kind'], provider: ProviderName, random: Random): Partial<Fault> {
  switch (kind) {
    case 'status':
      return random.pick([
        { status: 500, body: '{"error":"internal"}' },
        { status: 502, body: '' },
        { status: 503, body: '{}' },
        { status: 504, body: 'upstream timed out', contentType: 'text/plain' },
        { status: 401, body: '{"error":"unauthorized"}' },
        { status: 403, body: '{"error":"forbidden"}' },
        { status: 429, body: '{"error":"too many requests"}', headers: { 'retry-after': '7' } },
        { status: 429, body: '{}' },
        // No answer of a marketplace: an empty list that is none.
        { status: 200, body: noList[provider] },
        { status: 200, body: '' },
        { status: 200, body: '{}' },
        { status: 200, body: '[]' },
        { status: 404, body: '<html>not found</html>', contentType: 'text/html', method: 'GET' },
      ])
    case 'status_after':
      return random.pick([
        { status: 500, body: '{"error":"internal"}' },
        { status: 502, body: '<html>bad gateway</html>', contentType: 'text/html' },
        { status: 504, body: '' },
        { status: 200, body: '{}' },
      ])
    case 'late':
      return { delayMs: random.pick([5 * secondMs, 25 * secondMs, 45 * secondMs, 3 * minuteMs]) }
    case 'html':
      return { status: random.pick([200, 403, 502, 503]) }
    case 'drop_field':
      return { field: random.pick(listFields[provider]) }
    case 'header':
      return { headers: { deprecation: 'true', sunset: 'Wed, 11 Nov 2027 23:59:59 GMT' } }
    default:
      return {}
  }
}

const noList: Record<ProviderName, string> = {
  vast: '{"success":true,"instances":null}',
  runpod: '{"items":null}',
  lambda: '{"data":null}',
  paperspace: '{"items":null,"hasMore":false}',
  novita: '{"instances":null,"total":0}',
}

/** What holds the list, and what tells one machine from another. */
const listFields: Record<ProviderName, readonly string[]> = {
  vast: ['instances', 'id', 'actual_status', 'new_contract', 'next_token'],
  runpod: ['data', 'items', 'id', 'status', 'pagination'],
  lambda: ['data', 'id', 'status', 'instance_ids'],
  paperspace: ['items', 'id', 'state', 'nextPage', 'hasMore'],
  novita: ['instances', 'id', 'status', 'total'],
}
