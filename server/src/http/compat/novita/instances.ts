import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { appErrorFrom } from '../../../app/errors.ts'
import { type ActionDeps, startInstance, stopInstance, terminateInstance } from '../../../app/instances.ts'
import {
  allNovitaInstances,
  getNovitaInstance,
  type NovitaInstance,
  type NovitaInstanceDeps,
  novitaInstanceNamed,
} from '../../../app/novita-instances.ts'
import { launchForNovita, type NovitaLaunchDeps } from '../../../app/novita-launch.ts'
import { usdNumber } from '../../../core/money.ts'
import { novitaStatuses, novitaStatusOf } from '../../../core/novita-face/status.ts'
import { isoFrom, minuteMs } from '../../../core/time.ts'
import { whoFrom } from '../../access.ts'
import { type Fingerprints, idempotencyKeyOf, inOrder } from '../../idempotency.ts'
import { fieldsOf } from '../../mistakes.ts'
import { WholeText } from '../../v1/inputs.ts'
import type { NovitaLimit } from './limits.ts'
import { instanceView, rowView } from './view.ts'

export type NovitaInstanceRouteDeps = NovitaLaunchDeps & NovitaInstanceDeps & ActionDeps & Fingerprints

const CreateBody = z.object(
  {
    name: z
      .string({ error: said('Instance name is required', 'Instance name is text') })
      .min(1, 'Instance name is required')
      .max(100, 'Instance name has at most 100 characters')
      .regex(/^[A-Za-z0-9_-]*$/, 'Name must contain only alphanumeric characters, hyphens, and underscores'),
    productName: z
      .string({ error: said('Product name is required', 'Product name is text') })
      .trim()
      .min(1, 'Product name is required')
      .max(200, 'Product name has at most 200 characters'),
    templateId: z
      .union([z.string().trim().min(1).max(255), z.int().nonnegative()], {
        error: said('Template ID is required', 'Template ID is text or a number'),
      })
      .transform(String),
    gpuNum: z.int('takes a whole number').min(1, 'takes 1 to 8').max(8, 'takes 1 to 8').optional(),
    rootfsSize: z.int('takes whole GB').min(20, 'takes 20 to 1000 GB').max(1_000, 'takes 20 to 1000 GB').optional(),
    region: z
      .string('is text such as CN-HK-01')
      .regex(/^[A-Za-z0-9-]{2,40}$/, 'is a code such as CN-HK-01')
      .optional(),
    webhookUrl: z
      .string('is an http(s) URL')
      .max(2_000)
      .refine((text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol), 'is an http(s) URL')
      .optional(),
    billingMode: z.enum(['spot', 'onDemand'], 'takes spot or onDemand').optional(),
  },
  { error: 'send one JSON object' },
)

const ListQuery = z.object({
  status: z.enum(novitaStatuses, `takes one of ${novitaStatuses.join(', ')}`).optional(),
  limit: WholeText(1, 1_000).optional(),
  offset: WholeText(0, 1_000_000).optional(),
})

const InstanceParams = z.object({
  instanceId: z.string().regex(/^[A-Za-z0-9_-]{1,100}$/, 'holds letters, digits, - and _ alone'),
})

const NamedBody = z.object({ instanceName: z.string().min(1).max(200) })

const defaultLimit = 50
/** What the contract's own service tells people to expect. */
const usual = { createMs: 4 * minuteMs, startMs: 3 * minuteMs }

