import type { LimitRule, OutboundRequest } from '../../outbound/outbound.ts'
import { lambdaRateLimits } from './description.ts'
import type { LambdaLaunchBody } from './launch-body.ts'

/** One call, before key, origin and account are added: pure, so that it can be checked against the official document. */
export interface LambdaCall {
  operation:
    | 'search'
    | 'launch'
    | 'list'
    | 'one'
    | 'restart'
    | 'terminate'
    | 'sshKeys'
    | 'addSshKey'
    | 'fileSystems'
    | 'endFileSystem'
  method: OutboundRequest['method']
  path: string
  json?: unknown
  limits: readonly LimitRule[]
  repeat: OutboundRequest['repeat']
  timeoutMs?: number
  effect: Effect
}

/** What may have happened when no answer came. */
export type Effect = 'read' | 'change' | 'launch'

const base = '/api/v1'
const all = limitRule('all')
/** A 429 on any call holds back launches too, because they pass both. */
const limits = [all]

export function searchCall(): LambdaCall {
  return { operation: 'search', method: 'GET', path: `${base}/instance-types`, limits, repeat: 'safe', effect: 'read' }
}

/** Sent once: nothing tells two launches apart. It can take tens of seconds. @source providers/lambda.md 2.3 */
export function launchCall(body: LambdaLaunchBody): LambdaCall {
  return {
    operation: 'launch',
    method: 'POST',
    path: `${base}/instance-operations/launch`,
    json: body,
    limits: [all, limitRule('launch')],
    repeat: 'once',
    timeoutMs: 120_000,
    effect: 'launch',
  }
}

export function listCall(): LambdaCall {
  return { operation: 'list', method: 'GET', path: `${base}/instances`, limits, repeat: 'safe', effect: 'read' }
}

export function oneCall(id: string): LambdaCall {
  return { operation: 'one', method: 'GET', path: `${base}/instances/${id}`, limits, repeat: 'safe', effect: 'read' }
}

/** Sent once: a repeat after a lost answer would restart twice. */
export function restartCall(id: string): LambdaCall {
  return operationCall('restart', id, 'once')
}

/** Safe to repeat: a second call answers 200 or 404. @source providers/lambda.md 2.8 */
export function terminateCall(id: string): LambdaCall {
  return operationCall('terminate', id, 'safe')
}

export function sshKeysCall(): LambdaCall {
  return { operation: 'sshKeys', method: 'GET', path: `${base}/ssh-keys`, limits, repeat: 'safe', effect: 'read' }
}

/**
 * Sent once: whether a second key of the same name is refused is not established. The public key is never left out,
 * because Lambda then makes a pair and sends a private key.
 */
export function addSshKeyCall(key: { name: string; publicKey: string }): LambdaCall {
  const json = { name: key.name, public_key: key.publicKey }
  return {
    operation: 'addSshKey',
    method: 'POST',
    path: `${base}/ssh-keys`,
    json,
    limits,
    repeat: 'once',
    effect: 'change',
  }
}

/** The list is spelt with a hyphen, the others are not. @source providers/lambda.md 2.11 */
export function fileSystemsCall(): LambdaCall {
  const path = `${base}/file-systems`
  return { operation: 'fileSystems', method: 'GET', path, limits, repeat: 'safe', effect: 'read' }
}

/** Safe to repeat: a second call answers 404. */
export function endFileSystemCall(id: string): LambdaCall {
  const path = `${base}/filesystems/${id}`
  return { operation: 'endFileSystem', method: 'DELETE', path, limits, repeat: 'safe', effect: 'change' }
}

function operationCall(operation: 'restart' | 'terminate', id: string, repeat: LambdaCall['repeat']): LambdaCall {
  const path = `${base}/instance-operations/${operation}`
  return { operation, method: 'POST', path, json: { instance_ids: [id] }, limits, repeat, effect: 'change' }
}

function limitRule(scope: keyof typeof lambdaRateLimits): LimitRule {
  const { calls, windowMs, burst } = lambdaRateLimits[scope]
  return { name: scope, calls, windowMs, burst }
}
