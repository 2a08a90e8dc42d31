import type { Instance, InstanceId } from '../core/instances/instance.ts'
import { noPolicies } from '../core/instances/instance.ts'
import type { TemplateLaunch, TemplateUse } from '../core/templates/template.ts'
import type { VllmConfig } from '../core/templates/vllm.ts'
import { startCommandText } from '../core/vast-face/start-command.ts'
import type { VastInstanceStore } from '../store/vast-instances.ts'
import { AppError, appErrorFrom } from './errors.ts'
import { earlierInstance, type Idempotency, type LaunchDeps, launchInstance } from './launch-instance.ts'
import type { Who } from './who.ts'

/** A wish in contract 000's way: a template, at Vast, and what is to be otherwise for this one instance. */
export interface VastLaunchInput {
  /** Chosen by the caller; null: the cheapest that the template's limits allow. */
  offerId: string | null
  template: TemplateUse | null
  launch: TemplateLaunch
  vllm: VllmConfig | null
  autoDestroy: boolean
  /** A secret. */
  hfToken: string | null
  /** As it was asked, for the log of refusals. */
  command: string
}

export interface VastLaunchDeps extends LaunchDeps {
  vast: Pick<VastInstanceStore, 'put' | 'forget' | 'refused'>
}

/**
 * Rents at Vast. What the instance needs beyond a wish is written down first, under the id that it gets, so that none is
 * ever without it.
 */
export async function launchAtVast(
  input: VastLaunchInput,
  idempotency: Idempotency | null,
  who: Who,
  deps: VastLaunchDeps,
): Promise<InstanceId> {
  const { vast, clock } = deps
  const begunAt = clock.now()
  const id = deps.newInstanceId()
  await vast.put(id, settingsFrom(input), begunAt)
  try {
    const { instance } = await launchInstance(wishFrom(input), idempotency, who, { ...deps, newInstanceId: () => id })
    // Repeated with its Idempotency-Key: the earlier one has its own.
    if (instance.id !== id) await vast.forget(id)
    return instance.id
  } catch (raised) {
    await vast.forget(id)
    const error = appErrorFrom(raised)
    if (error instanceof AppError) await noteRefusal(error.message, input, begunAt, deps)
    throw error
  }
}

/** What the same request has made before, whatever has become of its template since. */
export async function launchedBefore(
  idempotency: Idempotency,
  about: Parameters<typeof noteRefusal>[1],
  deps: VastLaunchDeps,
): Promise<Instance | undefined> {
  const begunAt = deps.clock.now()
  try {
    return await earlierInstance(idempotency, deps)
  } catch (error) {
    if (error instanceof AppError) await noteRefusal(error.message, about, begunAt, deps)
    throw error
  }
}

/** For requests that come to nothing before there is an instance. */
export async function noteRefusal(
  message: string,
  { command, template, offerId }: Pick<VastLaunchInput, 'command' | 'template' | 'offerId'>,
  begunAt: number,
  { vast, clock }: Pick<VastLaunchDeps, 'vast' | 'clock'>,
): Promise<void> {
  const now = clock.now()
  await vast.refused({
    at: now,
    operation: 'create_instance',
    command,
    message,
    durationMs: now - begunAt,
    metadata: { offer_id: offerId, template_name: template?.name ?? null, gpu_info: null, cost_per_hour: null },
  })
}

function settingsFrom({ autoDestroy, vllm }: VastLaunchInput) {
  return {
    autoDestroy,
    startCommand: vllm === null ? null : startCommandText(vllm),
    modelName: vllm?.vllm_model_name === undefined ? null : String(vllm.vllm_model_name),
    maxModelLen: vllm?.vllm_max_model_len === undefined ? null : Number(vllm.vllm_max_model_len),
  }
}

function wishFrom({ offerId, launch, template, hfToken }: VastLaunchInput): Parameters<typeof launchInstance>[0] {
  const isChosen = offerId !== null
  return {
    provider: 'vast',
    offerId,
    // Who names an offer has seen what it is and what it costs.
    gpuModels: isChosen ? [] : launch.gpuModels,
    minVramGb: isChosen ? null : launch.minVramGb,
    maxPricePerHour: isChosen ? null : launch.maxPricePerHour,
    gpuCount: launch.gpuCount,
    market: 'on_demand',
    regions: [],
    minRamGb: null,
    minReliability: null,
    verifiedOnly: false,
    minCuda: null,
    diskGb: launch.diskGb,
    traffic: { uploadGbPerHour: 0, downloadGbPerHour: 0 },
    image: launch.image,
    ports: launch.ports,
    sshPublicKey: null,
    label: null,
    health: launch.health,
    onInterruption: 'relaunch',
    policies: noPolicies,
    project: null,
    ...(template !== null && { template }),
    secrets: {
      environment: { ...launch.environment, ...(hfToken !== null && { HF_TOKEN: hfToken }) },
      registryAuth: null,
      onstartScript: launch.onstartScript,
    },
  }
}
