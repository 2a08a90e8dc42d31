import { z } from 'zod'
import type { LaunchInput } from '../../../app/launch-instance.ts'
import type { HealthCheck } from '../../../core/instances/instance.ts'
import { offerHandleFrom } from '../../../core/offers/offer.ts'
import { providerNamed } from '../../../core/providers.ts'
import { type LiveTemplate, launchOf, type TemplateLaunch } from '../../../core/templates/template.ts'
import { secondMs } from '../../../core/time.ts'
import { invalidRequest, type Mistake } from '../../problem.ts'
import { nanosFrom, PortNumber, Project, Usd, unknownProvider } from '../inputs.ts'
import { LaunchPolicies, policiesFrom, policyMistakes } from './policies-input.ts'

const defaultImage = 'pytorch/pytorch:latest'
const defaultDiskGb = 10

const oneLine = (most: number) =>
  z
    .string()
    .min(1)
    .max(most)
    .regex(/^\P{Cc}*$/u, 'is one line without control characters')

/** Of several lines, but no NUL: no shell and no container can hold one. */
const text = (most: number) =>
  z
    .string()
    .max(most)
    .regex(/^[^\0]*$/, 'holds no NUL character')

const EnvironmentView = z
  .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,126}$/, 'is a name of letters, digits and _'), text(8_000))
  .refine((environment) => Object.keys(environment).length <= 100, 'takes at most 100 values')

