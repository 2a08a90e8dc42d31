/**
 * Our regions and Novita's words for them.
 *
 * A cluster has an id (`us-ca-6`), a code (`US-CA-06`) and a display name (`US-CA-06 (California)`). The id goes into
 * requests and comes from `/clusters`, never from the code: `us-ca-06` is wrong. For the region, the first two parts of
 * either tell the place. The table is ours; only five clusters have been seen (novita.md 2.1), the rest is by the same
 * pattern. `EU` and `AS` alone do not say where.
 */
const placesByRegion: Readonly<Record<string, readonly string[]>> = {
  'us-east': ['US-NY', 'US-NJ', 'US-VA', 'US-GA', 'US-FL', 'US-PA', 'US-NC', 'US-OH', 'US-MA'],
  'us-central': ['US-TX', 'US-IL', 'US-IA', 'US-KS', 'US-MO', 'US-MN', 'US-OK', 'US-NE'],
  'us-west': ['US-CA', 'US-WA', 'US-OR', 'US-NV', 'US-UT', 'US-AZ', 'US-CO'],
  canada: ['CA-ON', 'CA-QC', 'CA-MTL', 'CA-TOR', 'NA-CA', 'NA-CAN'],
  'south-america': ['SA-BR', 'SA-BRA', 'SA-CL', 'SA-AR'],
  'europe-west': ['EU-FR', 'EU-GB', 'EU-UK', 'EU-NL', 'EU-IE', 'EU-BE', 'EU-ES', 'EU-PT'],
  'europe-central': ['EU-DE', 'EU-PL', 'EU-CZ', 'EU-AT', 'EU-CH', 'EU-IT', 'EU-RO', 'EU-BG'],
  'europe-north': ['EU-SE', 'EU-NO', 'EU-FI', 'EU-DK', 'EU-IS', 'EU-EE'],
  'asia-east': ['CN-HK', 'CN-HONGKONG', 'AS-JP', 'AS-JPN', 'AS-KR', 'AS-KOR', 'AS-TW', 'AS-HK', 'AS-HKG'],
  'asia-southeast': ['AS-SGP', 'AS-SG', 'AS-MY', 'AS-MYS', 'AS-TH', 'AS-VN', 'AS-ID', 'AS-PH'],
  'asia-south': ['AS-IN', 'AS-IND'],
  australia: ['OC-AU', 'OC-AUS', 'OC-NZ'],
  'middle-east': ['AS-AE', 'AS-SA', 'AS-IL', 'ME-AE', 'ME-SA', 'ME-IL'],
  africa: ['AF-ZA'],
}

const regionByPlace = new Map(
  Object.entries(placesByRegion).flatMap(([region, places]) =>
    places.map((place): [string, string] => [place, region]),
  ),
)

/** The clusters seen so far, by their codes. @source novita.md 2.1, live code of 2025–2026 */
const seenCodes = ['US-CA-06', 'AS-SGP-02', 'CN-HK-01', 'AS-IN-01', 'OC-AU-01']

/** Our names of the regions in which a cluster has been seen. */
export const novitaRegions: readonly string[] = seenCodes.flatMap((code) => regionFromNovita(code) ?? [])

/** Our name for `us-ca-6`, `US-CA-06` or `US-CA-06 (California)`; undefined where it cannot be told. */
export function regionFromNovita(spelling: string): string | undefined {
  const place = /^([A-Z]+-[A-Z]+)(?:-|$)/.exec(codeFrom(spelling).toUpperCase())?.[1]
  return place === undefined ? undefined : regionByPlace.get(place)
}

/** `US-CA-06 (California)` without the part for people, which was added in October 2025 without notice. */
export function codeFrom(displayName: string): string {
  return displayName.trim().split(/\s/, 1)[0] ?? ''
}

/** Novita's codes in one of our regions: those seen before, and those that `/clusters` has shown since. */
export function novitaCodesIn(region: string, shown: Iterable<string> = []): string[] {
  const codes = [...seenCodes, ...[...shown].map(codeFrom)]
  return [...new Set(codes)].filter((code) => regionFromNovita(code) === region)
}
