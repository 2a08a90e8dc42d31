import { countryNamed, placeOfCode, regionOfCountry, regionOfState, stateNamed } from './places.ts'
import { isRegion, isRegionGroup, type Region, type RegionGroup, regionGroups, regionWords } from './region-names.ts'

/** What a text says about where something is. A country or state is known only where the text is that exact. */
interface Place {
  /** A region, a group of them, or null when nobody knows the place. */
  region: Region | RegionGroup | null
  country: string | null
  state: string | null
}

/** Bounded, whatever the marketplaces send. */
const mostRemembered = 5_000
const remembered = new Map<string, Place>()

/**
 * Our name for a region, a country, or a marketplace's data centre: `us-east`, `europe`, `global`. Unknown ones are kept
 * as they are.
 */
export function regionNamed(text: string): string {
  return placeNamed(text).region ?? text
}

/** The regions that a wish means; `*` for anywhere, nothing for a word that we do not know. */
export function regionMeans(wanted: string): readonly string[] {
  const { region } = placeNamed(wanted)
  if (region === null) return []
  if (region === 'global') return ['*']
  return isRegionGroup(region) ? regionGroups[region] : [region]
}

/**
 * Whether an offer is where somebody wants it. `unknown`: the marketplace says too little, for example `US` for the wish
 * `us-east`. A wish that names a country or a state means just that; a word that we do not know is looked for in the
 * offer's region and location.
 */
export function regionFit(wanted: string, offerRegion: string, location: string): boolean | 'unknown' {
  const wish = placeNamed(wanted)
  if (wish.region === 'global') return true
  if (wish.country !== null) return countryFit(wish, offerRegion, location)
  if (wish.region === null) return isSaidIn(wanted, offerRegion) || isSaidIn(wanted, location)

  const means = regionMeans(wanted)
  const { region } = placeNamed(offerRegion).region === null ? placeNamed(location) : placeNamed(offerRegion)
  if (region === null) return isSaidIn(wanted, offerRegion) || isSaidIn(wanted, location) || 'unknown'
  const possible: readonly string[] = isRegionGroup(region) ? regionGroups[region] : [region]
  const inside = possible.filter((one) => means.includes(one)).length
  if (inside === 0) return false
  return inside === possible.length || 'unknown'
}

export function regionMatches(wanted: string, offerRegion: string, location: string): boolean {
  return regionFit(wanted, offerRegion, location) === true
}

const contractNames: ReadonlyMap<string, string> = new Map([
  ['us', 'US'],
  ['us-east', 'US-East'],
  ['us-central', 'US-Central'],
  ['us-west', 'US-West'],
  ['europe-west', 'Europe'],
  ['europe-central', 'Europe'],
  ['europe-north', 'Europe'],
  ['asia-east', 'Asia'],
  ['asia-southeast', 'Asia'],
  ['asia-south', 'Asia'],
])

/** Contract 003's way to write a region: `US-East`, `Europe`, `Asia`, `South-America`. Unknown ones as they are. */
export function contractRegion(region: string): string {
  const named = contractNames.get(region)
  if (named !== undefined) return named
  if (!isRegion(region) && !isRegionGroup(region)) return region
  return region.replace(/\b[a-z]/g, (letter) => letter.toUpperCase())
}

/** The same for all regions of a marketplace, with the wider names under which they are found as well. */
export function contractRegions(regions: readonly string[]): string[] {
  const wider = (['global', 'us'] as const).filter((group) => regions.some((region) => isIn(region, group)))
  return [...new Set([...regions, ...wider].map(contractRegion))]
}

function isIn(region: string, group: RegionGroup): boolean {
  return (regionGroups[group] as readonly string[]).includes(region)
}

function countryFit(wish: Place, offerRegion: string, location: string): boolean | 'unknown' {
  const byLocation = placeNamed(location)
  const seen = byLocation.country === null ? placeNamed(offerRegion) : byLocation
  if (seen.country === null) {
    const region = seen.region ?? byLocation.region
    if (region === null || wish.region === null) return 'unknown'
    const possible: readonly string[] = isRegionGroup(region) ? regionGroups[region] : [region]
    const wished: readonly string[] = isRegionGroup(wish.region) ? regionGroups[wish.region] : [wish.region]
    return possible.some((one) => wished.includes(one)) ? 'unknown' : false
  }
  if (seen.country !== wish.country) return false
  if (wish.state === null) return true
  return seen.state === null ? 'unknown' : seen.state === wish.state
}

