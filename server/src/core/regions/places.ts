/**
 * Countries, US states and cities of data centres, and the region of each. The borders inside Europe and the US follow
 * what the large clouds call their regions there; where they disagree, or have none, the choice is ours.
 */

import type { Region } from './region-names.ts'

/** ISO 3166-1 alpha-2. */
export const regionOfCountry: Readonly<Record<string, Region>> = {
  ...each('canada', 'CA'),
  ...each('south-america', 'AR BO BR CL CO EC GY PE PY SR UY VE'),
  ...each('europe-west', 'AD BE ES FR GB IE IT LU MC MT NL PT'),
  ...each('europe-north', 'DK EE FI FO GL IS LT LV NO SE'),
  // Eastern Europe has no name of its own.
  ...each('europe-central', 'AL AT BA BG BY CH CY CZ DE GR HR HU LI MD ME MK PL RO RS RU SI SK UA XK'),
  ...each('asia-east', 'CN HK JP KR MN MO TW'),
  ...each('asia-southeast', 'BN ID KH LA MM MY PH SG TH TL VN'),
  ...each('asia-south', 'BD BT IN LK MV NP PK'),
  ...each('australia', 'AU NZ'),
  ...each('middle-east', 'AE BH EG IL IQ IR JO KW LB OM PS QA SA SY TR YE'),
  ...each('africa', 'AO CI CM DZ ET GH KE LY MA MU MZ NA NG RW SN TN TZ UG ZA ZM ZW'),
  // A territory of the US, and closest to its east.
  ...each('us-east', 'PR'),
}

/** USPS codes. */
export const regionOfState: Readonly<Record<string, Region>> = {
  ...each('us-east', 'CT DC DE FL GA MA MD ME NC NH NJ NY OH PA RI SC VA VT WV'),
  ...each('us-central', 'AL AR IA IL IN KS KY LA MI MN MO MS ND NE OK SD TN TX WI'),
  ...each('us-west', 'AK AZ CA CO HI ID MT NM NV OR UT WA WY'),
}

/** As the marketplaces write them. `Georgia` alone stays open: it is a country and a state. */
export const countryNamed: ReadonlyMap<string, string> = table(`
  AE united arab emirates, uae | AR argentina | AT austria | AU australia | BE belgium | BG bulgaria | BR brazil
  | CA canada | CH switzerland | CL chile | CN china | CO colombia | CY cyprus | CZ czechia, czech republic | DE germany
  | DK denmark | EC ecuador | EE estonia | ES spain | FI finland | FR france | GB united kingdom, uk, great britain, england
  | GR greece | HK hong kong, hongkong | HR croatia | HU hungary | ID indonesia | IE ireland | IL israel | IN india
  | IS iceland | IT italy | JP japan | KR south korea, korea, republic of korea | LT lithuania | LU luxembourg | LV latvia
  | MD moldova | MK north macedonia | MY malaysia | NL the netherlands, netherlands, holland | NO norway | NZ new zealand
  | OM oman | PE peru | PH philippines | PK pakistan | PL poland | PT portugal | QA qatar | RO romania | RS serbia
  | RU russia, russian federation | SA saudi arabia | SE sweden | SG singapore, sgp | SI slovenia | SK slovakia | TH thailand
  | TR türkiye, turkiye, turkey | TW taiwan | UA ukraine | US usa, united states, united states of america | VN vietnam
  | ZA south africa | MX mexico | PR puerto rico`)

export const stateNamed: ReadonlyMap<string, string> = table(`
  AK alaska | AL alabama | AR arkansas | AZ arizona | CA california | CO colorado | CT connecticut
  | DC district of columbia, washington dc, washington d.c. | DE delaware | FL florida | GA georgia | HI hawaii | IA iowa
  | ID idaho | IL illinois | IN indiana | KS kansas | KY kentucky | LA louisiana | MA massachusetts | MD maryland | ME maine
  | MI michigan | MN minnesota | MO missouri | MS mississippi | MT montana | NC north carolina | ND north dakota
  | NE nebraska | NH new hampshire | NJ new jersey | NM new mexico | NV nevada | NY new york | OH ohio | OK oklahoma
  | OR oregon | PA pennsylvania | RI rhode island | SC south carolina | SD south dakota | TN tennessee | TX texas | UT utah
  | VA virginia | VT vermont | WA washington | WI wisconsin | WV west virginia | WY wyoming`)

/** Data centres whose code names a city or a province. The value is a country, or a country and a state. */
export const placeOfCode: ReadonlyMap<string, string> = new Map([
  ['ny2', 'US-NY'], // Paperspace
  ['ca1', 'US-CA'],
  ['ams1', 'NL'],
  ['ca-mtl', 'CA'], // RunPod
  ['quebec', 'CA'],
  ['ontario', 'CA'],
  ['british columbia', 'CA'],
  ['alberta', 'CA'],
])

function each(region: Region, codes: string): Record<string, Region> {
  return Object.fromEntries(codes.split(' ').map((code) => [code, region]))
}

function table(lines: string): Map<string, string> {
  const entries = lines.split('|').flatMap((entry) => {
    const [, code = '', names = ''] = /^\s*(\S+)\s+(.*?)\s*$/s.exec(entry) ?? []
    return names.split(',').map((name): [string, string] => [name.trim(), code])
  })
  return new Map(entries)
}
