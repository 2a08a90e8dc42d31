import cors from '@fastify/cors'
import helmet from '@fastify/helmet'
import fastifyStatic from '@fastify/static'
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import fastify, { type FastifyError, type FastifyInstance } from 'fastify'
import { jsonSchemaTransform, serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod'
import type { DeadManDeps } from '../app/dead-man.ts'
import type { KeyDeps } from '../app/keys.ts'
import type { Clock } from '../core/time.ts'
import type { Log } from '../observability/log.ts'
import { type AccessRules, type Caller, callerOf, requireAccess } from './access.ts'
import { requireAccessRules } from './access-rules.ts'
import { requestIdFrom } from './compat/novita/correlation.ts'
import { type CompatDeps, compatRoutes } from './compat/routes.ts'
import { deadManRoutes } from './dead-man/routes.ts'
import { answerClientErrors, errorAnswers, routerErrorAnswers } from './errors.ts'
import { jsonFrom } from './json-body.ts'
import { createLockout } from './lockout.ts'
import { withNamedSchemas } from './named-schemas.ts'
import { answerNoRoute } from './no-route.ts'
import { createRateLimit } from './rate-limit.ts'
import { type SystemDeps, systemRoutes } from './system/routes.ts'
import { costsCsv } from './v1/costs/csv.ts'
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
  /** Default: `patience`. */
  patience?: typeof patience
}

export type HttpDeps = V1Deps & EventStreamDeps & SystemDeps & KeyDeps & DeadManDeps & CompatDeps & { clock: Clock }

const bodyLimitBytes = 1024 * 1024
/** How long we wait for requests that arrive slowly. Whoever listens on a further port passes this on. */
export const patience = { headersTimeout: 15_000, requestTimeout: 30_000, connectionsCheckingInterval: 5_000 }
/** Longer than any id; what is longer still is no path of ours. */
const longestPathPart = 300

/** The whole HTTP face. `listen` is the caller's. */
export async function createHttpServer(options: HttpOptions, deps: HttpDeps): Promise<FastifyInstance> {
  const app = fastify({
    logger: false,
    bodyLimit: bodyLimitBytes,
    requestTimeout: (options.patience ?? patience).requestTimeout,
    http: options.patience ?? patience,
    genReqId: requestIdFrom,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: longestPathPart },
    trustProxy: false,
    // Who is being served is served to the end; who is only connected is not waited for.
    forceCloseConnections: 'idle',
    // Its answer is not in our shape.
    return503OnClosing: false,
    frameworkErrors: routerErrorAnswers(deps.clock),
    clientErrorHandler: answerClientErrors,
  })
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  app.setErrorHandler(errorAnswers(options.log, { bodyLimitBytes, clock: deps.clock }))
  requireAccessRules(app)
  answerNoRoute(app)
  readEveryBodyAsJson(app)
  hangUpWhenClosing(app)

  await app.register(helmet, {
    contentSecurityPolicy: {
      directives: {
        'script-src': ["'self'"],
        'style-src': ["'self'", "'unsafe-inline'"],
        'frame-ancestors': ["'none'"],
        'form-action': ["'self'"],
        // Served without TLS on the own machine and in private networks, where an upgrade leads nowhere.
        'upgrade-insecure-requests': null,
      },
    },
    hsts: false,
    frameguard: { action: 'deny' },
  })
  // Other origins may read answers, but never without a key: a keyless call with a foreign Origin is refused.
  if (options.cors) {
    await app.register(cors, {
      origin: true,
      credentials: false,
      methods: ['GET', 'POST', 'PUT', 'DELETE'],
      maxAge: 600,
      strictPreflight: false,
      exposedHeaders: [
        'x-request-id',
        'x-correlation-id',
        'x-market',
        'x-ratelimit-limit',
        'x-ratelimit-remaining',
        'x-ratelimit-reset',
        'retry-after',
        'idempotency-replayed',
      ],
    })
  }
  await admitOrRefuse(app, options, deps)
  await describeRoutes(app, options.version)

  for (const route of v1Routes) route.register(app, deps)
  compatRoutes(app, deps)
  eventStream(app, deps)
  costsCsv(app, deps)
  systemRoutes(app, deps, { version: options.version, marketLabel: options.marketLabel, metrics: options.metrics })
  deadManRoutes(app, deps)
  if (options.docs) await serveDocs(app)
  const { webDir } = options
  if (webDir !== undefined) await withOpenRoutes(app, (pages) => pages.register(fastifyStatic, { root: webDir }))
  await app.ready()
  return app
}

