import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { type OnceDeps, once } from '../app/once.ts'
import type { Who } from '../app/who.ts'

export interface Fingerprints {
  /** Tells two bodies apart without keeping them: they hold secrets. */
  fingerprint: (text: string) => string
}

export type IdempotencyDeps = OnceDeps & Fingerprints

/** Of every operation that changes something. */
export const IdempotencyHeaders = z.looseObject({
  'idempotency-key': z
    .string()
    .regex(/^[\u0021-\u007e]{1,255}$/, 'takes 1 to 255 printable characters without blanks')
    .optional()
    .describe(
      'Makes repeating harmless for 24 hours: the same key with the same request gets the same answer; with another, 409. An error is not kept.',
    ),
})

export function idempotencyKeyOf({ headers }: FastifyRequest): string | null {
  const key = headers['idempotency-key']
  return typeof key === 'string' ? key : null
}

/** Runs the call, or answers what the first one with its Idempotency-Key was answered. */
export async function answeredOnce<Answer>(
  operationId: string,
  request: FastifyRequest,
  reply: FastifyReply,
  run: (call?: Who['call']) => Promise<Answer>,
  deps: IdempotencyDeps,
): Promise<Answer> {
  const key = idempotencyKeyOf(request)
  if (key === null) return run()
  const { params, query, body = null } = request
  const fingerprint = deps.fingerprint(inOrder({ params, query, body }))
  const { answer, replayed } = await once({ scope: `${operationId} ${request.caller.id}`, key, fingerprint }, run, deps)
  if (replayed) reply.header('idempotency-replayed', 'true')
  return answer
}

/** The same text for what is asked, whatever the order of its names. */
export function inOrder(asked: unknown): string {
  const sorted = (_key: string, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)))
      : value
  return JSON.stringify(asked, sorted)
}
