/**
 * Our regions and Lambda's. Their names are a family and a number (`us-west-3`), so a new number in a known family is
 * understood at once.
 *
 * @source providers/lambda.md 2.2: names seen in public catalogues. Which place each family means is our reading of the
 *         places in the recordings of 2026-03 .. 2026-06 (Texas, Illinois, Tokyo, Sydney …), which name no families. Where
 *         europe-south is, nobody says: Italy, and with it europe-central, is a guess.
 */
const families: ReadonlyMap<string, string> = new Map([
  ['us-east', 'us-east'],
  ['us-midwest', 'us-central'],
  ['us-south', 'us-central'],
  ['us-west', 'us-west'],
  ['europe-central', 'europe-central'],
  ['europe-south', 'europe-central'],
  ['asia-northeast', 'asia-east'],
  ['asia-south', 'asia-south'],
  ['me-west', 'middle-east'],
  ['australia-east', 'australia'],
])

const knownNames: readonly string[] = [
  'us-east-1',
  'us-east-2',
  'us-east-3',
  'us-midwest-1',
  'us-south-1',
  'us-south-2',
  'us-south-3',
  'us-west-1',
  'us-west-2',
  'us-west-3',
  'europe-central-1',
  'europe-south-1',
  'asia-northeast-1',
  'asia-northeast-2',
  'asia-south-1',
  'me-west-1',
  'australia-east-1',
]

/** Our names of the regions it has. */
export const lambdaRegions: readonly string[] = [...new Set(families.values())]

/** Our name for `us-west-1`; undefined where we do not know the family. */
export function regionFromLambda(name: string): string | undefined {
  return families.get(name.replace(/-\d+$/, ''))
}

/** Their names for one of ours. Empty: none there. */
export function lambdaRegionsIn(region: string): string[] {
  return knownNames.filter((name) => regionFromLambda(name) === region)
}
