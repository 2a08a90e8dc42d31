import type { OutboundRequest } from '../../outbound/outbound.ts'
import type { VastLimit } from './description.ts'
import type { VastLaunchBody } from './launch-body.ts'
import { minDiskGb, type SearchType } from './offers.ts'

/**
 * One call, before key, origin and account are added: pure, so that it can be checked against the official spec. Paths end
 * in a slash, because without it some routes redirect and a redirect loses the body (providers/vast.md 1.1).
 */
export interface VastCall {
  operation: VastLimit
  method: OutboundRequest['method']
  path: string
  query?: Readonly<Record<string, string>>
  json?: unknown
  repeat: OutboundRequest['repeat']
  effect: Effect
}

/** What may have happened when no answer came. */
export type Effect = 'read' | 'change' | 'launch'

/** More rows than this never come, whatever is asked (seen 2026-09-29). */
export const searchPageRows = 64
/** The server's own ceiling. */
export const listPageRows = 25

export interface VastSearch {
  type: SearchType
  diskGb: number
  limit: number
  /** Further conditions, such as `{ gpu_name: { eq: 'RTX 4090' } }`. */
  where: Readonly<Record<string, { eq: string | number | boolean }>>
}

/**
 * Hosts that Vast verified, as its own client and server do by default: the cheapest 64 would otherwise be hosts that
 * nobody vouches for. `rented` is not sent, since the server drops it; the flag on the row is read instead.
 */
export function searchCall({ type, diskGb, limit, where }: VastSearch): VastCall {
  return {
    operation: 'search',
    method: 'POST',
    path: '/api/v0/bundles/',
    json: {
      verified: { eq: true },
      external: { eq: false },
      rentable: { eq: true },
      ...where,
      type,
      order: [['dph_total', 'asc']],
      // Also a lower bound of `disk_space`, and what `dph_total` includes.
      allocated_storage: Math.max(diskGb, minDiskGb),
      limit,
    },
    repeat: 'safe',
    effect: 'read',
  }
}

export function launchCall(askId: string, body: VastLaunchBody): VastCall {
  const path = `/api/v0/asks/${askId}/`
  return { operation: 'launch', method: 'PUT', path, json: body, repeat: 'once', effect: 'launch' }
}

export function listCall(afterToken: string | null): VastCall {
  return {
    operation: 'list',
    method: 'GET',
    path: '/api/v1/instances/',
    query: {
      limit: String(listPageRows),
      order_by: '[{"col":"id","dir":"asc"}]',
      ...(afterToken === null ? {} : { after_token: afterToken }),
    },
    repeat: 'safe',
    effect: 'read',
  }
}

export function oneCall(id: string): VastCall {
  return { operation: 'one', method: 'GET', path: `/api/v0/instances/${id}/`, repeat: 'safe', effect: 'read' }
}

export function stateCall(id: string, state: 'running' | 'stopped'): VastCall {
  const path = `/api/v0/instances/${id}/`
  return { operation: 'state', method: 'PUT', path, json: { state }, repeat: 'safe', effect: 'change' }
}

/** Sent once: a repeat after a lost answer would reboot twice. */
export function restartCall(id: string): VastCall {
  const path = `/api/v0/instances/reboot/${id}/`
  return { operation: 'restart', method: 'PUT', path, json: {}, repeat: 'once', effect: 'change' }
}

export function terminateCall(id: string): VastCall {
  const path = `/api/v0/instances/${id}/`
  return { operation: 'terminate', method: 'DELETE', path, repeat: 'safe', effect: 'change' }
}

export function bidCall(id: string, price: number): VastCall {
  const path = `/api/v0/instances/bid_price/${id}/`
  return { operation: 'bid', method: 'PUT', path, json: { client_id: 'me', price }, repeat: 'safe', effect: 'change' }
}

/** `tail` is a text on their side. */
export function logsCall(id: string, tail: number): VastCall {
  const path = `/api/v0/instances/request_logs/${id}/`
  return { operation: 'logs', method: 'PUT', path, json: { tail: String(tail) }, repeat: 'safe', effect: 'read' }
}

/** The words of the official client: local volumes, and what is left of the network volumes that were withdrawn in 2026-07. */
export function volumesCall(): VastCall {
  const query = { owner: 'me', type: 'all_volume' }
  return { operation: 'volumes', method: 'GET', path: '/api/v0/volumes/', query, repeat: 'safe', effect: 'read' }
}

/** The official client puts the id into the query, the official document into the body (providers/vast.md 2.12). */
export function endVolumeCall(id: string): VastCall {
  return {
    operation: 'endVolume',
    method: 'DELETE',
    path: '/api/v0/volumes/',
    query: { id },
    json: { id: Number(id) },
    repeat: 'safe',
    effect: 'change',
  }
}

/** The most that the server gives. */
const chargePageRows = 500

/** @param days both ends included, epoch seconds */
export function chargesCall(days: { gte: number; lte: number }, afterToken: string | null): VastCall {
  return {
    operation: 'charges',
    method: 'GET',
    path: '/api/v0/charges/',
    query: {
      select_filters: JSON.stringify({ day: days, type: { in: ['instance', 'volume'] } }),
      format: 'table',
      limit: String(chargePageRows),
      ...(afterToken === null ? {} : { after_token: afterToken }),
    },
    repeat: 'safe',
    effect: 'read',
  }
}

export function sshKeysCall(): VastCall {
  return { operation: 'sshKeys', method: 'GET', path: '/api/v0/ssh/', repeat: 'safe', effect: 'read' }
}

/** Sent once: nothing says that a second registration of the same key is refused. */
export function addSshKeyCall(publicKey: string): VastCall {
  const json = { ssh_key: publicKey }
  return { operation: 'addSshKey', method: 'POST', path: '/api/v0/ssh/', json, repeat: 'once', effect: 'change' }
}

export function accountCall(): VastCall {
  return { operation: 'account', method: 'GET', path: '/api/v0/users/current/', repeat: 'safe', effect: 'read' }
}
