/** The regions by which people search. */
export const regions = [
  'us-east',
  'us-central',
  'us-west',
  'canada',
  'south-america',
  'europe-west',
  'europe-central',
  'europe-north',
  'asia-east',
  'asia-southeast',
  'asia-south',
  'australia',
  'middle-east',
  'africa',
] as const
export type Region = (typeof regions)[number]

/** Names for several regions. An offer can be in one, too: a marketplace may say no more than `US`. */
export const regionGroups = {
  us: regions.filter((region) => region.startsWith('us-')),
  europe: regions.filter((region) => region.startsWith('europe-')),
  asia: regions.filter((region) => region.startsWith('asia-')),
  'north-america': ['us-east', 'us-central', 'us-west', 'canada'],
  'asia-pacific': ['asia-east', 'asia-southeast', 'asia-south', 'australia'],
  global: regions,
} as const satisfies Record<string, readonly Region[]>
export type RegionGroup = keyof typeof regionGroups

export function isRegion(name: string): name is Region {
  return (regions as readonly string[]).includes(name)
}

export function isRegionGroup(name: string): name is RegionGroup {
  return Object.hasOwn(regionGroups, name)
}

/**
 * Other words for regions and groups, lower case, blanks as dashes, without a number at the end.
 *
 * @source contracts 002, 003 and 004; Lambda's region names; RunPod's REST v2 `region`; Paperspace's old long names
 */
export const regionWords: ReadonlyMap<string, Region | RegionGroup> = new Map<string, Region | RegionGroup>([
  ['usa', 'us'],
  ['united-states', 'us'],
  ['america', 'north-america'],
  ['na', 'north-america'],
  ['eu', 'europe'],
  ['eur', 'europe'],
  ['emea', 'europe'],
  ['apac', 'asia-pacific'],
  ['ap', 'asia-pacific'],
  ['any', 'global'],
  ['anywhere', 'global'],
  ['world', 'global'],
  ['worldwide', 'global'],
  ['oceania', 'australia'],
  ['oc', 'australia'],
  ['latin-america', 'south-america'],
  ['sa-east', 'south-america'],
  ['sa-west', 'south-america'],
  ['east-coast', 'us-east'],
  ['west-coast', 'us-west'],
  ['us-northeast', 'us-east'],
  ['us-southeast', 'us-east'],
  ['us-midwest', 'us-central'],
  ['us-south', 'us-central'], // Lambda's us-south-1 is in Texas
  ['us-southwest', 'us-west'],
  ['us-northwest', 'us-west'],
  ['ca-central', 'canada'],
  ['ca-east', 'canada'],
  ['ca-west', 'canada'],
  ['canada-central', 'canada'],
  ['canada-east', 'canada'],
  ['europe-east', 'europe-central'],
  ['europe-south', 'europe-west'], // a guess: Spain and Italy are in the west of ours
  ['europe-southwest', 'europe-west'],
  ['asia-northeast', 'asia-east'],
  ['asia-north', 'asia-east'],
  ['sea', 'asia-southeast'],
  ['me', 'middle-east'],
  ['me-west', 'middle-east'],
  ['me-central', 'middle-east'],
  ['me-south', 'middle-east'],
  ['af', 'africa'],
  ['af-south', 'africa'],
  ['australia-east', 'australia'],
  ['australia-southeast', 'australia'],
])
