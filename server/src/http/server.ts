import cors from '@fastify/cors'
import helmet from '@fastify/helmet'
import rateLimit from '@fastify/rate-limit'
import fastifyStatic from '@fastify/static'
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import fastify, { type FastifyError, type FastifyInstance } from 'fastify'
import {
  hasZodFastifySchemaValidationErrors,
  jsonSchemaTransform,
  serializerCompiler,
  validatorCompiler,
} from 'fastify-type-provider-zod'
import { AppError } from '../app/errors.ts'
import type { Log } from '../observability/log.ts'
import { type AccessRules, type Caller, callerOf } from './access.ts'
import { withNamedSchemas } from './named-schemas.ts'
import { HttpError, invalidRequest, problemFrom, statusOf } from './problem.ts'
import { type SystemDeps, systemRoutes } from './system/routes.ts'
import { type EventStreamDeps, eventStream } from './v1/events/stream.ts'
import { type V1Deps, v1Routes } from './v1/routes.ts'

export interface HttpOptions {
  version: string
  marketLabel: string | undefined
  access: AccessRules
  cors: boolean
  rateLimit: { enabled: boolean; perMinute: number }
  docs: boolean
  metrics: boolean
  /** The folder of the web page; undefined: none. */
  webDir: string | undefined
  log: Log
}

export type HttpDeps = V1Deps & EventStreamDeps & SystemDeps

const bodyLimitBytes = 1024 * 1024
const openPaths = new Set(['/healthz', '/readyz', '/'])

/** The whole HTTP face. `listen` is the caller's. */
export async function createHttpServer(options: HttpOptions, deps: HttpDeps): Promise<FastifyInstance> {
  const app = fastify({
    logger: false,
    bodyLimit: bodyLimitBytes,
    requestTimeout: 30_000,
    genReqId: () => `req_${crypto.randomUUID().replaceAll('-', '').slice(0, 16)}`,
    routerOptions: { ignoreTrailingSlash: true },
    trustProxy: false,
    forceCloseConnections: true,
    return503OnClosing: true,
  })
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  parseEveryBodyAsJson(app)
  answerErrors(app, options.log)

  await app.register(helmet, {
    contentSecurityPolicy: {
      directives: {
        'script-src': ["'self'"],
        'style-src': ["'self'", "'unsafe-inline'"],
        'upgrade-insecure-requests': null,
      },
    },
    hsts: false,
  })
  // Other origins may read answers, but never without a key: a keyless call with a foreign Origin is refused.
  if (options.cors) {
    await app.register(cors, {
      origin: true,
      credentials: false,
      methods: ['GET', 'POST', 'PUT', 'DELETE'],
      exposedHeaders: [
        'x-request-id',
        'x-ratelimit-limit',
        'x-ratelimit-remaining',
        'x-ratelimit-reset',
        'retry-after',
      ],
    })
  }
  app.decorateRequest('caller', null as unknown as Caller)
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id)
    if (options.marketLabel !== undefined) reply.header('x-market', options.marketLabel)
    if (request.method === 'OPTIONS' || isOpen(request.url)) return
    request.caller = callerOf(request, options.access)
  })
  if (options.rateLimit.enabled) {
    await app.register(rateLimit, {
      timeWindow: 60_000,
      max: (request) => (request.caller?.kind === 'admin' ? 10 : 1) * options.rateLimit.perMinute,
      keyGenerator: (request) => request.caller?.name ?? request.ip,
      allowList: (request) => isOpen(request.url),
      errorResponseBuilder: (_request, { after }) =>
        new HttpError('too_many_requests', 'too many requests', `wait ${after}, or raise RATE_LIMIT_RPM`, {
          retry_after: after,
        }),
    })
  }
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'gpufleet',
        version: options.version,
        description:
          'Rent GPUs by the hour from Vast.ai, RunPod, Lambda Cloud, Paperspace and Novita. Fields whose name ends in `_usd` are exact decimal text; other money fields are JSON numbers.',
        license: { name: 'MIT' },
      },
      components: {
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer' },
          apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
        },
      },
      security: [{ bearer: [] }, { apiKey: [] }],
    },
    transform: jsonSchemaTransform,
    transformObject: withNamedSchemas,
  })

  for (const route of v1Routes) route.register(app, deps)
  eventStream(app, deps)
  systemRoutes(app, deps, { version: options.version, marketLabel: options.marketLabel, metrics: options.metrics })
  if (options.docs) {
    await app.register(swaggerUi, { routePrefix: '/docs', staticCSP: true })
    app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger())
  }
  if (options.webDir !== undefined) await app.register(fastifyStatic, { root: options.webDir })
  app.setNotFoundHandler((request) => {
    throw new HttpError(
      'no_such_route',
      `there is no ${request.method} ${pathOf(request.url)}`,
      'see /docs for what there is',
    )
  })
  await app.ready()
  return app
}

/** The web page's files and the probes need no key; what they show comes from calls that do. */
function isOpen(url: string): boolean {
  const path = pathOf(url)
  return openPaths.has(path) || path.startsWith('/assets/')
}

function pathOf(url: string): string {
  return url.split('?', 1)[0] ?? '/'
}

/** `curl -d` sends JSON under a form's Content-Type, and our contracts' examples do just that. */
function parseEveryBodyAsJson(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => {
    const text = String(body).trim()
    if (text === '') return done(null, undefined)
    try {
      done(null, JSON.parse(text))
    } catch (error) {
      const where = error instanceof Error ? error.message : 'unreadable'
      done(
        new HttpError(
          'malformed_json',
          `the body is not JSON: ${where}`,
          'send one JSON object',
        ) as unknown as FastifyError,
      )
    }
  })
}

function answerErrors(app: FastifyInstance, log: Log): void {
  app.setErrorHandler((raised: FastifyError | Error, request, reply) => {
    const error = knownError(raised)
    if (error !== undefined) {
      const status = statusOf[error.code]
      if (status >= 500) log.warn('request not served', { requestId: request.id, code: error.code, error: raised })
      return reply
        .status(status)
        .type('application/json')
        .serializer(JSON.stringify)
        .send(problemFrom(error, request.id))
    }
    log.error('request failed', {
      requestId: request.id,
      method: request.method,
      path: pathOf(request.url),
      error: raised,
    })
    const internal = new HttpError(
      'internal',
      'something went wrong here',
      `it is our fault, not yours; the server’s log has it under ${request.id}`,
    )
    return reply.status(500).type('application/json').serializer(JSON.stringify).send(problemFrom(internal, request.id))
  })
}

function knownError(error: FastifyError | Error): AppError | HttpError | undefined {
  if (error instanceof AppError || error instanceof HttpError) return error
  if (hasZodFastifySchemaValidationErrors(error)) {
    const part = (error as FastifyError).validationContext ?? 'request'
    return invalidRequest(
      error.validation.map((issue) => ({
        field: issue.instancePath.replace(/^\//, '').replaceAll('/', '.') || part,
        problem: issue.message ?? 'is not valid',
      })),
    )
  }
  const { code, statusCode } = error as FastifyError
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    return new HttpError(
      'body_too_large',
      `the body is over ${bodyLimitBytes} bytes`,
      'send less; a start script belongs into the image',
    )
  }
  if (statusCode === 400) return new HttpError('invalid_request', error.message, 'see /docs for what this takes')
  return undefined
}
