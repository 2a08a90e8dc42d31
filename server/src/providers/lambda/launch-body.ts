import { type LaunchOrder, ProviderError } from '../provider.ts'
import { userDataFrom } from './boot-script.ts'
import { lambdaDescription } from './description.ts'
import { placeFromExternalId } from './offers.ts'
import { type LambdaTag, tagsFromOrder } from './tags.ts'

/**
 * The body of `POST /api/v1/instance-operations/launch`. Without `image` the machine gets the latest Lambda Stack, without
 * `hostname` a name made of its address; `quantity` is no longer taken.
 */
export interface LambdaLaunchBody {
  region_name: string
  instance_type_name: string
  ssh_key_names: [string]
  name: string
  tags: LambdaTag[]
  user_data: string
}

/** @source providers/lambda.md 2.3: 1 MB; the smaller reading of it. */
const maxUserDataBytes = 1_000_000

/**
 * @param keyName  a registered SSH key; Lambda wants exactly one
 * @throws ProviderError `rejected` with what to do instead; `no_capacity` for an offer that names no region
 */
export function launchBodyFromOrder(order: LaunchOrder, keyName: string): LambdaLaunchBody {
  const { offer, label, diskGb, ports } = order
  if (offer.market === 'spot') throw rejected('Lambda has no spot market: choose an on-demand offer')
  const place = placeFromExternalId(offer.externalId)
  if (place === undefined) {
    const message = `Lambda has no region with capacity for ${offer.externalId}: choose an offer that is available`
    throw new ProviderError('lambda', { kind: 'no_capacity' }, message)
  }
  if (offer.disk.maxGb !== null && diskGb > offer.disk.maxGb) {
    throw rejected(`this type comes with ${offer.disk.maxGb} GB of disk and ${diskGb} are asked: choose a larger type`)
  }
  const { maxLabelLength } = lambdaDescription.abilities
  if (label === '' || label.length > maxLabelLength) {
    throw rejected(`the label must have 1 to ${maxLabelLength} characters: shorten it`)
  }
  const userData = userDataFrom(order)
  if (Buffer.byteLength(userData) > maxUserDataBytes) {
    throw rejected(
      'environment and onstart script are longer than the megabyte of user data Lambda takes: ' +
        'put the script into the image, or let a short one download it',
    )
  }
  return {
    region_name: place.regionName,
    instance_type_name: place.typeName,
    ssh_key_names: [keyName],
    name: label,
    tags: tagsFromOrder(label, ports),
    user_data: userData,
  }
}

function rejected(message: string): ProviderError {
  return new ProviderError('lambda', { kind: 'rejected' }, message)
}
