/** The server speaks of fields and paths; somebody at a terminal knows flags and verbs. */

const flags: Record<string, string> = {
  max_price_per_hour_usd: '--max-price',
  min_price: '--min-price',
  max_price: '--max-price',
  min_vram_gb: '--min-vram',
  min_ram_gb: '--min-ram',
  max_ram_gb: '--max-ram',
  min_storage_gb: '--min-storage',
  disk_gb: '--disk',
  gpu_models: '--gpu',
  gpu_model: '--gpu',
  gpu_category: '--category',
  min_gpu_count: '--min-gpu-count',
  max_gpu_count: '--max-gpu-count',
  gpu_count: '--gpu-count',
  min_reliability: '--min-reliability',
  min_performance: '--min-performance',
  min_cuda: '--min-cuda',
  min_download_mbps: '--min-download',
  min_upload_mbps: '--min-upload',
  min_lifetime_hours: '--min-lifetime',
  offer_id: '--offer',
  ssh_public_key: '--ssh-key',
  onstart_script: '--onstart',
}

/** Names of fields that are ordinary words too; they are only turned where a field is meant. */
const plainFlags: Record<string, string> = {
  provider: '--provider',
  providers: '--provider',
  market: '--market',
  region: '--region',
  regions: '--region',
  verified: '--verified',
  image: '--image',
  label: '--label',
  environment: '--env',
  ports: '--port',
  limit: '--limit',
  status: '--status',
  'health.port': '--health-port',
  'health.path': '--health-path',
  'health.timeout_s': '--health-timeout',
  'resources.min_ram_gb': '--min-ram',
  'Idempotency-Key': '--idempotency-key',
  'idempotency-key': '--idempotency-key',
}

const verbs: [string, string][] = [
  ['POST /api/v1/instances/plan', '`gpufleet launch --dry-run`'],
  ['GET /api/v1/instances', '`gpufleet list --all`'],
  ['POST /api/v1/templates', '`gpufleet templates create`'],
  ['GET /api/v1/templates', '`gpufleet templates list`'],
  ['GET /api/v1/providers', '`gpufleet providers`'],
  ['GET /api/v1/reconciliation', '`gpufleet audit`'],
  ['GET /api/v1/gpu-models', '`gpufleet gpus`'],
]

export function forTerminal(text: string): string {
  const shown = text
    .replace(/GET \/api\/v1\/instances\/(inst_\w+)/g, '`gpufleet show $1`')
    .replace(/POST \/api\/v1\/instances\/(inst_\w+)\/policies/g, '`gpufleet policies $1`')
    .replace(/PUT \/api\/v1\/templates\/([\w.-]+)/g, '`gpufleet templates change $1`')
  const spoken = verbs.reduce((all, [path, verb]) => all.replaceAll(path, verb), shown)
  return spoken.replace(/(?<![-\w])[a-z]+(?:_[a-z]+)+(?![\w(])/g, (word) => flags[word] ?? word)
}

/** `ports.0.container_port` is what `--port` said. */
export function flagOf(field: string): string {
  const [first = field, ...rest] = field.split('.')
  return flags[field] ?? plainFlags[field] ?? flags[first] ?? named(plainFlags[first], rest) ?? field
}

function named(flag: string | undefined, rest: readonly string[]): string | undefined {
  if (flag !== '--env' || rest.length === 0) return flag
  return `${flag} ${rest.join('.')}`
}
