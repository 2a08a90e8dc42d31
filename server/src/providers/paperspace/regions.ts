/**
 * Our regions and Paperspace's words for them. Requests take the short code; answers carry it, or the older long name
 * `East Coast (NY2)`.
 *
 * @source providers/paperspace.md 2.3 (spec enum; long names from SkyPilot and Cloudypad). AMS1 is Amsterdam.
 */

export type RegionCode = 'ny2' | 'ca1' | 'ams1'

interface Region {
  ours: string
  longName: string
}

const regions: Record<RegionCode, Region> = {
  ny2: { ours: 'us-east', longName: 'East Coast (NY2)' },
  ca1: { ours: 'us-west', longName: 'West Coast (CA1)' },
  ams1: { ours: 'europe-west', longName: 'Europe (AMS1)' },
}

export const regionCodes = Object.keys(regions) as RegionCode[]

/** Our names, for the description. */
export const paperspaceRegions: readonly string[] = regionCodes.map((code) => regions[code].ours)

/** `ny2`, `NY2` and `East Coast (NY2)` are the same; undefined for a region that we do not know. */
export function regionCodeFrom(spelling: string): RegionCode | undefined {
  const [code] = /\b(ny2|ca1|ams1)\b/i.exec(spelling) ?? []
  return code?.toLowerCase() as RegionCode | undefined
}

export function regionFromPaperspace(spelling: string): string | undefined {
  const code = regionCodeFrom(spelling)
  return code && regions[code].ours
}

export function regionCodesIn(region: string): RegionCode[] {
  return regionCodes.filter((code) => regions[code].ours === region)
}

export function longNameOf(code: RegionCode): string {
  return regions[code].longName
}