export function novitaInstanceRoutes(plain: FastifyInstance, deps: NovitaInstanceRouteDeps, limit: NovitaLimit): void {
  const app = plain.withTypeProvider<ZodTypeProvider>()
  const limited = (kind: Parameters<NovitaLimit>[0]) => ({
    onRequest: async (...[request, reply]: [FastifyRequest, Parameters<NovitaLimit>[2]]) => limit(kind, request, reply),
  })

  app.post(
    '/api/instances',
    {
      ...limited('create'),
      config: { access: 'operator', known: fieldsOf(CreateBody) },
      schema: { hide: true, body: CreateBody },
    },
    async (request, reply) => {
      const { body, caller } = request
      const key = idempotencyKeyOf(request)
      const idempotency =
        key === null ? null : { scope: `novita ${caller.id}`, key, fingerprint: deps.fingerprint(inOrder(body)) }
      const { instance, request: asked } = await launchForNovita(
        {
          name: body.name,
          productName: body.productName,
          templateId: body.templateId,
          gpuNum: body.gpuNum ?? null,
          rootfsSize: body.rootfsSize ?? null,
          region: body.region ?? null,
          webhookUrl: body.webhookUrl ?? null,
          billingMode: body.billingMode ?? 'spot',
        },
        idempotency,
        whoFrom(caller),
        deps,
      )
      const { expected } = instance.wish
      return reply.status(201).send({
        instanceId: instance.id,
        status: novitaStatusOf(instance, { readyAt: null, outcome: asked?.outcome ?? null }),
        message: 'Instance creation initiated',
        estimatedReadyTime: isoFrom(instance.createdAt + usual.createMs),
        ...(asked !== undefined && { region: asked.region }),
        ...(expected !== null && { spotPrice: usdNumber(expected.price) }),
      })
    },
  )

  app.get(
    '/api/instances',
    {
      ...limited('status'),
      config: { access: 'viewer', known: fieldsOf(ListQuery) },
      schema: { hide: true, querystring: ListQuery },
    },
    async ({ query, caller }) => {
      const { status, limit: most = defaultLimit, offset = 0 } = query
      const all = await allNovitaInstances(whoFrom(caller), deps)
      const found = status === undefined ? all : all.filter((one) => one.status === status)
      return {
        instances: found.slice(offset, offset + most).map(rowView),
        total: found.length,
        limit: most,
        offset,
      }
    },
  )

  app.get(
    '/api/instances/:instanceId',
    { ...limited('status'), config: { access: 'viewer' }, schema: { hide: true, params: InstanceParams } },
    async ({ params, caller }) => instanceView(await getNovitaInstance(params.instanceId, whoFrom(caller), deps)),
  )

  app.delete(
    '/api/instances/:instanceId',
    { ...limited('other'), config: { access: 'operator' }, schema: { hide: true, params: InstanceParams } },
    async (request) => remove(await byId(request, request.params.instanceId), request),
  )
  for (const [verb, act] of [
    ['start', start],
    ['stop', stop],
  ] as const) {
    app.post(
      `/api/instances/:instanceId/${verb}`,
      { ...limited('other'), config: { access: 'operator' }, schema: { hide: true, params: InstanceParams } },
      async (request, reply) => {
        const { instanceId } = request.params as z.infer<typeof InstanceParams>
        const answer = await act(await byId(request, instanceId), request)
        return reply.status(verb === 'start' ? 202 : 200).send(answer)
      },
    )
  }
  for (const [verb, act] of [
    ['start', start],
    ['stop', stop],
    ['delete', remove],
  ] as const) {
    app.post(
      `/api/instances/${verb}`,
      {
        ...limited('other'),
        config: { access: 'operator', known: fieldsOf(NamedBody) },
        schema: { hide: true, body: NamedBody },
      },
      async (request, reply) => {
        const { instanceName } = request.body as z.infer<typeof NamedBody>
        const answer = await act(await novitaInstanceNamed(instanceName, whoFrom(request.caller), deps), request)
        return reply.status(verb === 'start' ? 202 : 200).send(answer)
      },
    )
  }

  function byId({ caller }: FastifyRequest, id: string): Promise<NovitaInstance> {
    return getNovitaInstance(id, whoFrom(caller), deps)
  }

  async function start({ instance }: NovitaInstance, request: FastifyRequest) {
    await done(() => startInstance(instance.id, whoFrom(request.caller), deps))
    return {
      ...about(instance, request),
      status: 'starting',
      message: 'Instance startup initiated',
      estimatedReadyTime: isoFrom(deps.clock.now() + usual.startMs),
    }
  }

  async function stop({ instance }: NovitaInstance, request: FastifyRequest) {
    const { status } = await done(() => stopInstance(instance.id, whoFrom(request.caller), deps))
    const isStopped = status === 'stopped'
    return {
      ...about(instance, request),
      status: isStopped ? 'stopped' : 'stopping',
      message: isStopped ? 'Instance is stopped' : 'Instance stop initiated',
    }
  }

  /** Only the marketplace can say that it is gone, so this is not claimed. */
  async function remove({ instance }: NovitaInstance, request: FastifyRequest) {
    const { status } = await done(() => terminateInstance(instance.id, whoFrom(request.caller), deps))
    const isGone = status === 'terminated'
    return {
      ...about(instance, request),
      status: isGone ? 'deleted' : 'deleting',
      message: isGone ? 'Instance is deleted' : 'Instance deletion initiated',
    }
  }

  async function done<T>(act: () => Promise<T>): Promise<T> {
    try {
      return await act()
    } catch (error) {
      throw appErrorFrom(error)
    } finally {
      deps.novitaInstances.clear()
    }
  }
}

function about({ id, launch }: NovitaInstance['instance'], request: FastifyRequest) {
  return { instanceId: id, novitaInstanceId: launch?.externalId ?? null, operationId: request.id }
}

function said(missing: string, wrong: string) {
  return ({ input }: { input?: unknown }) => (input === undefined ? missing : wrong)
}