/** Who asked, whether they may, and how often. Which routes need no key is said by the routes, not read from addresses. */
async function admitOrRefuse(app: FastifyInstance, options: HttpOptions, deps: HttpDeps): Promise<void> {
  const { enabled, perMinute } = options.rateLimit
  const limit = enabled ? await createRateLimit(app, { perMinute, clock: deps.clock }) : undefined
  const lockout = createLockout(deps.clock)
  app.decorateRequest('caller', null as unknown as Caller)
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id)
    if (options.marketLabel !== undefined) reply.header('x-market', options.marketLabel)
    if (request.url.startsWith('/api/')) reply.header('cache-control', 'no-store')
    if (request.method === 'OPTIONS' || request.routeOptions.config.access === 'open') return
    try {
      request.caller = await callerOf(request, reply, { ...deps, rules: options.access, lockout })
    } finally {
      await limit?.(request, reply)
    }
    if (!request.is404) requireAccess(request)
  })
}

async function describeRoutes(app: FastifyInstance, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'gpufleet',
        version,
        description:
          'Rent GPUs by the hour from Vast.ai, RunPod, Lambda Cloud, Paperspace and Novita. Fields whose name ends in `_usd` are exact decimal text; other money fields are JSON numbers.',
        license: { name: 'MIT', identifier: 'MIT' },
      },
      servers: [{ url: '/' }],
      tags: [
        { name: 'offers', description: 'What is on sale.' },
        { name: 'market', description: 'GPU models, marketplaces and figures about the market.' },
        { name: 'budgets', description: 'What may be spent, what is spent, and how long it lasts.' },
        { name: 'instances', description: 'What you have rented.' },
        { name: 'costs', description: 'What was spent, by anything, and whether the marketplaces say the same.' },
        { name: 'reconciliation', description: 'What the marketplaces bill, against what we know.' },
        { name: 'events', description: 'What happens, as it happens.' },
        { name: 'admin', description: 'Keys, settings and what else an admin does.' },
      ],
      components: {
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer' },
          apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
        },
      },
      // The last: calls from the server's own machine need no key, unless KEYLESS=off.
      security: [{ bearer: [] }, { apiKey: [] }, {}],
    },
    transform: jsonSchemaTransform,
    transformObject: withNamedSchemas,
  })
}

/** A browser cannot send a key with a page it opens, and there is nothing secret in these. */
async function serveDocs(app: FastifyInstance): Promise<void> {
  await withOpenRoutes(app, async (pages) => {
    await pages.register(swaggerUi, {
      routePrefix: '/docs',
      staticCSP: true,
      transformStaticCSP: (policy) =>
        policy.replace(' validator.swagger.io', '').replace(/\s*upgrade-insecure-requests;/, ''),
    })
    pages.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger())
  })
}

/** Adds routes that need no key. */
async function withOpenRoutes(app: FastifyInstance, add: (app: FastifyInstance) => PromiseLike<unknown>) {
  await app.register(async (scope) => {
    scope.addHook('onRoute', (route) => {
      route.config = { ...route.config, access: 'open' }
    })
    await add(scope)
  })
}

/** Who is being answered when the end comes would keep the connection open for the next call, and us waiting for it. */
function hangUpWhenClosing(app: FastifyInstance): void {
  let isClosing = false
  app.addHook('preClose', async () => {
    isClosing = true
  })
  app.addHook('onSend', async (_request, reply) => {
    if (isClosing) reply.header('connection', 'close')
  })
}

/** `curl -d` sends JSON under a form's Content-Type, and our contracts' examples do just that. */
function readEveryBodyAsJson(app: FastifyInstance): void {
  app.addHook('onRequest', async ({ headers }) => {
    // Also one that cannot be read: the framework would refuse it with 415.
    if (headers['content-type'] !== undefined) headers['content-type'] = 'application/json'
  })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => {
    const text = String(body).trim()
    try {
      done(null, text === '' ? undefined : jsonFrom(text))
    } catch (error) {
      done(error as FastifyError)
    }
  })
}