/** It ends up in files and scripts on the machine, so it is one line of the known form. */
const PublicKey = z
  .string()
  .max(8_000)
  .trim()
  .regex(
    /^(ssh-(ed25519|rsa|dss)|ecdsa-sha2-nistp(256|384|521)|sk-(ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com) [A-Za-z0-9+/=]+( \P{Cc}*)?$/u,
    'is one public key as in id_ed25519.pub',
  )

/** What to launch: an explicit offer, or wishes only. */
export const LaunchBody = z
  .strictObject({
    provider: z.string().max(40).optional(),
    offer_id: z.string().min(1).max(300).optional().describe('`provider_id` of an offer; needs `provider`.'),
    gpu_model: z.string().min(1).max(80).optional().describe('A model or a family: RTX 4090, A100.'),
    gpu_models: z.array(z.string().min(1).max(80)).min(1).max(50).optional(),
    min_vram_gb: z.number().min(1).max(10_000).optional().describe('Per GPU.'),
    gpu_count: z.int().min(1).max(64).optional().describe('Default 1.'),
    market: z.enum(['on_demand', 'spot', 'any']).optional().describe('Default on_demand.'),
    max_price_per_hour_usd: Usd.optional().describe('For everything: GPUs and disk. No offer above it is rented.'),
    regions: z.array(z.string().min(1).max(60)).max(30).optional(),
    min_reliability: z.number().min(0).max(1).optional(),
    verified: z.boolean().optional(),
    min_cuda: z.number().min(1).max(99).optional(),
    disk_gb: z.number().min(1).max(64_000).optional().describe('Decimal gigabytes. Default 10. Fixed for its life.'),
    template: z.string().min(1).max(60).optional().describe('Fills in what is left out; see GET /api/v1/templates.'),
    expected_traffic: z
      .strictObject({
        upload_gb_per_hour: z.number().min(0).max(100_000).optional(),
        download_gb_per_hour: z.number().min(0).max(100_000).optional(),
      })
      .optional()
      .describe('Counts in the comparable price where traffic is billed.'),
    image: oneLine(500).optional().describe(`Default ${defaultImage}.`),
    registry_auth: z
      .strictObject({
        server: z.string().min(1).max(200).optional(),
        username: z.string().min(1).max(200),
        password: text(10_000).min(1),
      })
      .optional(),
    environment: EnvironmentView.optional().describe(
      'Secrets: encrypted at rest, shown nowhere, passed only to the machine.',
    ),
    ports: z
      .array(
        z.strictObject({
          container_port: PortNumber,
          host_port: PortNumber.optional().describe('A hint; the marketplace decides.'),
          protocol: z.enum(['tcp', 'udp', 'http']).optional().describe('Default tcp.'),
        }),
      )
      .max(20)
      .optional(),
    ssh_public_key: PublicKey.optional(),
    ssh_key: PublicKey.optional().describe('The same under contract 003’s name.'),
    onstart_script: text(16_000).optional().describe('Shell text that runs when the machine starts.'),
    label: oneLine(120).optional(),
    project: Project.optional(),
    health: z
      .strictObject({
        path: z
          .string()
          .regex(/^\/(?![/\\])[^\s\\]*$/, 'begins with one / and holds no backslash')
          .max(500)
          .optional()
          .describe('Default /.'),
        port: PortNumber.describe('The container’s port; it has to be among `ports`.'),
        timeout_s: z.int().min(5).max(7_200).optional().describe('From the moment the machine is up. Default 600.'),
      })
      .optional(),
    policies: LaunchPolicies.optional(),
    resources: z
      .strictObject({
        min_ram_gb: z.number().min(0).max(100_000).optional(),
        min_storage_gb: z.number().min(0).max(64_000).optional().describe('The disk to rent.'),
        min_gpus: z.int().min(0).max(64).optional(),
      })
      .optional()
      .describe('Contract 003’s way to ask for memory, disk and GPUs.'),
    dry_run: z.boolean().optional().describe('true: answer the plan, rent nothing. As POST /instances/plan.'),
  })
  .meta({ id: 'LaunchRequest' })

/** A launch request, and the template that it names. */
export type LaunchRequest = z.infer<typeof LaunchBody>

/** @throws HttpError that names every mistake */
export function launchFrom(body: LaunchRequest, named?: LiveTemplate): LaunchInput {
  const template = named === undefined ? undefined : launchOf(named.template)
  const mistakes = mistakesIn(body, template)
  if (mistakes.length > 0) throw invalidRequest(mistakes)
  const { resources = {}, registry_auth: auth, expected_traffic: traffic = {} } = body
  const ports = portsFrom(body) ?? template?.ports ?? []
  return {
    ...wishedFor(body, template),
    ...(named !== undefined && { template: { name: named.name, version: named.version } }),
    provider: body.provider === undefined ? null : (providerNamed(body.provider) ?? null),
    offerId: body.offer_id ?? null,
    gpuCount: body.gpu_count ?? Math.max(template?.gpuCount ?? 1, resources.min_gpus ?? 1),
    market: body.market ?? 'on_demand',
    regions: body.regions ?? [],
    minRamGb: resources.min_ram_gb || null,
    minReliability: body.min_reliability ?? null,
    verifiedOnly: body.verified ?? false,
    minCuda: body.min_cuda ?? null,
    diskGb: Math.max(body.disk_gb ?? template?.diskGb ?? defaultDiskGb, resources.min_storage_gb ?? 0),
    traffic: { uploadGbPerHour: traffic.upload_gb_per_hour ?? 0, downloadGbPerHour: traffic.download_gb_per_hour ?? 0 },
    image: body.image ?? template?.image ?? defaultImage,
    ports,
    sshPublicKey: body.ssh_public_key ?? body.ssh_key ?? null,
    label: body.label ?? null,
    health:
      body.health === undefined
        ? healthFrom(template, ports)
        : {
            path: body.health.path ?? '/',
            port: body.health.port,
            timeoutMs: (body.health.timeout_s ?? 600) * secondMs,
          },
    onInterruption: body.policies?.on_interruption ?? 'relaunch',
    policies: policiesFrom(body.policies),
    project: body.project ?? null,
    secrets: {
      environment: { ...template?.environment, ...body.environment },
      registryAuth:
        auth === undefined ? null : { server: auth.server ?? null, username: auth.username, password: auth.password },
      onstartScript: body.onstart_script ?? template?.onstartScript ?? null,
    },
  }
}

/** What a template wishes for is for choosing an offer: who names one has chosen. */
function wishedFor(
  body: LaunchRequest,
  template: TemplateLaunch | undefined,
): Pick<LaunchInput, 'gpuModels' | 'minVramGb' | 'maxPricePerHour'> {
  const theirs = body.offer_id === undefined ? template : undefined
  const models = [...(body.gpu_models ?? []), ...(body.gpu_model === undefined ? [] : [body.gpu_model])]
  const price = body.max_price_per_hour_usd
  return {
    gpuModels: models.length > 0 ? models : (theirs?.gpuModels ?? []),
    minVramGb: body.min_vram_gb ?? theirs?.minVramGb ?? null,
    maxPricePerHour: price === undefined ? (theirs?.maxPricePerHour ?? null) : nanosFrom(price),
  }
}

/** A template's check holds as long as its port is among those asked for. */
function healthFrom(template: TemplateLaunch | undefined, ports: LaunchInput['ports']): HealthCheck | null {
  const health = template?.health ?? null
  return health !== null && ports.some(({ containerPort }) => containerPort === health.port) ? health : null
}

function portsFrom({ ports }: LaunchRequest): LaunchInput['ports'] | undefined {
  return ports?.map((port) => ({ containerPort: port.container_port, protocol: port.protocol ?? 'tcp' }))
}

function mistakesIn(body: LaunchRequest, template: TemplateLaunch | undefined): Mistake[] {
  const mistakes: Mistake[] = [...policyMistakes(body.policies)]
  const add = (field: string, problem: string) => mistakes.push({ field, problem })
  const chosen = body.offer_id !== undefined
  const wishes = (['gpu_model', 'gpu_models', 'min_vram_gb'] as const).filter((name) => body[name] !== undefined)
  if (chosen && body.provider === undefined) add('provider', 'is needed with offer_id')
  if (chosen && wishes.length > 0) add('offer_id', `leaves nothing to wish for: send it without ${wishes.join(', ')}`)
  const templateWishes = template !== undefined && (template.gpuModels.length > 0 || template.minVramGb !== null)
  if (!chosen && wishes.length === 0 && !templateWishes) {
    add('gpu_model', 'say what to rent: a GPU, or min_vram_gb; or name an offer by its id')
  }
  if (body.max_price_per_hour_usd !== undefined && nanosFrom(body.max_price_per_hour_usd) === 0n) {
    add('max_price_per_hour_usd', 'nothing is free: take it away, or name a price above 0')
  }
  if (body.ssh_public_key !== undefined && body.ssh_key !== undefined && body.ssh_public_key !== body.ssh_key) {
    add('ssh_key', 'differs from ssh_public_key; they are the same thing')
  }
  if (body.provider !== undefined && providerNamed(body.provider) === undefined) {
    mistakes.push(unknownProvider('provider', body.provider))
  }
  if (body.offer_id !== undefined && body.market !== undefined && body.market !== 'any') {
    const { market } = offerHandleFrom(body.offer_id)
    if (market !== body.market)
      add('market', `is ${body.market}, but offer ${body.offer_id} is on the market ${market}`)
  }
  const { min_gpus: minGpus = 0 } = body.resources ?? {}
  if (body.gpu_count !== undefined && body.gpu_count < minGpus) {
    add('gpu_count', `is ${body.gpu_count}, below resources.min_gpus ${minGpus}`)
  }
  const ports = (portsFrom(body) ?? template?.ports ?? []).map(
    ({ containerPort, protocol }) => `${containerPort}/${protocol === 'udp' ? 'udp' : 'tcp'}`,
  )
  const twice = ports.filter((port, at) => ports.indexOf(port) !== at)
  if (twice.length > 0) add('ports', `${[...new Set(twice)].join(', ')} is listed twice`)
  if (body.health !== undefined && !ports.includes(`${body.health.port}/tcp`)) {
    add('health.port', `${body.health.port} is not among ports, so nobody could reach it`)
  }
  return mistakes
}
