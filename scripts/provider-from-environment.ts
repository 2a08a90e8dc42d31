import { createAccounts } from '../server/src/assembly/accounts.ts'
import { configFrom } from '../server/src/config/config.ts'
import { createGpuCatalogue } from '../server/src/core/gpus/catalogue.ts'
import type { GpuCatalogue } from '../server/src/core/gpus/gpu.ts'
import type { ProviderName } from '../server/src/core/providers.ts'
import { Secret } from '../server/src/core/secret.ts'
import { createLog } from '../server/src/observability/log.ts'
import { createMetrics } from '../server/src/observability/metrics.ts'
import { createRedactor } from '../server/src/observability/redaction.ts'
import { systemClock } from '../server/src/observability/system-clock.ts'
import { createOutbound } from '../server/src/outbound/http-client.ts'
import { undiciTransport } from '../server/src/outbound/transport.ts'
import type { Provider } from '../server/src/providers/provider.ts'

export interface FromEnvironment {
  provider: Provider
  gpus: GpuCatalogue
}

/** One marketplace's client alone, without server and database, from the same settings; undefined without a key for it. */
export function providerFromEnvironment(
  name: ProviderName,
  environment: Readonly<Record<string, string | undefined>>,
): FromEnvironment | undefined {
  const config = configFrom(environment)
  const clock = systemClock()
  const redactor = createRedactor()
  const log = createLog({ clock, redactor, level: 'warn', format: 'readable' })
  const gpus = createGpuCatalogue()
  const outbound = createOutbound({
    clock,
    transport: undiciTransport(),
    metrics: createMetrics({ process: false }),
    log,
    redactor,
    userAgent: 'gpufleet/try-provider',
  })
  const watcher = { answered: () => {}, failed: () => {} }
  // It only tells keys of one process apart.
  const secretsKey = new Secret('of no store')
  const provider = createAccounts(config, { outbound, clock, gpus, redactor, secretsKey, watcher }).find(name)
  return provider && { provider, gpus }
}
