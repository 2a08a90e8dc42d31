import type { BilledThing } from '../../core/billed-thing.ts'
import { nanosFromUsd } from '../../core/money.ts'
import { placeFromVast, regionFromVast } from './regions.ts'
import type { VastVolume } from './wire.ts'

/**
 * A volume lives on one machine of a host and bills until it is deleted, whether an instance uses it or not.
 *
 * @source providers/vast.md 1.6 (`storage_total_cost`: dollars per hour for the whole), 2.12
 */
export function thingFromVast(wire: VastVolume): BilledThing {
  const place = placeFromVast(wire.geolocation ?? '')
  return {
    kind: 'volume',
    externalId: wire.id,
    name: wire.label || null,
    attachedTo: wire.instances?.[0] ?? null,
    region: place === '' ? null : (regionFromVast(place) ?? place),
    sizeGb: wire.disk_space ?? null,
    ratePerHour: wire.storage_total_cost == null ? null : nanosFromUsd(wire.storage_total_cost),
    createdAt: wire.start_date == null ? null : Math.round(wire.start_date * 1000),
  }
}
