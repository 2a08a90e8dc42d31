/**
 * Lambda's error envelope, `{"error": {code, message, suggestion?}}`, and the codes it knows.
 *
 * @source OpenAPI document 1.10.0 of cloud.lambda.ai (read 2026-08): codes, default messages and suggestions.
 */

import { json } from '../kit/controlled.ts'
import type { SimReply } from '../kit/simulator.ts'

export class Refusal extends Error {
  readonly status: number
  readonly code: string
  readonly suggestion: string | undefined

  constructor(status: number, code: string, message: string, suggestion?: string) {
    super(message)
    this.status = status
    this.code = code
    this.suggestion = suggestion
  }
}

export function refusalReply(refusal: Refusal): SimReply {
  const { code, message, suggestion } = refusal
  return json(refusal.status, { error: { code, message, ...(suggestion === undefined ? {} : { suggestion }) } })
}

export const invalidApiKey = () =>
  new Refusal(
    401,
    'global/invalid-api-key',
    'API key was invalid, expired, or deleted.',
    'Check your API key or create a new one, then try again.',
  )

export const accountInactive = () =>
  new Refusal(
    403,
    'global/account-inactive',
    'Your account is inactive.',
    'Make sure you have verified your email address and have a valid payment method. Contact Support if problems continue.',
  )

export const invalidAddress = () =>
  new Refusal(
    403,
    'global/invalid-address',
    'Your billing address is invalid.',
    'Make sure your billing address is valid. Contact Support if problems continue.',
  )

/** The text is free in the OpenAPI document; this one is a guess. */
export const forbidden = () =>
  new Refusal(403, 'global/forbidden', 'You do not have permission to access this resource.')

export const invalidParameters = (message = 'Invalid request data.') =>
  new Refusal(400, 'global/invalid-parameters', message)

export const notFound = () => new Refusal(404, 'global/not-found', 'The requested resource was not found.')

export const instanceMissing = () =>
  new Refusal(404, 'global/object-does-not-exist', 'Specified instance does not exist.')

export const filesystemMissing = () => new Refusal(404, 'global/object-does-not-exist', 'Filesystem was not found.')

export const rulesetMissing = () =>
  new Refusal(
    404,
    'global/object-does-not-exist',
    'Firewall ruleset does not exist or you do not have permission to access it.',
    'Check your firewall ruleset ID and try again.',
  )

/** A launch that names something unknown: the OpenAPI document lists the code under 400 and under 404. */
export const launchResourceMissing = (status: number, what: string) =>
  new Refusal(status, 'global/object-does-not-exist', `${what} does not exist.`, 'Check the request and try again.')

export const quotaExceeded = () =>
  new Refusal(400, 'global/quota-exceeded', 'Quota exceeded.', 'Contact Support to increase your quota.')

export const duplicate = (message: string) => new Refusal(400, 'global/duplicate', message)

export const conflict = () =>
  new Refusal(409, 'global/conflict', 'The request conflicts with the current state of the resource.')

export const insufficientCapacity = () =>
  new Refusal(
    400,
    'instance-operations/launch/insufficient-capacity',
    'Not enough capacity to fulfill launch request.',
    'Choose an instance type with more availability, or try again later.',
  )

export const fileSystemInWrongRegion = (name: string, region: string) =>
  new Refusal(
    400,
    'instance-operations/launch/file-system-in-wrong-region',
    `Filesystem ${name} is not in region ${region}.`,
  )

export const filesystemInUse = () =>
  new Refusal(400, 'filesystems/filesystem-in-use', 'Filesystem is in use by one or more instances.')

export const rulesetInUse = (status: number) =>
  new Refusal(
    status,
    'firewall-rulesets/firewall-ruleset-in-use',
    'Firewall ruleset is in use by one or more instances.',
    'Terminate all instances that are using the ruleset before deleting it.',
  )

/** Which 5xx these carry is not established. */
export const providerUnavailable = () =>
  new Refusal(503, 'provider/internal-unavailable', 'Provider unavailable', 'Try again shortly')

export const internalError = () =>
  new Refusal(
    500,
    'global/internal-error',
    'An internal server error occurred.',
    'Try again later. Contact Support if the problem persists.',
  )
