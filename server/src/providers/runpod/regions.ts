/**
 * RunPod's data centres by our regions.
 *
 * The ids are those of the v2 spec and of the storage pages; new ones appear, so an unknown number at a known place
 * (`US-TX-9`) counts as that place, and an unknown place stays as it is. US states: the Eastern, Central and other time zones.
 *
 * @source providers/runpod.md 2.1 (compiled 2026-11-21); US-MO-1: recorded gpuTypes of 2025-06-15
 */
const dataCentersByRegion: Readonly<Record<string, readonly string[]>> = {
  'us-east': ['US-GA-1', 'US-GA-2', 'US-NC-1', 'US-DE-1', 'US-MD-1'],
  'us-central': ['US-IL-1', 'US-TX-1', 'US-TX-3', 'US-TX-4', 'US-KS-2', 'US-KS-3', 'US-NE-1', 'US-MO-1'],
  'us-west': ['US-CA-2', 'US-WA-1'],
  canada: ['CA-MTL-1', 'CA-MTL-2', 'CA-MTL-3'],
  'europe-west': ['EU-NL-1', 'EU-FR-1'],
  'europe-central': ['EU-RO-1', 'EU-CZ-1'],
  'europe-north': ['EU-SE-1', 'EUR-IS-1', 'EUR-IS-2', 'EUR-IS-3', 'EUR-NO-1'],
  'asia-east': ['AP-JP-1'],
  australia: ['OC-AU-1'],
}

const regionByPlace = new Map(
  Object.entries(dataCentersByRegion).flatMap(([region, ids]) =>
    ids.map((id): [string, string] => [placeOf(id), region]),
  ),
)

export const runpodRegions: readonly string[] = Object.keys(dataCentersByRegion)

/** Our name for `EU-RO-1`; undefined where we do not know the place. */
export function regionFromRunpod(dataCenterId: string): string | undefined {
  return regionByPlace.get(placeOf(dataCenterId))
}

/** Empty: none there. Upper case, as their scheduler insists (dstack#3217). */
export function dataCentersIn(region: string): string[] {
  return [...(dataCentersByRegion[region] ?? [])]
}

function placeOf(dataCenterId: string): string {
  return dataCenterId.toUpperCase().replace(/-\d+$/, '')
}
