import type { GpuCatalogue } from '../core/gpus/gpu.ts'
import type { Secret } from '../core/secret.ts'
import type { Clock } from '../core/time.ts'
import type { Outbound } from '../outbound/outbound.ts'

/** What every provider is made from. Each folder exports one `create<Name>Provider(deps): Provider`. */
export interface ProviderDeps {
  outbound: Outbound
  clock: Clock
  gpus: Pick<GpuCatalogue, 'recognise' | 'spellingsOf'>
  /** Origin without a path and without a trailing slash. */
  baseUrl: string
  apiKey: Secret
  account: string
}
