import { type Instant, isoFrom } from '../../core/time.ts'
import type { OutboundRequest } from '../../outbound/outbound.ts'
import type { RunpodLaunchBody } from './launch-body.ts'
import type { CatalogueQuestion } from './offers.ts'

/**
 * One call, before key, origin and account are added: pure, so that it can be checked against the official spec. Query keys
 * that RunPod does not know are ignored with 200, so that a misspelt filter would answer with everything.
 */
export interface RunpodCall {
  operation: RunpodOperation
  method: OutboundRequest['method']
  path: string
  query?: Readonly<Record<string, string>>
  json?: unknown
  repeat: OutboundRequest['repeat']
  effect: Effect
  timeoutMs?: number
  readForMs?: number
  /** What a refusal may repeat and no message may show. */
  secrets?: readonly string[]
}

export type RunpodOperation =
  | 'search'
  | 'quote'
  | 'launch'
  | 'list'
  | 'one'
  | 'start'
  | 'stop'
  | 'restart'
  | 'terminate'
  | 'logs'
  | 'registries'
  | 'addRegistry'
  | 'volumes'
  | 'endVolume'
  | 'bill'

/** What may have happened when no answer came. `harmless`: nothing that bills or changes a machine. */
export type Effect = 'harmless' | 'change' | 'launch'

/** The server's own ceiling, and its default. */
export const listPageRows = 1_000

export function searchCall(question: CatalogueQuestion): RunpodCall {
  return {
    operation: 'search',
    method: 'GET',
    path: '/v2/catalog/gpus',
    query: availabilityOf(question),
    repeat: 'safe',
    effect: 'harmless',
  }
}

/** Ids of types hold spaces. */
export function quoteCall(gpuId: string, question: CatalogueQuestion): RunpodCall {
  const path = `/v2/catalog/gpus/${encodeURIComponent(gpuId)}`
  return {
    operation: 'quote',
    method: 'GET',
    path,
    query: availabilityOf(question),
    repeat: 'safe',
    effect: 'harmless',
  }
}

/** Sent once: there is no idempotency key, names are not unique, and a repeat is a second machine. */
export function launchCall(body: RunpodLaunchBody): RunpodCall {
  return {
    operation: 'launch',
    method: 'POST',
    path: '/v2/pods',
    json: body,
    repeat: 'once',
    effect: 'launch',
    timeoutMs: 60_000,
    secrets: [...Object.values(body.env), ...(body.cmd ?? [])],
  }
}

/** A stream without an end: the backlog comes at once, and we do not wait for more. */
export function logsCall(id: string, tail: number): RunpodCall {
  return {
    operation: 'logs',
    method: 'GET',
    path: `/v2/pods/${id}/logs`,
    query: { tail: String(Math.min(tail, 5_000)) },
    repeat: 'safe',
    effect: 'harmless',
    readForMs: 2_000,
  }
}

export function listCall(cursor: string | null): RunpodCall {
  return {
    operation: 'list',
    method: 'GET',
    path: '/v2/pods',
    query: { limit: String(listPageRows), ...(cursor === null ? {} : { cursor }) },
    repeat: 'safe',
    effect: 'harmless',
  }
}

export function oneCall(id: string): RunpodCall {
  return { operation: 'one', method: 'GET', path: podPath(id), repeat: 'safe', effect: 'harmless' }
}

/** A repeated start or stop meets a 409; a repeated restart would restart twice. */
export function actionCall(id: string, action: 'start' | 'stop' | 'restart'): RunpodCall {
  return {
    operation: action,
    method: 'POST',
    path: `${podPath(id)}/action`,
    json: { action },
    repeat: action === 'restart' ? 'once' : 'safe',
    effect: 'change',
  }
}

export function terminateCall(id: string): RunpodCall {
  return { operation: 'terminate', method: 'DELETE', path: podPath(id), repeat: 'safe', effect: 'change' }
}

export function volumesCall(): RunpodCall {
  return { operation: 'volumes', method: 'GET', path: '/v2/network-volumes', repeat: 'safe', effect: 'harmless' }
}

export function endVolumeCall(id: string): RunpodCall {
  const path = `/v2/network-volumes/${encodeURIComponent(id)}`
  return { operation: 'endVolume', method: 'DELETE', path, repeat: 'safe', effect: 'change' }
}

export interface Period {
  from: Instant
  until: Instant
}

/** Whole hours, or the server widens the period to them. */
export function billCall(of: 'pods' | 'network-volumes', period: Period): RunpodCall {
  return {
    operation: 'bill',
    method: 'GET',
    path: `/v2/billing/${of}`,
    query: { startTime: isoFrom(period.from), endTime: isoFrom(period.until), bucketSize: 'hour' },
    repeat: 'safe',
    effect: 'harmless',
  }
}

export function registriesCall(): RunpodCall {
  return { operation: 'registries', method: 'GET', path: '/v2/registries', repeat: 'safe', effect: 'harmless' }
}

/** Sent once: a repeat would store the credential twice. A lost answer is found again by its name. */
export function addRegistryCall(credential: { name: string; username: string; password: string }): RunpodCall {
  return {
    operation: 'addRegistry',
    method: 'POST',
    path: '/v2/registries',
    json: credential,
    repeat: 'once',
    effect: 'harmless',
    secrets: [credential.username, credential.password],
  }
}

function availabilityOf({ cloud, count }: CatalogueQuestion): Record<string, string> {
  return { include: 'AVAILABILITY', product: 'POD', cloud, count: String(count) }
}

function podPath(id: string): string {
  return `/v2/pods/${encodeURIComponent(id)}`
}
