/** Every request we send, made without sending it. */

import type { NovitaLimit } from './description.ts'
import type { NovitaCreateBody } from './launch-body.ts'

/** What a lost answer means: nothing, a machine that may have changed, or a machine that may exist. */
export type Effect = 'read' | 'change' | 'launch'

export interface NovitaCall {
  operation: string
  limit: NovitaLimit
  effect: Effect
  method: 'GET' | 'POST'
  path: string
  query?: Record<string, string>
  json?: unknown
  repeat: 'safe' | 'once'
}

export type NovitaAction = 'start' | 'stop' | 'restart' | 'delete'

export interface NovitaProductSearch {
  clusterId: string
  gpuNum?: number
}

export interface NovitaBillSearch {
  cycleType: 'Hour' | 'Day' | 'Week' | 'Month'
  /** Unix seconds. */
  startTime: number
  endTime: number
  /** An instance. */
  ownerId?: string
}

/** The most rows that we ask for in one page. No maximum is documented; the loop holds with any. */
export const listPageSize = 100

const gpuRoutes = '/gpu-instance/openapi/v1'
const accountRoutes = '/openapi/v1'

export function clustersCall(): NovitaCall {
  return read('clusters', 'search', `${gpuRoutes}/clusters`)
}

export function productsCall({ clusterId, gpuNum }: NovitaProductSearch): NovitaCall {
  return read('products', 'search', `${gpuRoutes}/products`, {
    clusterId,
    ...(gpuNum === undefined ? {} : { gpuNum: String(gpuNum) }),
  })
}

/** There is no client token, so it is sent once: the name settles a lost answer (novita.md 2.2). */
export function createCall(body: NovitaCreateBody): NovitaCall {
  return {
    operation: 'create',
    limit: 'launch',
    effect: 'launch',
    method: 'POST',
    path: `${gpuRoutes}/gpu/instance/create`,
    json: body,
    repeat: 'once',
  }
}

/** The first page is 1. Any other spelling of the parameters silently gives a page of ten (novita.md 1). */
export function listCall(pageNum: number): NovitaCall {
  return read('list', 'look', `${gpuRoutes}/gpu/instances`, {
    pageNum: String(pageNum),
    pageSize: String(listPageSize),
  })
}

export function oneCall(instanceId: string): NovitaCall {
  return read('one', 'look', `${gpuRoutes}/gpu/instance`, { instanceId })
}

/** A delete works in any state, so it may be repeated. The others depend on the state, which a repeat would find changed. */
export function actionCall(action: NovitaAction, instanceId: string): NovitaCall {
  return {
    operation: action,
    // A start may meet the quota of GPUs, which must not hold back a stop or a delete.
    limit: action === 'start' ? 'launch' : 'act',
    effect: 'change',
    method: 'POST',
    path: `${gpuRoutes}/gpu/instance/${action}`,
    json: { instanceId },
    repeat: action === 'delete' ? 'safe' : 'once',
  }
}

/** Here the number of the page is `pageNo`, from 1 (novita.md 1, 2.5). */
export function storagesCall(pageNo: number): NovitaCall {
  return read('storages', 'look', `${gpuRoutes}/networkstorages/list`, {
    pageNo: String(pageNo),
    pageSize: String(listPageSize),
  })
}

export function endStorageCall(storageId: string): NovitaCall {
  return {
    operation: 'endStorage',
    limit: 'act',
    effect: 'change',
    method: 'POST',
    path: `${gpuRoutes}/networkstorage/delete`,
    json: { storageId },
    repeat: 'safe',
  }
}

/** @source novita.md 2.5 */
export function templateCall(templateId: string): NovitaCall {
  return read('template', 'search', `${gpuRoutes}/template`, { templateId })
}

export function registryAuthsCall(): NovitaCall {
  return read('registry_auths', 'search', `${gpuRoutes}/repository/auths`)
}

export function balanceCall(): NovitaCall {
  return read('balance', 'billing', `${accountRoutes}/billing/balance/detail`)
}

export function billsCall({ cycleType, startTime, endTime, ownerId }: NovitaBillSearch): NovitaCall {
  return read('bills', 'billing', `${accountRoutes}/billing/bill/list`, {
    cycleType,
    productCategory: 'gpu',
    startTime: String(startTime),
    endTime: String(endTime),
    ...(ownerId === undefined ? {} : { ownerId }),
  })
}

function read(operation: string, limit: NovitaLimit, path: string, query?: Record<string, string>): NovitaCall {
  return { operation, limit, effect: 'read', method: 'GET', path, ...(query && { query }), repeat: 'safe' }
}
