import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { appErrorFrom } from '../app/errors.ts'
import type { Caller } from './access.ts'
import { type HttpErrorCode, ProblemView, statusOf } from './problem.ts'

/**
 * A route is data: the server, the OpenAPI file, the SDK's types, the access test and the docs come from it. A handler is
 * input → verb → view.
 */
export interface RouteSpec<Params, Query, Body, Data, Deps> {
  operationId: string
  method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** With parameters as `/:id`. */
  path: string
  summary: string
  description?: string
  tag: string
  params?: z.ZodType<Params>
  query?: z.ZodType<Query>
  body?: z.ZodType<Body>
  /** Whether a body may be missing altogether. */
  bodyOptional?: boolean
  headers?: z.ZodObject
  reply: {
    status: 200 | 201
    message: string
    data: z.ZodType<Data>
    /** Fields beside `data`. */
    more?: z.ZodRawShape
  }
  errors: readonly HttpErrorCode[]
  handle(input: RouteInput<Params, Query, Body>, deps: Deps): Promise<Answer<Data>>
}

export interface RouteInput<Params, Query, Body> {
  params: Params
  query: Query
  body: Body
  caller: Caller
  request: FastifyRequest
}

export interface Answer<Data> {
  data: Data
  message?: string
  more?: Record<string, unknown>
}

export interface Route<Deps> {
  spec: Omit<RouteSpec<unknown, unknown, unknown, unknown, Deps>, 'handle'>
  register(app: FastifyInstance, deps: Deps): void
}

/** What every operation may answer. */
const always: readonly HttpErrorCode[] = ['invalid_request', 'unauthorized', 'too_many_requests', 'internal']

export function route<Params = unknown, Query = unknown, Body = unknown, Data = unknown, Deps = unknown>(
  spec: RouteSpec<Params, Query, Body, Data, Deps>,
): Route<Deps> {
  const envelope = z.object({
    success: z.literal(true),
    message: z.string(),
    data: spec.reply.data,
    ...spec.reply.more,
  })
  return {
    spec: spec as unknown as Route<Deps>['spec'],
    register(app, deps) {
      app.withTypeProvider<ZodTypeProvider>().route({
        method: spec.method,
        url: spec.path,
        schema: {
          operationId: spec.operationId,
          summary: spec.summary,
          ...(spec.description !== undefined && { description: spec.description }),
          tags: [spec.tag],
          ...(spec.params !== undefined && { params: spec.params }),
          querystring: spec.query ?? z.strictObject({}),
          ...(spec.body !== undefined && { body: spec.bodyOptional ? spec.body.optional() : spec.body }),
          ...(spec.headers !== undefined && { headers: spec.headers }),
          response: { [spec.reply.status]: envelope, ...problemsOf(spec) },
        },
        async handler(request: FastifyRequest, reply: FastifyReply) {
          const answer = await answerOf(request)
          return reply
            .status(spec.reply.status)
            .send({ success: true, message: answer.message ?? spec.reply.message, data: answer.data, ...answer.more })
        },
      })

      async function answerOf(request: FastifyRequest): Promise<Answer<Data>> {
        try {
          return await spec.handle(
            {
              params: request.params as Params,
              query: request.query as Query,
              body: request.body as Body,
              caller: request.caller,
              request,
            },
            deps,
          )
        } catch (error) {
          throw appErrorFrom(error)
        }
      }
    },
  }
}

function problemsOf({ errors, body, method }: { errors: readonly HttpErrorCode[]; body?: unknown; method: string }) {
  const codes = [...always, ...errors, ...(body !== undefined || method !== 'GET' ? (['body_too_large'] as const) : [])]
  const statuses = new Set(codes.map((code) => statusOf[code]))
  return Object.fromEntries([...statuses].sort().map((status) => [status, ProblemView]))
}
