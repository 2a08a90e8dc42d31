import { reasons, statuses } from '../../server/src/core/instances/status.ts'
import { eventKinds } from '../../server/src/store/events.ts'
import { commented, madeFrom, rows } from './page.ts'

const statusFile = 'server/src/core/instances/status.ts'
const eventsFile = 'server/src/store/events.ts'

/** docs/reference/events.md: what can happen, and the words for it. */
export function eventsPage(): string {
  return [
    '# Statuses, reasons and events',
    madeFrom(statusFile, eventsFile),
    'An instance has a status, the reason for it (`because`) and the moment it began. Every change is an event: in `gpufleet events`, `GET /api/v1/events`, the audit log and webhooks.',
    '## Statuses',
    rows(['status', 'what it means'], coded(commented(statusFile, statuses))),
    '## Reasons',
    rows(['because', 'what it means'], coded(Object.entries(reasons))),
    '## Kinds of events',
    'The type of a webhook is `instance.<status>` for the kind `status`, else `instance.<kind>`; for what is about no instance it is `fleet.<kind>`.',
    rows(['kind', 'what happened'], coded(commented(eventsFile, eventKinds))),
  ]
    .join('\n\n')
    .concat('\n')
}

function coded(pairs: readonly (readonly [string, string])[]): string[][] {
  return pairs.map(([word, meaning]) => [`\`${word}\``, meaning])
}
