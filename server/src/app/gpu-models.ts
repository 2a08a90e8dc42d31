import type { GpuCatalogue, GpuCategory, GpuModel } from '../core/gpus/gpu.ts'
import { gpuWords } from '../core/gpus/gpu-words.ts'
import type { GpuLayers } from '../core/gpus/layers.ts'
import type { ProviderName } from '../core/providers.ts'
import type { Clock } from '../core/time.ts'
import type { NewEvent, Values } from '../store/events.ts'
import type { GpuModelStore } from '../store/gpu-models.ts'
import { AppError } from './errors.ts'
import { doneBefore, doneBy, type Who } from './who.ts'

export interface GpuModelDeps {
  gpuModels: GpuModelStore
  gpuLayers: GpuLayers
  gpus: Pick<GpuCatalogue, 'meantBy'>
  clock: Pick<Clock, 'now'>
}

/** What is said of a model. What is left out stays as the catalogue has it, or is not known of a new one. */
export interface GpuModelInput {
  family?: string
  vendor?: GpuModel['vendor']
  category?: GpuCategory
  architecture?: string
  computeCapability?: number | null
  memoryGb?: number
  memoryBandwidthGbps?: number | null
  fp32Tflops?: number | null
  fp16Tflops?: number | null
  performanceScore?: number
  spellings?: Partial<Record<ProviderName, readonly string[]>>
}

const mostModels = 1_000

/**
 * Changes a model or adds one, for as long as nobody takes that back.
 *
 * @returns the model, and whether the catalogue had none of that name
 */
export async function putGpuModel(
  name: string,
  input: GpuModelInput,
  who: Who,
  deps: GpuModelDeps,
): Promise<{ model: GpuModel; isNew: boolean }> {
  const before = deps.gpuLayers.named(name)
  if (before !== undefined && doneBefore(who) !== null) return { model: before, isNew: false }
  const model = modelFrom(name, input, deps)
  const stored = await deps.gpuModels.all()
  if (stored.length >= mostModels && !stored.some((one) => one.name === model.name)) {
    throw new AppError('invalid_request', `${mostModels} models were changed or added here already`, {
      fix: 'DELETE /api/v1/gpu-models/{name} takes one back',
    })
  }
  const at = deps.clock.now()
  const what = before === undefined ? 'was added' : 'was changed'
  const event = changed(`the GPU model ${model.name} ${what}`, before, model, who, at)
  await deps.gpuModels.put(model, { actor: who.actor, at }, event)
  await useStored(deps)
  return { model: deps.gpuLayers.named(model.name) ?? model, isNew: before === undefined }
}

/**
 * Takes back what was said of a model.
 *
 * @returns the model as the file or the built-in catalogue has it; null: there is none any more
 */
export async function removeGpuModel(name: string, who: Who, deps: GpuModelDeps): Promise<GpuModel | null> {
  const model = deps.gpuLayers.named(name)
  const after = model === undefined ? undefined : deps.gpuLayers.below(model.name)
  const what = after === undefined ? 'was taken out' : 'is as it was before it was changed here'
  if (doneBefore(who) !== null) return model ?? null
  const removed =
    model?.source === 'api' &&
    (await deps.gpuModels.remove(
      model.name,
      changed(`the GPU model ${model.name} ${what}`, model, after, who, deps.clock.now()),
    ))
  if (!removed) {
    throw new AppError('not_found', `no GPU model ${name} was changed or added through the API`, {
      fix: 'GET /api/v1/gpu-models shows those that were, with source api',
    })
  }
  await useStored(deps)
  return after ?? null
}

async function useStored({ gpuModels, gpuLayers }: GpuModelDeps): Promise<void> {
  gpuLayers.useOwn(await gpuModels.all())
}

function modelFrom(name: string, input: GpuModelInput, { gpuLayers, gpus }: GpuModelDeps): GpuModel {
  // Its own name stays, however it is spelled here: two models of one name would make both ambiguous.
  const known = gpuLayers.named(name)
  const base = gpuLayers.below(name) ?? newModel(known?.name ?? name)
  const taken = known === undefined ? gpus.meantBy(name) : []
  const { source: _, ...figures } = base
  const model = { ...figures, ...input }
  const mistakes = [
    gpuWords(model.name).plain === '' && { field: 'name', problem: 'needs letters or digits that tell it from others' },
    taken.length > 0 && {
      field: 'name',
      problem: `${name} means ${taken.map((one) => one.name).join(', ')} already; change one of them, or take a name of its own`,
    },
    model.memoryGb === 0 && { field: 'memory_gb', problem: 'is needed for a model that the catalogue does not have' },
    model.vendor === 'amd' &&
      model.computeCapability !== null && {
        field: 'compute_capability',
        problem: 'AMD has none; send null, or vendor nvidia',
      },
  ].filter((mistake) => mistake !== false)
  if (mistakes.length === 0) return model
  const named = mistakes.map(({ field, problem }) => `${field}: ${problem}`).join('; ')
  throw new AppError('invalid_request', named, {
    fix: 'correct these fields; GET /api/v1/gpu-models shows the names there are',
    details: { mistakes },
  })
}

/** No memory: it has to be said. */
function newModel(name: string): GpuModel {
  return {
    name,
    family: name,
    vendor: 'nvidia',
    category: 'datacenter',
    architecture: 'unknown',
    computeCapability: null,
    memoryGb: 0,
    memoryBandwidthGbps: null,
    fp32Tflops: null,
    fp16Tflops: null,
    spellings: {},
  }
}

function changed(
  message: string,
  before: GpuModel | undefined,
  after: GpuModel | undefined,
  who: Who,
  at: number,
): NewEvent {
  const name = (after ?? before)?.name ?? ''
  return {
    at,
    instanceId: null,
    kind: 'changed',
    status: null,
    because: null,
    message,
    data: { what: 'gpu_model', name },
    ...doneBy(who, name),
    before: before === undefined ? null : figuresOf(before),
    after: after === undefined ? null : figuresOf(after),
  }
}

function figuresOf(model: GpuModel): Values {
  return {
    family: model.family,
    vendor: model.vendor,
    category: model.category,
    architecture: model.architecture,
    compute_capability: model.computeCapability,
    memory_gb: model.memoryGb,
    memory_bandwidth_gbps: model.memoryBandwidthGbps,
    fp32_tflops: model.fp32Tflops,
    fp16_tflops: model.fp16Tflops,
    performance_score: model.performanceScore ?? null,
    spellings: model.spellings,
  }
}
