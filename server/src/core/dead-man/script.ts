/**
 * The part of a start script that ends the machine when nobody has looked after it for a while. Pure text for a POSIX shell.
 *
 * It uses the one-instance credential that the marketplace puts into the machine, and never the account's key. Only the
 * exact word of our server counts as a sign of life. It begins to count once it has heard us for the first time, so that a
 * wrong PUBLIC_URL or a closed firewall ends nothing; what it heard is remembered over restarts of the machine. Polls
 * are counted, not the clock read: one that jumps ends nothing either.
 */

import type { ProviderName } from '../providers.ts'
import { minuteMs, secondMs } from '../time.ts'

export interface DeadManOrder {
  provider: ProviderName
  /** Origin of the marketplace's API, as the machine reaches it. */
  apiOrigin: string
  /** Where the machine asks whether we are here. */
  checkUrl: string
  silentMs: number
}

/** What our server answers as long as the machine is wanted. */
export const aliveWord = 'alive'

const mostPauseMs = 5 * minuteMs
const leastPauseMs = 30 * secondMs

/** How a machine ends itself: the variables that it needs, and the call. Only what is in the script may stand in them. */
interface Ending {
  id: string
  credential: string
  path: string
}

/** @source providers/vast.md 1.2, 2.2, 2.7: CONTAINER_API_KEY may start, stop or destroy this one instance */
const endings: Partial<Record<ProviderName, Ending>> = {
  vast: { id: 'CONTAINER_ID', credential: 'CONTAINER_API_KEY', path: '/api/v0/instances/' },
}

export function canEndItself(provider: ProviderName): boolean {
  return endings[provider] !== undefined
}

/**
 * @throws RangeError for a marketplace whose machines cannot end themselves, and for an address that is none: nothing that
 *         a shell would read as more than a word gets into the script
 */
export function deadManScript({ provider, apiOrigin, checkUrl, silentMs }: DeadManOrder): string {
  const ending = endings[provider]
  if (ending === undefined) throw new RangeError(`machines at ${provider} cannot end themselves`)
  const pauseMs = Math.max(leastPauseMs, Math.min(mostPauseMs, silentMs / 4))
  const polls = Math.max(1, Math.ceil(silentMs / pauseMs))
  return [
    '# gpufleet: ends this machine when nobody has looked after it for a while.',
    '(',
    "trap '' HUP",
    'command -v curl > /dev/null || exit 0',
    `gf_value() { printenv "$1" || tr '\\0' '\\n' < /proc/1/environ | sed -n "s/^$1=//p"; }`,
    `gf_id=$(gf_value ${ending.id})`,
    `gf_key=$(gf_value ${ending.credential})`,
    'case "$gf_id" in "" | *[!0-9]*) exit 0 ;; esac',
    '[ -n "$gf_key" ] || exit 0',
    `gf_heard=\${HOME:-/root}/.gpufleet-heard`,
    'gf_silent=0',
    'while :; do',
    `if [ "$(curl -fsS -m 30 ${word(checkUrl)})" = ${aliveWord} ]; then gf_silent=0; : > "$gf_heard"`,
    'elif [ -e "$gf_heard" ]; then gf_silent=$((gf_silent + 1)); fi',
    `if [ "$gf_silent" -ge ${polls} ]; then`,
    // By standard input, so that the key is in no list of processes.
    `printf 'header = "Authorization: Bearer %s"\\n' "$gf_key" |`,
    `curl -fsS -m 60 -K - -X DELETE -H 'content-type: application/json' -d '{}' ${word(apiOrigin)}${ending.path}"$gf_id"/`,
    'fi',
    `sleep ${Math.round(pauseMs / secondMs)}`,
    'done',
    ') < /dev/null > /dev/null 2>&1 &',
  ].join('\n')
}

/** An address of plain characters, in quotes. */
function word(address: string): string {
  if (!/^https?:\/\/[A-Za-z0-9.:[\]_-]+(\/[A-Za-z0-9._/-]*)?$/.test(address)) {
    throw new RangeError('an address with other than plain characters cannot be part of a start script')
  }
  return `'${address}'`
}
