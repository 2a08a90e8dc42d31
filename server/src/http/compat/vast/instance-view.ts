import type { VastInstance } from '../../../app/vast-instances.ts'
import type { Endpoint } from '../../../core/instances/machine.ts'
import { usdNumber } from '../../../core/money.ts'
import { isoFrom } from '../../../core/time.ts'
import { uptimeText } from '../../../core/vast-face/uptime.ts'

export function instanceView(one: VastInstance) {
  const { instance, settings } = one
  return {
    instance_id: instance.id,
    status: one.word,
    public_ip: one.publicIp,
    urls: urlsOf(one),
    port_mappings: portMappings(one.endpoints),
    gpu_info: gpuInfo(one),
    cost_per_hour: costPerHour(one),
    uptime: uptimeText(one.uptimeMs),
    vllm_status: vllmStatus(one),
    template_name: instance.wish.template?.name ?? null,
    auto_destroy: settings.autoDestroy,
    vast_instance_id: instance.launch?.externalId ?? null,
    created_at: isoFrom(instance.createdAt),
    /** Why it is what it is. */
    message: instance.message,
  }
}

export function enhancedView(one: VastInstance) {
  const { instance, settings } = one
  const ssh = instance.launch?.ssh
  return {
    instance_id: instance.id,
    basic_status: {
      status: one.basicWord,
      public_ip: one.publicIp,
      ssh_host: ssh?.host ?? null,
      ssh_port: ssh?.port ?? null,
      provider_status: instance.launch?.providerStatus ?? null,
    },
    vllm_status: vllmStatus(one),
    db_info: {
      status: one.word,
      cost_per_hour: costPerHour(one),
      gpu_info: gpuInfo(one),
      uptime: uptimeText(one.uptimeMs),
      port_mappings: portMappings(one.endpoints),
      auto_destroy: settings.autoDestroy,
      template_name: instance.wish.template?.name ?? null,
      model_name: settings.modelName,
      created_at: isoFrom(instance.createdAt),
      updated_at: isoFrom(instance.statusSince),
    },
  }
}

export function vllmStatus({ vllm }: VastInstance) {
  return { running: vllm?.running ?? false, port: vllm?.port ?? null }
}

export function gpuInfo({ offer }: VastInstance) {
  if (offer === null) return null
  const { spelling, count, memoryGb } = offer.gpu
  return { gpu_name: spelling.replaceAll('_', ' '), num_gpus: count, gpu_ram: memoryGb }
}

export function costPerHour({ costPerHour: cost }: VastInstance): number | null {
  return cost === null ? null : usdNumber(cost)
}

/** Internal port -> where it is reached. */
export function portMappings(endpoints: readonly Endpoint[]) {
  return Object.fromEntries(
    endpoints.map(({ containerPort, host, port }) => [
      String(containerPort),
      { external_ip: host, external_port: port },
    ]),
  )
}

function urlsOf({ endpoints, vllm }: VastInstance): Record<string, string> {
  const urls = endpoints
    .filter(({ containerPort, protocol }) => protocol !== 'udp' && containerPort !== 22)
    .map((endpoint): [string, string] => [String(endpoint.containerPort), urlOf(endpoint)])
  const serving = urls.find(([port]) => port === String(vllm?.port))
  return { ...Object.fromEntries(urls), ...(serving !== undefined && { vllm: `${serving[1]}/v1` }) }
}

function urlOf({ url, host, port }: Endpoint): string {
  return url ?? `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}
