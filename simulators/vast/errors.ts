/** How Vast says no. Statuses and codes are inconsistent on purpose: they are the documented ones, endpoint by endpoint. */

import { json } from '../kit/controlled.ts'
import type { SimReply } from '../kit/simulator.ts'

/** A refusal that is not yet a reply, so that functions without HTTP can return it. */
export interface ApiError {
  status: number
  body: Record<string, unknown>
}

export function refused(status: number, body: Record<string, unknown>): ApiError {
  return { status, body }
}

export function failed(status: number, error: string, msg: string, more: Record<string, unknown> = {}): ApiError {
  return { status, body: { success: false, error, msg, ...more } }
}

export function replyFrom(error: ApiError): SimReply {
  return json(error.status, error.body)
}

export const loginRequired = failed(403, 'auth_error', 'This action requires login.')

/** 404 on search, invoices, charges and the v1 list; 401 elsewhere. */
export function unknownKey(notFound: boolean): ApiError {
  return failed(notFound ? 404 : 401, 'auth_error', 'Invalid user key')
}

export function lacksGroup(group: string): ApiError {
  return failed(401, 'auth_error', `Your key lacks the ${group} permission group`)
}

export function noSuchInstance(id: number | string): ApiError {
  return failed(404, 'no_such_instance', `Instance ${id} not found.`)
}

export const noCredit = failed(400, 'missing_billing', 'You lack credit, see the billing page.')

/** An offer that is unknown or already gone; the newest documents say 400, older ones 404. */
export function offerGone(askId: number, how: GoneDisguise = 'gone'): ApiError {
  const available = `error 404/3603: no_such_ask Instance type by id ${askId} is not available.`
  switch (how) {
    case 'gone':
      return failedAsk(400, 'invalid_args', askId, available)
    case 'gone_named':
      return failedAsk(400, 'no_such_ask', askId, available)
    case 'gone_404':
      return failedAsk(404, 'invalid_args', askId, available)
    case 'raced':
      return failedAsk(404, 'no_such_ask', askId, `error 404/3659: no_such_ask No ask by id ${askId} is available.`)
    case 'unavailable':
      return failedAsk(
        410,
        'no_such_ask',
        askId,
        `error 410/3907: no_such_ask Instance type ${askId} is no longer available.`,
      )
  }
}

export const goneDisguises = ['gone', 'gone_named', 'gone_404', 'raced', 'unavailable'] as const
export type GoneDisguise = (typeof goneDisguises)[number]

/** The create call puts `ask_id` before the text. */
export function failedAsk(status: number, error: string, askId: number, msg: string): ApiError {
  return { status, body: { success: false, error, ask_id: askId, msg } }
}
