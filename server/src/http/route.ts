import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { appErrorFrom } from '../app/errors.ts'
import type { Who } from '../app/who.ts'
import type { Role } from '../core/roles.ts'
import { type Caller, whoFrom } from './access.ts'
import { answeredOnce, type IdempotencyDeps, IdempotencyHeaders } from './idempotency.ts'
import { fieldsOf } from './mistakes.ts'
import { type HttpErrorCode, meaningOf, ProblemView, statusOf } from './problem.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The names that its body, its query and its headers may have, for "did you mean". */
    known?: readonly string[]
    /** Who may call it; `open`: everybody, without a key. A route that does not say stops the start. */
    access?: Role | 'open'
    /** It is about all projects at once, so keys of one project are refused. */
    allProjects?: boolean
    /** Only the key that CONTROL_API_KEY was set to opens it. */
    controlKeyOnly?: boolean
  }
}

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
  /** The least role that may call it; see `Role`. */
  access: Role
  /** It is about all projects at once, so keys of one project are refused. */
  allProjects?: boolean
  params?: z.ZodType<Params>
  query?: z.ZodType<Query>
  body?: z.ZodType<Body>
  /** Whether a body may be missing altogether. */
  bodyOptional?: boolean
  /** It stores its Idempotency-Key with what it makes, in one transaction, and answers repetitions by itself. */
  keepsItsOwnIdempotencyKey?: boolean
  reply: ReplySpec<Data>
  errors: readonly HttpErrorCode[]
  handle(input: RouteInput<Params, Query, Body>, deps: Deps): Promise<Answer<Data>>
}

export interface ReplySpec<Data> {
  status: 200 | 201
  message: string
  data: z.ZodType<Data>
  /** Fields beside `data`. */
  more?: z.ZodRawShape
}

export interface RouteInput<Params, Query, Body> {
  params: Params
  query: Query
  body: Body
  caller: Caller
  /** On whose behalf the verb acts. */
  who: Who
  request: FastifyRequest
}

export interface Answer<Data> {
  data: Data
  message?: string
  more?: Record<string, unknown>
}

export interface Route<Deps> {
  spec: Omit<RouteSpec<unknown, unknown, unknown, unknown, Deps>, 'handle'>
  register: (app: FastifyInstance, deps: Deps & IdempotencyDeps) => void
}

/** What every operation may answer. */
const always: readonly HttpErrorCode[] = [
  'invalid_request',
  'unauthorized',
  'forbidden',
  'too_many_requests',
  'internal',
]

export function route<Params = unknown, Query = unknown, Body = unknown, Data = unknown, Deps = unknown>(
  spec: RouteSpec<Params, Query, Body, Data, Deps>,
): Route<Deps> {
  // Viewers look; whatever takes more than that and is no GET changes something.
  const changes = spec.method !== 'GET' && spec.access !== 'viewer'
  const isKeptOnce = changes && spec.keepsItsOwnIdempotencyKey !== true
  return {
    spec: spec as unknown as Route<Deps>['spec'],
    register(app, deps) {
      app.withTypeProvider<ZodTypeProvider>().route({
        method: spec.method,
        url: spec.path,
        config: {
          access: spec.access,
          ...(spec.allProjects === true && { allProjects: true }),
          known: [...fieldsOf(spec.query), ...fieldsOf(spec.body)],
        },
        schema: {
          operationId: spec.operationId,
          summary: spec.summary,
          ...(spec.description !== undefined && { description: spec.description }),
          tags: [spec.tag],
          ...(spec.params !== undefined && { params: spec.params }),
          querystring: spec.query ?? z.strictObject({}),
          ...(spec.body !== undefined && { body: spec.bodyOptional ? spec.body.optional() : spec.body }),
          ...(changes && { headers: IdempotencyHeaders }),
          response: {
            ...goodReply(spec.reply),
            ...problemReplies([
              ...spec.errors,
              // A part of the path that is longer than any id.
              ...(spec.path.includes('/:') ? (['no_such_route'] as const) : []),
              ...(spec.method === 'GET' ? [] : (['body_too_large', 'malformed_json'] as const)),
              ...(changes ? (['idempotency_key_reused', 'idempotency_in_progress'] as const) : []),
            ]),
          },
        },
        async handler(request: FastifyRequest, reply: FastifyReply) {
          const {
            message = spec.reply.message,
            data,
            more,
          } = await (isKeptOnce
            ? answeredOnce(spec.operationId, request, reply, (call) => answerOf(request, call), deps)
            : answerOf(request))
          return reply.status(spec.reply.status).send({ success: true, message, data, ...more })
        },
      })

      async function answerOf(request: FastifyRequest, call?: Who['call']): Promise<Answer<Data>> {
        try {
          return await spec.handle(
            {
              params: request.params as Params,
              query: request.query as Query,
              body: request.body as Body,
              caller: request.caller,
              who: { ...whoFrom(request.caller), ...(call !== undefined && { call }) },
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

function goodReply({ status, message, data, more }: ReplySpec<unknown>) {
  const envelope = z.object({ success: z.literal(true), message: z.string(), data, ...more })
  return { [status]: { description: `${message}.`, content: { 'application/json': { schema: envelope } } } }
}

/** The errors among an operation's answers, by status, each saying which codes it may carry and what they mean. */
export function problemReplies(codes: readonly HttpErrorCode[]) {
  const byStatus = Map.groupBy(new Set([...always, ...codes]), (code) => statusOf[code])
  return Object.fromEntries(
    [...byStatus]
      .sort(([one], [other]) => one - other)
      .map(([status, meant]) => [
        status,
        {
          description: `${meant.map((code) => `\`${code}\`: ${meaningOf[code]}`).join('. ')}.`,
          content: { 'application/json': { schema: ProblemView } },
        },
      ]),
  )
}