function isSaidIn(wanted: string, text: string): boolean {
  return text.toLowerCase().includes(wanted.trim().toLowerCase())
}

function placeNamed(text: string): Place {
  let place = remembered.get(text)
  if (!place) {
    place = readPlace(text)
    if (remembered.size >= mostRemembered) remembered.clear()
    remembered.set(text, place)
  }
  return place
}

function readPlace(text: string): Place {
  const plain = text.trim().toLowerCase().normalize('NFC')
  const withoutNote = plain.replace(/\s*\([^)]*\)\s*$/, '') // `US-CA-06 (California)`
  const note = /\(([^)]*)\)\s*$/.exec(plain)?.[1]
  return (
    regionWord(plain) ??
    placeCode(plain) ??
    cityAndCountry(plain) ??
    countryOrState(plain) ??
    dataCentre(withoutNote) ??
    (note === undefined ? undefined : placeCode(note)) ?? // `East Coast (NY2)`
    regionWord(withoutNote) ??
    nowhere
  )
}

const nowhere: Place = { region: null, country: null, state: null }

/** `US-East`, `eu-central`, `us-west-2`, `MIDDLE_EAST`. */
function regionWord(text: string): Place | undefined {
  const word = text
    .replace(/[\s_]+/g, '-')
    .replace(/-?\d+$/, '')
    .replace(/^eur?-(?=[a-z]{4})/, 'europe-')
    .replace(/^a[sp]-(?=(?:north|south|east)[a-z]*$)/, 'asia-')
  if (isRegion(word) || isRegionGroup(word)) return { ...nowhere, region: word }
  const known = regionWords.get(word)
  return known && { ...nowhere, region: known }
}

/** `CA-MTL-1`, `ny2`, `quebec`. */
function placeCode(text: string): Place | undefined {
  const code = placeOfCode.get(text) ?? placeOfCode.get(text.replace(/-\d+$/, ''))
  if (code === undefined) return undefined
  const [country = '', state = null] = code.split('-')
  return placeIn(country, state)
}

/** `Quebec, CA`, `California, USA`, `, US`, `Georgia, GE`: a country without a region of ours is still one. */
function cityAndCountry(text: string): Place | undefined {
  const [, before, last] = /^(.*),\s*([^,]+)$/.exec(text) ?? []
  if (before === undefined || last === undefined) return undefined
  const country = countryFrom(last) ?? (/^[a-z]{2}$/.test(last) ? last.toUpperCase() : undefined)
  if (country === undefined) return undefined
  if (country !== 'US') return placeIn(country, null)
  const words = before.split(',').map((word) => word.trim())
  return placeIn('US', words.map(stateFrom).find((state) => state !== undefined) ?? null)
}

/** `Germany`, `JP`, `Texas`. Two letters are a country: `CA` is Canada. */
function countryOrState(text: string): Place | undefined {
  if (text === 'georgia') return undefined
  const country = countryFrom(text)
  if (country !== undefined && country !== 'US') return placeIn(country, null)
  const state = stateNamed.get(text)
  return state === undefined ? undefined : placeIn('US', state)
}

/** `US-CA-06`, `EU-RO-1`, `AS-SGP-02`, `CN-HK-01`, `cn-hongkong-1`: first a part of the world, then what is in it. */
function dataCentre(text: string): Place | undefined {
  const [world = '', part, number] = text.split('-')
  if (part === undefined || (number !== undefined && !/^\d+$/.test(number))) return undefined
  if (world === 'us') return regionOfState[part.toUpperCase()] && placeIn('US', part.toUpperCase())
  if (!/^(?:eur?|as|ap|oc|sea|me|sa|af|cn)$/.test(world)) return undefined
  const country = countryFrom(part)
  return country === undefined ? (world === 'cn' ? placeIn('CN', null) : undefined) : placeIn(country, null)
}

function placeIn(country: string, state: string | null): Place {
  if (country === 'US') return { region: (state !== null && regionOfState[state]) || 'us', country, state }
  return { region: regionOfCountry[country] ?? null, country, state: null }
}

function countryFrom(text: string): string | undefined {
  const code = text.trim().toUpperCase()
  if (code === 'US' || Object.hasOwn(regionOfCountry, code)) return code
  return countryNamed.get(text.trim())
}

function stateFrom(text: string): string | undefined {
  const code = text.toUpperCase()
  return Object.hasOwn(regionOfState, code) ? code : stateNamed.get(text)
}
