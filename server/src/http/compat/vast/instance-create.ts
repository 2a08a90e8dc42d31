import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { findTemplate, type TemplateDeps } from '../../../app/templates.ts'
import { launchAtVast, launchedBefore, noteRefusal, type VastLaunchDeps } from '../../../app/vast-launch.ts'
import type { LiveTemplate } from '../../../core/templates/template.ts'
import { type Caller, whoFrom } from '../../access.ts'
import { type Fingerprints, idempotencyKeyOf, inOrder } from '../../idempotency.ts'
import { HttpError } from '../../problem.ts'
import { customLaunch } from './instance-config.ts'
import { instancesPath, onePath } from './instance-path.ts'
import { noSuchTemplateText } from './templates.ts'

export type VastCreateDeps = VastLaunchDeps & Pick<TemplateDeps, 'templates'> & Fingerprints

/** Later clients send it as a number. */
const OfferId = z.union([z.string().min(1).max(300), z.int().min(0)], { error: 'takes the id of an offer' })
const TemplateName = z.string().min(1).max(200)
const Config = z.record(z.string(), z.unknown())

const Body = z.object({
  offer_id: OfferId.nullish(),
  template_name: TemplateName.nullish(),
  custom_config: Config.nullish(),
  vllm_config: Config.nullish(),
  auto_destroy: z.boolean().nullish(),
  hf_hub_token: z.string().max(250).nullish(),
})
type Body = z.infer<typeof Body>

const Query = z.object({ template_name: TemplateName, offer_id: z.string().min(1).max(300).optional() })

export function vastCreateRoutes(untyped: FastifyInstance, deps: VastCreateDeps): void {
  const app = untyped.withTypeProvider<ZodTypeProvider>()
  const known = Object.keys(Body.shape)

  app.post(
    instancesPath,
    { config: { access: 'operator', known }, schema: { hide: true, body: Body.nullish() } },
    (request) => create(request, request.body ?? {}, deps),
  )

  app.post(
    `${instancesPath}/from-template`,
    {
      config: { access: 'operator', known: [...known, ...Object.keys(Query.shape)] },
      schema: { hide: true, querystring: Query, body: Body.nullish() },
    },
    (request) => create(request, { ...request.body, ...request.query }, deps),
  )
}

async function create(request: FastifyRequest & { caller: Caller }, body: Body, deps: VastCreateDeps) {
  const begunAt = deps.clock.now()
  const command = `POST ${request.routeOptions.url}`
  const offerId = body.offer_id == null ? null : String(body.offer_id)
  const template = await templateIn(body, deps)
  const about = { command, offerId, template: body.template_name == null ? null : useOf(template, body.template_name) }
  const { caller } = request
  const key = idempotencyKeyOf(request)
  const idempotency =
    key === null
      ? null
      : { scope: `vast launch ${caller.id}`, key, fingerprint: deps.fingerprint(inOrder({ command, body })) }
  const earlier = idempotency && (await launchedBefore(idempotency, about, deps))
  if (earlier) return created(earlier.id, about.template && (earlier.wish.template?.name ?? about.template.name))
  try {
    if (template === undefined) throw noSuchTemplate(body.template_name ?? '')
    const custom = customLaunch(template.template, {
      vllmConfig: body.vllm_config ?? {},
      customConfig: body.custom_config ?? {},
      isChosen: offerId !== null,
    })
    const input = {
      ...about,
      ...custom,
      autoDestroy: body.auto_destroy ?? custom.autoDestroy,
      hfToken: body.hf_hub_token || null,
    }
    return created(await launchAtVast(input, idempotency, whoFrom(caller), deps), about.template?.name ?? null)
  } catch (error) {
    if (error instanceof HttpError) await noteRefusal(error.message, about, begunAt, deps)
    throw error
  }
}

/** Where none is named, a vLLM server with the usual settings. */
function templateIn({ template_name: name }: Body, deps: VastCreateDeps): Promise<LiveTemplate | undefined> {
  return findTemplate(name ?? 'default_vllm', deps)
}

function useOf(template: LiveTemplate | undefined, name: string) {
  return template === undefined ? { name, version: 0 } : { name: template.name, version: template.version }
}

function noSuchTemplate(name: string): HttpError {
  return new HttpError('invalid_request', noSuchTemplateText(name), 'GET /api/vast/templates lists the ones there are')
}

function created(id: string, template: string | null) {
  const path = onePath.replace(':instance_id', id)
  return {
    success: true,
    instance_id: id,
    template_name: template,
    message:
      template === null ? '인스턴스가 생성되었습니다.' : `템플릿 '${template}'을 사용하여 인스턴스가 생성되었습니다.`,
    status: 'creating',
    tracking_endpoints: {
      detailed_status: `${path}/status`,
      detailed_info: path,
      update_ports: `${path}/update-ports`,
    },
  }
}
