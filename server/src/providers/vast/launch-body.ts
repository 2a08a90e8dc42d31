import { gzipSync } from 'node:zlib'
import { type Nanos, nanosFromUsd, usdNumber } from '../../core/money.ts'
import { type LaunchOrder, ProviderError } from '../provider.ts'
import { shellQuoted } from '../shell-quoted.ts'
import { maxContainerPorts, minDiskGb } from './offers.ts'

/** The body of `PUT /api/v0/asks/{id}/`. */
export interface VastLaunchBody {
  client_id: 'me'
  image: string
  disk: number
  label: string
  runtype: 'ssh_direct' | 'args'
  /** An object of variables and docker flags; the spec says text, every production client and the guide send this. */
  env: Record<string, string>
  target_state: 'running'
  cancel_unavail: true
  onstart?: string
  image_login?: string
  /** Its presence alone makes the rental interruptible. */
  price?: number
}

/** @source providers/vast.md 2.2: limits of `env` and `onstart`. */
const maxEntryLength = 256
const maxEnvironmentLength = 32_768
const maxOnstartBytes = 4_048

const lowestBid = nanosFromUsd('0.001')
const highestBid = nanosFromUsd(128)

/**
 * What we ask for.
 *
 * `cancel_unavail` is true on both markets: a bid that does not win now should fail and make room for the next offer,
 * instead of leaving a stopped machine whose disk bills.
 *
 * @throws ProviderError `rejected` with what to do instead
 */
export function launchBodyFromOrder(order: LaunchOrder): VastLaunchBody {
  const runtype = order.sshPublicKey === null && order.onstartScript === null ? 'args' : 'ssh_direct'
  const onstart = onstartFrom(order)
  const login = order.registryAuth && imageLoginFrom(order.registryAuth)
  return {
    client_id: 'me',
    image: order.image,
    disk: Math.max(order.diskGb, minDiskGb),
    label: order.label,
    runtype,
    env: { ...variablesFrom(order.environment), ...portFlagsFrom(order, runtype) },
    target_state: 'running',
    cancel_unavail: true,
    ...(onstart === null ? {} : { onstart }),
    ...(login === null ? {} : { image_login: login }),
    ...(order.offer.market === 'spot' ? { price: bidFrom(order.bidPerHour) } : {}),
  }
}

/**
 * A bid as Vast takes it. Never 0 and never absent on the spot market: without a price Vast rents outright at the higher
 * rate and says nothing (vast-cli#403).
 *
 * @throws ProviderError `rejected` when there is none, or it is out of range
 */
export function bidFrom(bidPerHour: Nanos | null): number {
  if (bidPerHour === null) throw rejected('a spot machine on Vast needs a bid: set bidPerHour, or rent on demand')
  if (bidPerHour < lowestBid || bidPerHour > highestBid) {
    throw rejected('a bid on Vast must be between 0.001 and 128 dollars per hour: choose one in this range')
  }
  return usdNumber(bidPerHour)
}

/** A name that is not one would be read as a docker flag (`-v /:/host`), so only names get through. */
function variablesFrom(environment: Readonly<Record<string, string>>): Record<string, string> {
  let total = 0
  for (const [name, value] of Object.entries(environment)) {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
      throw rejected('an environment variable has a name with other characters than letters, digits and _: rename it')
    }
    const length = name.length + 1 + value.length
    if (length > maxEntryLength) {
      throw rejected(
        `environment variable ${name} is longer than the ${maxEntryLength} characters Vast takes: ` +
          'set it in the onstart script, or read it from a file',
      )
    }
    total += length
  }
  if (total > maxEnvironmentLength) {
    throw rejected(`the environment is longer than the ${maxEnvironmentLength} characters Vast takes: shorten it`)
  }
  return { ...environment }
}

