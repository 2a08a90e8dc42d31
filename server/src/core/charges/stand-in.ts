import type { Launch } from '../instances/instance.ts'
import type { Machine, MeterReading, Phase } from '../instances/machine.ts'
import type { Nanos } from '../money.ts'
import { secondMs } from '../time.ts'
import type { Charge } from './charge.ts'

/**
 * The readings of a machine, with its GPU's rate from elsewhere where the marketplace does not show it, or says zero until
 * it knows: what it was before, else what the answer to the launch told, else the offer's. A guess, and better than a
 * machine that seems to cost nothing. Once the rate is shown, another stretch begins at that rate.
 */
export function withStandIn(
  { phase, meters }: Pick<Machine, 'phase' | 'meters'>,
  { pricePerHour, offer }: Pick<Launch, 'pricePerHour' | 'offer'>,
  known: readonly Charge[],
): readonly MeterReading[] {
  const shown = meters.find(({ kind }) => kind === 'gpu')
  if (shown !== undefined && shown.ratePerHour > 0n) return meters
  const last = known.findLast(({ kind }) => kind === 'gpu')
  const ratePerHour: Nanos = last?.ratePerHour ?? pricePerHour ?? offer.pricePerHour
  if (shown !== undefined) return meters.map((one) => (one === shown ? { ...one, ratePerHour } : one))
  const stepMs = last?.stepMs ?? secondMs
  return [...meters, { kind: 'gpu', ratePerHour, state: stateIn(phase), since: null, until: null, stepMs }]
}

/** Marketplaces differ on the states in between, so that only the clear ones say something. */
function stateIn(phase: Phase): MeterReading['state'] {
  switch (phase) {
    case 'running':
      return 'on'
    case 'stopped':
    case 'interrupted':
    case 'ended':
      return 'off'
    case 'pending':
    case 'starting':
    case 'stopping':
    case 'failed':
    case 'ending':
    case 'unclear':
      return 'unclear'
  }
}
