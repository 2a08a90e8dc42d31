/**
 * Our regions and Vast's words for them.
 *
 * Vast has no regions: a host states a place such as `Quebec, CA`. Countries decide, and in the United States the state:
 * Eastern time is us-east, Central time us-central, the rest us-west. The table is ours, made from the places in the
 * recordings of 2026-07-02 .. 2026-08-08. A place whose region cannot be told stays in Vast's words: `, US` names no
 * state, Russia spans two continents, Mexico and the Caribbean have no name among ours.
 */
const statesByRegion: Readonly<Record<string, readonly string[]>> = {
  'us-east': [
    'Connecticut',
    'Delaware',
    'District of Columbia',
    'Florida',
    'Georgia',
    'Indiana',
    'Kentucky',
    'Maine',
    'Maryland',
    'Massachusetts',
    'Michigan',
    'New Hampshire',
    'New Jersey',
    'New York',
    'North Carolina',
    'Ohio',
    'Pennsylvania',
    'Rhode Island',
    'South Carolina',
    'Vermont',
    'Virginia',
    'West Virginia',
  ],
  'us-central': [
    'Alabama',
    'Arkansas',
    'Illinois',
    'Iowa',
    'Kansas',
    'Louisiana',
    'Minnesota',
    'Mississippi',
    'Missouri',
    'Nebraska',
    'North Dakota',
    'Oklahoma',
    'South Dakota',
    'Tennessee',
    'Texas',
    'Wisconsin',
  ],
  'us-west': [
    'Alaska',
    'Arizona',
    'California',
    'Colorado',
    'Hawaii',
    'Idaho',
    'Montana',
    'Nevada',
    'New Mexico',
    'Oregon',
    'Utah',
    'Washington',
    'Wyoming',
  ],
}

const countriesByRegion: Readonly<Record<string, readonly string[]>> = {
  canada: ['CA'],
  'south-america': ['AR', 'BO', 'BR', 'CL', 'CO', 'EC', 'PE', 'PY', 'UY', 'VE'],
  'europe-west': ['AD', 'BE', 'ES', 'FR', 'GB', 'IE', 'LU', 'MC', 'NL', 'PT'],
  'europe-central': [
    'AL',
    'AT',
    'BA',
    'BG',
    'BY',
    'CH',
    'CY',
    'CZ',
    'DE',
    'GR',
    'HR',
    'HU',
    'IT',
    'LI',
    'MD',
    'ME',
    'MK',
    'MT',
    'PL',
    'RO',
    'RS',
    'SI',
    'SK',
    'UA',
    'XK',
  ],
  'europe-north': ['DK', 'EE', 'FI', 'IS', 'LT', 'LV', 'NO', 'SE'],
  'asia-east': ['CN', 'HK', 'JP', 'KR', 'MN', 'MO', 'TW'],
  'asia-southeast': ['BN', 'ID', 'KH', 'LA', 'MM', 'MY', 'PH', 'SG', 'TH', 'VN'],
  'asia-south': ['BD', 'BT', 'IN', 'LK', 'NP', 'PK'],
  australia: ['AU', 'NZ'],
  'middle-east': ['AE', 'BH', 'IL', 'IQ', 'JO', 'KW', 'LB', 'OM', 'QA', 'SA', 'TR'],
  africa: ['DZ', 'EG', 'ET', 'GH', 'KE', 'MA', 'NG', 'RW', 'SN', 'TN', 'TZ', 'UG', 'ZA'],
}

const regionByState = inverted(statesByRegion)
const regionByCountry = inverted(countriesByRegion)

export const vastRegions: readonly string[] = [...Object.keys(statesByRegion), ...Object.keys(countriesByRegion)]

/** Our name for `Quebec, CA`, `CA` or `Texas, US`; undefined where it cannot be told. */
export function regionFromVast(geolocation: string): string | undefined {
  const { place, country } = partsOf(geolocation)
  return country === 'US' ? regionByState.get(place) : regionByCountry.get(country)
}

/** `Quebec, CA` as it is; `, US` as `US`. */
export function placeFromVast(geolocation: string): string {
  const { place, country } = partsOf(geolocation)
  return place === '' ? country : `${place}, ${country}`
}

/** Vast's words for one of our regions: country codes, or `Texas, US`. Empty: none there. */
export function vastPlacesIn(region: string): string[] {
  return statesByRegion[region]?.map((state) => `${state}, US`) ?? [...(countriesByRegion[region] ?? [])]
}

function partsOf(geolocation: string): { place: string; country: string } {
  const comma = geolocation.lastIndexOf(',')
  return { place: geolocation.slice(0, Math.max(comma, 0)).trim(), country: geolocation.slice(comma + 1).trim() }
}

function inverted(table: Readonly<Record<string, readonly string[]>>): Map<string, string> {
  return new Map(
    Object.entries(table).flatMap(([region, words]) => words.map((word): [string, string] => [word, region])),
  )
}