/** The host picks the outside port, so the left side is only a hint. With SSH, Vast publishes port 22 by itself. */
function portFlagsFrom(order: LaunchOrder, runtype: VastLaunchBody['runtype']): Record<string, string> {
  const flags = new Set<string>()
  for (const { containerPort, protocol } of order.ports) {
    if (!Number.isInteger(containerPort) || containerPort < 1 || containerPort > 65_535) {
      throw rejected(`port ${containerPort} cannot be published: use one between 1 and 65535`)
    }
    if (containerPort === 22 && protocol !== 'udp' && runtype === 'ssh_direct') continue
    flags.add(`-p ${containerPort}:${containerPort}${protocol === 'udp' ? '/udp' : ''}`)
  }
  const most = Math.min(order.offer.maxPorts ?? maxContainerPorts, maxContainerPorts)
  if (flags.size > most) {
    throw rejected(
      `this machine publishes at most ${most} ports and ${flags.size} are asked: choose an offer with more`,
    )
  }
  return Object.fromEntries([...flags].map((flag) => [flag, '1']))
}

/** `-u <user> -p <token> <registry>`: Vast splits it at spaces and knows no quotes. */
function imageLoginFrom({ server, username, password }: NonNullable<LaunchOrder['registryAuth']>): string {
  const parts = [username, password, server ?? 'docker.io']
  if (parts.some((part) => part === '' || /[\s"'`\\]/.test(part))) {
    throw rejected(
      'Vast takes no empty registry credentials and none with spaces or quotes: use an access token without them',
    )
  }
  const [user, token, registry] = parts
  return `-u ${user} -p ${token} ${registry}`
}

/**
 * The text that Vast's own entrypoint runs at every start, as root: first the key, then the user's script.
 *
 * The key goes in this way because the account's key list is not ours to change, and attaching it by a second call would
 * leave a machine nobody can enter when that call is lost.
 */
function onstartFrom({ sshPublicKey, furtherSshKeys = [], onstartScript }: LaunchOrder): string | null {
  const keys = sshPublicKey === null ? [] : [sshPublicKey, ...furtherSshKeys]
  const key = keys.map((one) => `${authoriseScript(one)}\n`).join('')
  const script = `${key}${onstartScript ?? ''}`
  if (script === '') return null
  if (Buffer.byteLength(script) <= maxOnstartBytes) return script
  const packed = `${key}${packedScript(onstartScript ?? '')}`
  if (Buffer.byteLength(packed) > maxOnstartBytes) {
    throw rejected(
      `the onstart script is longer than the ${maxOnstartBytes} bytes Vast takes, even compressed: ` +
        'put it into the image, or let a short script download it',
    )
  }
  return packed
}

const keyLine = /^(sk-)?(ssh|ecdsa)-[A-Za-z0-9@.-]+ [A-Za-z0-9+/]+=*( [^\p{Cc}]*)?$/u

/** Adds the key once, however often the machine starts. `~root` is where sshd looks, whatever HOME the image sets. */
function authoriseScript(publicKey: string): string {
  const key = publicKey.trim()
  if (!keyLine.test(key)) {
    throw rejected(
      'the SSH public key is not one line of the form "ssh-ed25519 AAAA… comment": pass the content of the .pub file',
    )
  }
  return [
    `gpufleet_key=${shellQuoted(key)}`,
    'mkdir -p ~root/.ssh && chmod 700 ~root/.ssh && touch ~root/.ssh/authorized_keys && chmod 600 ~root/.ssh/authorized_keys',
    'grep -qxF -- "$gpufleet_key" ~root/.ssh/authorized_keys || printf \'\\n%s\\n\' "$gpufleet_key" >> ~root/.ssh/authorized_keys',
  ].join('\n')
}

/**
 * Unpacked to a file, so that the script's standard input stays what it was. The key is never packed: it gets in even
 * where the image has no gunzip.
 */
function packedScript(script: string): string {
  const packed = gzipSync(script, { level: 9 }).toString('base64')
  return [
    `(umask 077; printf %s '${packed}' | base64 -d | gunzip > ~root/.gpufleet-onstart.sh)`,
    'bash ~root/.gpufleet-onstart.sh',
  ].join('\n')
}

function rejected(message: string): ProviderError {
  return new ProviderError('vast', { kind: 'rejected' }, message)
}
