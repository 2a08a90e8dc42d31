import type { Socket } from 'node:net'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod'
import { AppError } from '../app/errors.ts'
import type { Clock } from '../core/time.ts'
import type { Log } from '../observability/log.ts'
import { faceOf } from './faces.ts'
import { mistakesFrom } from './mistakes.ts'
import { HttpError, invalidRequest, problemFrom, statusOf } from './problem.ts'

/** Every error of a request in our shape, whoever raised it. */
export function errorAnswers(
  log: Log,
  { bodyLimitBytes, clock }: { bodyLimitBytes: number; clock: Pick<Clock, 'now'> },
) {
  const send = sender(clock)
  return (raised: FastifyError | Error, request: FastifyRequest, reply: FastifyReply) => {
    const error = knownError(raised, request, bodyLimitBytes)
    if (error === undefined) {
      const { id: requestId, method } = request
      log.error('request failed', { requestId, method, path: pathOf(request.url), error: raised })
      return send(
        new HttpError(
          'internal',
          'something went wrong here',
          `it is our fault, not yours; the server’s log has it under ${requestId}`,
        ),
        request,
        reply,
      )
    }
    if (statusOf[error.code] >= 500) {
      log.warn('request not served', { requestId: request.id, code: error.code, error: raised })
    }
    return send(error, request, reply)
  }
}

/** What the router refuses before any of our hooks has seen it. */
export function routerErrorAnswers(clock: Pick<Clock, 'now'>) {
  const send = sender(clock)
  return (error: FastifyError, request: FastifyRequest, reply: FastifyReply): void => {
    reply.header('x-request-id', request.id).header('x-content-type-options', 'nosniff')
    const problem =
      error.code === 'FST_ERR_BAD_URL'
        ? invalidRequest([
            { field: 'path', problem: 'a % is followed by two hexadecimal digits; write %25 for the sign' },
          ])
        : new HttpError(
            'no_such_route',
            'there is nothing at this path',
            'a part of it is too long to be a name or an id',
          )
    send(problem, request, reply)
  }
}

/** What is not even HTTP: nobody has parsed it, so the answer is written by hand. */
export function answerClientErrors(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable || socket.destroyed) return
  const problem = unparsed(error.code)
  const status = statusOf[problem.code]
  const body = JSON.stringify(problemFrom(problem, newRequestId()))
  socket.end(
    `HTTP/1.1 ${status} ${reasonOf[status] ?? 'Error'}\r\nContent-Type: application/json; charset=utf-8\r\n` +
      `X-Content-Type-Options: nosniff\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  )
}

export function newRequestId(): string {
  return `req_${crypto.randomUUID().replaceAll('-', '').slice(0, 16)}`
}

export function pathOf(url: string): string {
  return url.split('?', 1)[0] ?? '/'
}

const reasonOf: Record<number, string> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  431: 'Request Header Fields Too Large',
}

function unparsed(code: string | undefined): HttpError {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return new HttpError('headers_too_large', 'the address and headers are over 16 kB', 'long searches go by POST')
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new HttpError('request_timeout', 'the request did not arrive in time', 'send it again, in one go')
    default:
      return new HttpError('invalid_request', 'this is not an HTTP request that we can read', 'see /docs')
  }
}

function sender(clock: Pick<Clock, 'now'>) {
  return (error: AppError | HttpError, request: FastifyRequest, reply: FastifyReply) => {
    const path = pathOf(request.url)
    const { id, method } = request
    const { status, body } = faceOf(path).problem(error, { id, method, path, at: clock.now() })
    return reply.status(status).type('application/json').serializer(JSON.stringify).send(body)
  }
}

function knownError(
  error: FastifyError | Error,
  request: FastifyRequest,
  bodyLimitBytes: number,
): AppError | HttpError | undefined {
  if (error instanceof AppError || error instanceof HttpError) return error
  if (hasZodFastifySchemaValidationErrors(error)) {
    const context = (error as FastifyError).validationContext ?? 'request'
    const part = context === 'querystring' ? 'query' : context
    return invalidRequest(mistakesFrom(error.validation, { part, known: request.routeOptions.config.known ?? [] }))
  }
  const { statusCode = 500 } = error as FastifyError
  if (statusCode === 413) {
    return new HttpError(
      'body_too_large',
      `the body is over ${bodyLimitBytes} bytes`,
      'send less; a long start script belongs into the image',
    )
  }
  // A file that is not there, or not ours to show.
  if (statusCode === 403 || statusCode === 404) {
    return new HttpError('no_such_route', `there is no ${request.method} ${pathOf(request.url)}`, 'see /docs')
  }
  if (statusCode >= 400 && statusCode < 500) {
    return new HttpError('invalid_request', error.message, 'see /docs for what this takes')
  }
  return undefined
}
