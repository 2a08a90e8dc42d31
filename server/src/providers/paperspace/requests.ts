import type { OutboundRequest } from '../../outbound/outbound.ts'
import type { MachineBody, ScriptBody } from './launch-body.ts'
import type { RegionCode } from './regions.ts'

/** One call, before key, origin and account are added: pure, so that it can be checked against the official spec. */
export interface PaperspaceCall {
  operation: string
  method: OutboundRequest['method']
  path: string
  query?: Readonly<Record<string, string>>
  json?: unknown
  repeat: OutboundRequest['repeat']
  effect: Effect
  timeoutMs?: number
}

/**
 * What may have happened when no answer came. `prepare` makes something that neither bills nor runs: nothing of what was
 * asked has happened yet.
 */
export type Effect = 'read' | 'prepare' | 'change' | 'launch'

/** The most that the spec allows. */
export const pageRows = 120

const base = '/v1'

export function availabilityCall(machineType: string, region: RegionCode): PaperspaceCall {
  return read('availability', '/machine-availability', { machineType, region })
}

/** Part of a launch, so that it must not take as long as a call may. */
export function templatesCall(after: string | null): PaperspaceCall {
  return { ...read('templates', '/os-templates', { orderBy: 'name', ...pageOf(after) }), timeoutMs: 15_000 }
}

/** Oldest first: what is created while we read comes on a later page instead of moving all others. */
export function listCall(after: string | null): PaperspaceCall {
  return read('list', '/machines', { orderBy: 'dtCreated', order: 'asc', ...pageOf(after) })
}

export function oneCall(id: string): PaperspaceCall {
  return read('one', `/machines/${encodeURIComponent(id)}`)
}

/** Newest first: the first page has what matters even where there are more. */
export function eventsCall(machineId: string): PaperspaceCall {
  return read('events', '/machine-events', { machineId, orderBy: 'dtCreated', order: 'desc', limit: String(pageRows) })
}

export function createScriptCall(json: ScriptBody): PaperspaceCall {
  return { ...once('createScript', 'POST', '/startup-scripts', 'prepare'), json }
}

export function scriptsCall(after: string | null): PaperspaceCall {
  return read('scripts', '/startup-scripts', { orderBy: 'dtCreated', order: 'asc', ...pageOf(after) })
}

export function deleteScriptCall(id: string): PaperspaceCall {
  return once('deleteScript', 'DELETE', `/startup-scripts/${encodeURIComponent(id)}`, 'change')
}

export function launchCall(json: MachineBody): PaperspaceCall {
  return { ...once('launch', 'POST', '/machines', 'launch'), json }
}

/** The body is not optional: the server chokes on a JSON content type without one (providers/paperspace.md 1). */
export function actionCall(id: string, action: 'start' | 'stop' | 'restart'): PaperspaceCall {
  return { ...once(action, 'PATCH', `/machines/${encodeURIComponent(id)}/${action}`, 'change'), json: {} }
}

export function terminateCall(id: string): PaperspaceCall {
  return once('terminate', 'DELETE', `/machines/${encodeURIComponent(id)}`, 'change')
}

export function publicIpsCall(after: string | null): PaperspaceCall {
  return read('publicIps', '/public-ips', pageOf(after))
}

export function releaseIpCall(ip: string): PaperspaceCall {
  return once('releaseIp', 'DELETE', `/public-ips/${encodeURIComponent(ip)}`, 'change')
}

export function sharedDrivesCall(after: string | null): PaperspaceCall {
  return read('sharedDrives', '/shared-drives', pageOf(after))
}

export function deleteSharedDriveCall(id: string): PaperspaceCall {
  return once('deleteSharedDrive', 'DELETE', `/shared-drives/${encodeURIComponent(id)}`, 'change')
}

export function snapshotsCall(after: string | null): PaperspaceCall {
  return read('snapshots', '/snapshots', pageOf(after))
}

export function deleteSnapshotCall(id: string): PaperspaceCall {
  return once('deleteSnapshot', 'DELETE', `/snapshots/${encodeURIComponent(id)}`, 'change')
}

export function customTemplatesCall(after: string | null): PaperspaceCall {
  return read('customTemplates', '/custom-templates', pageOf(after))
}

export function deleteCustomTemplateCall(id: string): PaperspaceCall {
  return once('deleteCustomTemplate', 'DELETE', `/custom-templates/${encodeURIComponent(id)}`, 'change')
}

export function sessionCall(): PaperspaceCall {
  return read('session', '/auth/session')
}

function read(operation: string, path: string, query?: Record<string, string>): PaperspaceCall {
  return { operation, method: 'GET', path: base + path, ...(query && { query }), repeat: 'safe', effect: 'read' }
}

function once(
  operation: string,
  method: OutboundRequest['method'],
  path: string,
  effect: Exclude<Effect, 'read'>,
): PaperspaceCall {
  return { operation, method, path: base + path, repeat: 'once', effect }
}

function pageOf(after: string | null): Record<string, string> {
  return { limit: String(pageRows), ...(after !== null && { after }) }
}
