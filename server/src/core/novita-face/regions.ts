import type { Offer } from '../offers/offer.ts'

/**
 * Codes of Novita's places that callers of contract 002 may name: those of its documents and of its later versions. Others
 * are known once Novita has shown them.
 */
export const novitaRegionCodes: readonly string[] = [
  'CN-HK-01',
  'AS-SGP-02',
  'AS-IN-01',
  'US-CA-06',
  'US-WEST-01',
  'EU-DE-01',
  'EU-WEST-01',
  'OC-AU-01',
]

/** `CN-HK-01` of `CN-HK-01 (Hong Kong)`. */
export function placeOf({ location }: Pick<Offer, 'location'>): string {
  return location.trim().split(/\s/, 1)[0] ?? ''
}

export function isSamePlace(one: string, other: string): boolean {
  return one.toUpperCase() === other.toUpperCase()
}
