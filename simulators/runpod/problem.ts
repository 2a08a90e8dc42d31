/** Answers of REST v2: JSON, or RFC 9457 problems thrown from wherever they are found. */

import type { SimReply } from '../kit/simulator.ts'

const titles: Record<number, string> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  402: 'Payment Required',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  410: 'Gone',
  413: 'Request Entity Too Large',
  422: 'Unprocessable Entity',
  429: 'Too Many Requests',
}

/** The recorded text for missing capacity (live capture, 2026). It carries no code of its own, only this sentence. */
export const noInstances =
  'There are no longer any instances available with the requested specifications. Please refresh and try again.'
export const noResources =
  'This machine does not have the resources to deploy your pod. Please try a different machine.'
export const noDiskSpace =
  'There are no longer any instances available with the requested specifications with enough disk space.'

export class Problem extends Error {
  readonly status: number
  readonly errors: string[] | undefined
  readonly headers: Record<string, string>

  constructor(
    status: number,
    detail: string,
    more: { errors?: string[] | undefined; headers?: Record<string, string> } = {},
  ) {
    super(detail)
    this.status = status
    this.errors = more.errors
    this.headers = more.headers ?? {}
  }

  reply(): SimReply {
    return {
      status: this.status,
      headers: { 'content-type': 'application/problem+json', ...this.headers },
      body: JSON.stringify({
        title: titles[this.status] ?? 'Error',
        status: this.status,
        detail: this.message,
        ...(this.errors ? { errors: this.errors } : {}),
      }),
    }
  }
}

export function badRequest(detail: string): Problem {
  return new Problem(400, detail)
}

export function notFound(detail = 'resource not found'): Problem {
  return new Problem(404, detail)
}

export function invalid(errors: string[]): Problem {
  return new Problem(422, 'Request validation failed.', { errors })
}

export function ok(body: unknown, status = 200): SimReply {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
}

export function noContent(): SimReply {
  return { status: 204, headers: {}, body: '' }
}
