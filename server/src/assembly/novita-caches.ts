import type { NovitaInstance } from '../app/novita-instances.ts'
import type { Bell } from '../core/bell.ts'
import { TimedCache } from '../core/novita-face/cache.ts'
import type { NovitaFaceSettings } from '../core/novita-face/settings.ts'
import { secondMs } from '../core/time.ts'
import type { ProviderTemplate } from '../providers/provider.ts'

/** What contract 002's face need not look up each time. */
export function createNovitaCaches({ templateCacheMs }: Pick<NovitaFaceSettings, 'templateCacheMs'>, changed: Bell) {
  // A status is about money: dropped with every change, and in any case after a moment.
  const novitaInstances = new TimedCache<NovitaInstance>('instances', { ttlMs: 2 * secondMs, maxSize: 500 })
  const novitaTemplates = new TimedCache<ProviderTemplate>('templates', { ttlMs: templateCacheMs, maxSize: 100 })
  changed.listen(() => novitaInstances.clear())
  return { novitaInstances, novitaTemplates }
}
