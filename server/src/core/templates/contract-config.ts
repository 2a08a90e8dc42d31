/** A template as contract 000 writes it, on its face and in files: `{name, config}`, with everything flat in `config`. */

import { nanosFromUsd, usdNumber } from '../money.ts'
import { secondMs } from '../time.ts'
import { mistakesIn, type TemplateMistake } from './rules.ts'
import type { Template } from './template.ts'
import { isVllmField, validateVllm, vllmDiskGb, vllmFrom } from './vllm.ts'

export type ContractConfig = Record<string, unknown>

const defaults = { image: 'vllm/vllm-openai:latest', diskGb: vllmDiskGb }

/** What a template does not say is left out. */
export function configFrom(template: Template): ContractConfig {
  const { vllm, minVramGb, maxPricePerHour, health } = template
  return {
    description: template.description,
    ...vllm,
    ...(minVramGb !== null && { min_gpu_ram: minVramGb }),
    ...(maxPricePerHour !== null && { max_price: usdNumber(maxPricePerHour) }),
    ...(template.gpuModels.length > 0 && { gpu_names: [...template.gpuModels] }),
    image: template.image,
    disk_size: template.diskGb,
    ...(template.ports.length > 0 && { ports: template.ports.map(shownPort) }),
    ...(health !== null && {
      health: { path: health.path, port: health.port, timeout_s: health.timeoutMs / secondMs },
    }),
    ...(Object.keys(template.environment).length > 0 && { environment: { ...template.environment } }),
    ...(template.onstartScript !== null && { onstart_script: template.onstartScript }),
  }
}

/** Reads what `configFrom` writes. What is left out is as for a vLLM server. */
export function templateFromConfig(
  name: string,
  config: Readonly<ContractConfig>,
): { template: Template; mistakes: TemplateMistake[] } {
  const mistakes: TemplateMistake[] = [...wrongFields(config), ...validateVllm(config)]
  const fits = (field: string) => !mistakes.some((mistake) => mistake.field === field)
  const read = <T>(field: string, otherwise: T, from: (value: never) => T): T => {
    const value = config[field]
    return value == null || !fits(field) ? otherwise : from(value as never)
  }
  const vllm = vllmFrom(config)
  const template: Template = {
    name,
    description: read('description', '', (text: string) => text),
    image: read('image', defaults.image, (text: string) => text),
    diskGb: read('disk_size', defaults.diskGb, (size: number) => size),
    ports: read('ports', [], (ports: ShownPort[]) => ports.map(portFrom)),
    health: read<Template['health']>('health', null, (health: { path?: string; port: number; timeout_s?: number }) => ({
      path: health.path ?? '/',
      port: health.port,
      timeoutMs: (health.timeout_s ?? 600) * secondMs,
    })),
    environment: read('environment', {}, (environment: Record<string, string>) => environment),
    onstartScript: read<string | null>('onstart_script', null, (script: string) => script),
    gpuModels: read('gpu_names', [], (names: string[]) => names),
    minVramGb: read<number | null>('min_gpu_ram', null, (size: number) => size),
    maxPricePerHour: read<Template['maxPricePerHour']>('max_price', null, (price: number) => nanosFromUsd(price)),
    // A field with a mistake in it has been named, and nothing comes of this template.
    vllm: Object.keys(vllm).length === 0 ? null : vllm,
  }
  const named = new Set(mistakes.map(({ field }) => field))
  const further = mistakesIn(template)
    .map(({ field, problem }) => ({ field: contractNames[field] ?? field.replace(/^vllm\./, ''), problem }))
    .filter(({ field }) => !named.has(field))
  return { template, mistakes: [...mistakes, ...further] }
}

/** The contract has numbers, for TCP; `9000/udp` is ours. */
type ShownPort = number | `${number}/udp`

function shownPort({ containerPort, protocol }: Template['ports'][number]): ShownPort {
  return protocol === 'udp' ? `${containerPort}/udp` : containerPort
}

function portFrom(shown: ShownPort): Template['ports'][number] {
  return typeof shown === 'number'
    ? { containerPort: shown, protocol: 'tcp' }
    : { containerPort: Number.parseInt(shown, 10), protocol: 'udp' }
}

function isShownPort(value: unknown): value is ShownPort {
  if (typeof value !== 'string') return isPort(value)
  const [, number] = /^([1-9]\d{0,4})\/udp$/.exec(value) ?? []
  return number !== undefined && isPort(Number(number))
}

const contractNames: Readonly<Record<string, string>> = { maxPricePerHour: 'max_price' }

function wrongFields(config: Readonly<ContractConfig>): TemplateMistake[] {
  return Object.entries(config).flatMap(([field, value]) => {
    if (value === null || isVllmField(field)) return []
    const problem = problemWith(field, value)
    return problem === undefined ? [] : [{ field, problem }]
  })
}

function problemWith(field: string, value: unknown): string | undefined {
  switch (field) {
    case 'description':
      return isText(value, 500) ? undefined : 'takes a text of at most 500 characters'
    case 'image':
      return isText(value, 500) ? undefined : 'takes the name of an image'
    case 'onstart_script':
      return isText(value, 16_000) ? undefined : 'takes a text of at most 16000 characters'
    case 'min_gpu_ram':
      return isNumber(value, 1, 10_000) ? undefined : 'takes gigabytes from 1 to 10000'
    case 'disk_size':
      return isNumber(value, 1, 64_000) ? undefined : 'takes gigabytes from 1 to 64000'
    case 'max_price':
      return isNumber(value, 0, 1_000_000) ? undefined : 'takes dollars per hour'
    case 'gpu_names':
      return isList(value, (name) => isText(name, 80) && name !== '') ? undefined : 'takes a list of GPU names'
    case 'ports':
      return isList(value, isShownPort) ? undefined : 'takes a list of ports from 1 to 65535, one of UDP as "9000/udp"'
    case 'environment':
      return isRecord(value) && Object.values(value).every((one) => isText(one, 8_000))
        ? undefined
        : 'takes an object of texts'
    case 'health':
      return isHealth(value) ? undefined : 'takes {path, port, timeout_s}'
    default:
      return 'is not known here; there are description, image, disk_size, min_gpu_ram, max_price, gpu_names, ports, environment, health, onstart_script and vllm_…'
  }
}

function isHealth(value: unknown): boolean {
  if (!isRecord(value)) return false
  const { path = '/', port, timeout_s: timeout = 600, ...rest } = value
  const isPath = typeof path === 'string' && /^\/(?![/\\])[^\s\\]{0,499}$/.test(path)
  return isPath && isPort(port) && isNumber(timeout, 5, 7_200) && Object.keys(rest).length === 0
}

function isText(value: unknown, most: number): value is string {
  return typeof value === 'string' && value.length <= most && !value.includes('\0')
}

function isNumber(value: unknown, least: number, most: number): boolean {
  return typeof value === 'number' && value >= least && value <= most
}

function isPort(value: unknown): boolean {
  return Number.isInteger(value) && isNumber(value, 1, 65_535)
}

function isList(value: unknown, fits: (item: unknown) => boolean): boolean {
  return Array.isArray(value) && value.length <= 50 && value.every(fits)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
