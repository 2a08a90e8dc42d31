import { type ProviderName, publicProviderNames } from '../../server/src/core/providers.ts'
import type { Random } from '../../simulators/kit/random.ts'

/** Planted where secrets travel: none of them may turn up in a log line, an event, an error or an answer. */
export interface Secrets {
  environment: string
  registryPassword: string
  onstart: string
}

export function drawSecrets(random: Random): Secrets {
  return {
    environment: `hf_${random.hex(20)}`,
    registryPassword: `rp-${random.hex(20)}`,
    onstart: `os-${random.hex(20)}`,
  }
}

const gpus: Record<ProviderName, readonly string[]> = {
  vast: ['RTX 4090', 'RTX 3090', 'A100', 'H100'],
  runpod: ['RTX 4090', 'RTX A4000', 'A100', 'L40S'],
  lambda: ['A10', 'A100', 'H100'],
  paperspace: ['A4000', 'RTX A4000', 'A100'],
  novita: ['RTX 4090', 'RTX 3090', 'H100'],
}

/** A body for `POST /api/v1/instances`: of all kinds, mostly ones that something on sale fits. */
export function drawWish(names: readonly ProviderName[], secrets: Secrets, random: Random): Record<string, unknown> {
  const provider = random.pick(names)
  const byMemory = random.chance(0.25)
  const port = random.int(1024, 9000)
  const hasPorts = random.chance(0.5)
  return {
    ...(byMemory ? { min_vram_gb: random.pick([8, 16, 24, 48]) } : { gpu_model: random.pick(gpus[provider]) }),
    ...(random.chance(0.6) && { provider: publicProviderNames[provider] }),
    market: marketFor(provider, random),
    disk_gb: random.pick([10, 20, 50, 100, 200]),
    image: random.pick(['ubuntu:24.04', 'vllm/vllm-openai:latest', 'pytorch/pytorch:latest']),
    ...(random.chance(0.3) && { max_price_per_hour_usd: random.pick(['0.45', '0.80', '2.50', '6.00']) }),
    environment: { HF_TOKEN: secrets.environment },
    ...(random.chance(0.3) && { registry_auth: { username: 'someone', password: secrets.registryPassword } }),
    ...(random.chance(0.4) && { onstart_script: `export TOKEN=${secrets.onstart}\nsleep infinity` }),
    ...(hasPorts && { ports: [{ container_port: port, protocol: 'tcp' }] }),
    ...(hasPorts &&
      random.chance(0.5) && { health: { path: '/health', port, timeout_s: random.pick([60, 300, 600]) } }),
    ...(random.chance(0.3) && {
      ssh_public_key: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBPHBBY9g95Ent3NuTSyHmmyYwl0B97xDmIgQ097342Y me@example.com',
    }),
    ...(random.chance(0.5) && { label: `job ${random.int(1, 99)}` }),
    policies: drawPolicies(random),
  }
}

function drawPolicies(random: Random): Record<string, unknown> {
  return {
    on_interruption: random.pick(['relaunch', 'relaunch', 'wait', 'end']),
    // The GPUs of these worlds are always busy: what counts is that nobody reports activity.
    ...(random.chance(0.2) && {
      idle_timeout_minutes: random.pick([5, 8]),
      idle_action: 'terminate',
      idle_busy_above_percent: null,
    }),
    ...(random.chance(0.15) && { max_lifetime_hours: random.pick([0.1, 0.25, 1]) }),
    ...(random.chance(0.15) && { budget_usd: random.pick(['0.30', '2', '9']), budget_action: 'terminate' }),
    ...(random.chance(0.1) && { on_demand_after_minutes: random.pick([0, 5]) }),
    ...(random.chance(0.2) && { bid_factor: random.pick([1, 1.5, 3]) }),
  }
}

function marketFor(provider: ProviderName, random: Random): string {
  const hasSpot = provider === 'vast' || provider === 'novita'
  return hasSpot ? random.pick(['on_demand', 'spot', 'any']) : random.pick(['on_demand', 'on_demand', 'any'])
}
