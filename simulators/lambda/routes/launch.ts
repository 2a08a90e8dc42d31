/** POST /instance-operations/launch: the only call that can cost money twice, as nothing on it is idempotent. */

import type { SimClock } from '../../kit/clock.ts'
import type { SimRequest } from '../../kit/simulator.ts'
import { defaultImageFamily, images, regionNamed, type TypeFacts } from '../catalogue.ts'
import { withChance } from '../chance.ts'
import {
  fileSystemInWrongRegion,
  insufficientCapacity,
  invalidAddress,
  invalidParameters,
  launchResourceMissing,
  providerUnavailable,
  quotaExceeded,
} from '../errors.ts'
import { type Body, bodyOf, isObject, optionalObjects, optionalText, optionalTexts, text, texts } from '../input.ts'
import { addMachine, lives } from '../machines.ts'
import { matches, priceCents, takeCapacity, typeNamed } from '../market.ts'
import { type LambdaState, type Machine, takeOrder } from '../state.ts'
import { defaultMountPoint } from '../views.ts'
import { audit } from './audit-events.ts'

const userDataLimitBytes = 1_000_000

export function launch(state: LambdaState, request: SimRequest, clock: SimClock) {
  const wish = checked(state, bodyOf(request))
  if (state.settings.addressInvalid) throw invalidAddress()
  const { instanceQuota } = state.settings
  if (instanceQuota !== null && state.machines.filter(lives).length >= instanceQuota) throw quotaExceeded()

  const { type, region } = wish
  const soldOut = takeOrder(state.sellOuts, (order) => matches(order.matching, type, region))
  if (soldOut) throw soldOut.how === 'provider' ? providerUnavailable() : insufficientCapacity()
  const quicker = withChance(state, (random) => random.chance(state.settings.refusedLaunchShare))
  if (quicker || !takeCapacity(state, { type: type.name, region }, clock.now(), clock.speed)) {
    throw insufficientCapacity()
  }

  const failure = takeOrder(state.failStarts, (order) => matches(order.matching, type, region))
  const machine = addMachine(state, wish, clock, failure?.how)
  audit(state, clock, 'instance', 'created', machine.id, { instance_type: type.name, region })
  return { instance_ids: [machine.id] }
}

function checked(state: LambdaState, body: Body) {
  const regionName = text(body, 'region_name')
  const typeName = text(body, 'instance_type_name')
  const sshKeyNames = texts(body, 'ssh_key_names')
  if (sshKeyNames.length !== 1) throw invalidParameters('ssh_key_names: Exactly one SSH key must be specified.')
  checkQuantity(body)
  const name = optionalText(body, 'name', { max: 64 })
  const hostname = optionalText(body, 'hostname', { min: 1, max: 63, pattern: /^[a-z0-9][0-9a-z-]{0,62}$/ })
  const userData = optionalText(body, 'user_data')
  if (userData !== null && Buffer.byteLength(userData) > userDataLimitBytes) {
    throw invalidParameters('user_data: User data cannot exceed 1MB')
  }
  const tags = checkedTags(body)

  if (!regionNamed(regionName)) throw invalidParameters(`Region ${regionName} does not exist`)
  const missing = (what: string) => launchResourceMissing(state.settings.launchMissingStatus, what)
  const type = typeNamed(typeName)
  if (!type) throw missing(`Instance type ${typeName}`)
  for (const keyName of sshKeyNames) {
    if (!state.sshKeys.some((key) => key.name === keyName)) throw missing(`SSH key ${keyName}`)
  }
  const imageId = checkedImage(body, type, regionName, missing)
  const fileSystems = checkedFileSystems(state, body, regionName, missing)
  const rulesetIds = optionalObjects(body, 'firewall_rulesets').map((entry) => {
    const id = text(entry, 'id')
    const ruleset = state.rulesets.find((candidate) => candidate.id === id)
    if (!ruleset) throw missing(`Firewall ruleset ${id}`)
    if (ruleset.region !== regionName) throw invalidParameters(`Firewall ruleset ${id} is not in region ${regionName}`)
    return id
  })
  const centsPerHour = priceCents(state, type, 'rental')
  return {
    name,
    type,
    region: regionName,
    centsPerHour,
    sshKeyNames,
    fileSystems,
    tags,
    rulesetIds,
    hostname,
    userData,
    imageId,
  }
}

/** No longer in the schema; 1 is tolerated and more is refused (skypilot-org/skypilot#7084). */
function checkQuantity(body: Body): void {
  const { quantity } = body
  if (quantity === undefined || quantity === null || quantity === 1) return
  if (typeof quantity === 'number' && quantity > 1) {
    throw invalidParameters('quantity: Input should be less than or equal to 1')
  }
  throw invalidParameters('quantity: Input should be a valid integer')
}

function checkedTags(body: Body): Machine['tags'] {
  return optionalObjects(body, 'tags').map((entry) => {
    const key = text(entry, 'key', { max: 55, pattern: /^[a-z][a-z0-9-:]+$/ })
    if (key.startsWith('lambda-ai-')) throw invalidParameters('tags: Keys beginning with lambda-ai- are reserved')
    return { key, value: text(entry, 'value', { max: 128 }) }
  })
}

function checkedImage(body: Body, type: TypeFacts, region: string, missing: (what: string) => Error): string {
  const wanted = body.image ?? { family: defaultImageFamily }
  if (!isObject(wanted)) throw invalidParameters('image: Input should be a valid object')
  const here = images.filter((image) => image.region.name === region)
  if (wanted.id !== undefined) {
    const id = text(wanted, 'id')
    const image = here.find((candidate) => candidate.id === id)
    if (!image) throw missing(`Image ${id}`)
    if (image.architecture !== type.architecture) {
      throw invalidParameters(`image: Image ${id} does not support architecture ${type.architecture}`)
    }
    return image.id
  }
  const family = text(wanted, 'family')
  if (!here.some((candidate) => candidate.family === family)) throw missing(`Image family ${family}`)
  const image = here.find((candidate) => candidate.family === family && candidate.architecture === type.architecture)
  // Grace machines are calibrated in one region only; elsewhere the refusal for capacity follows anyway.
  return image?.id ?? ''
}

function checkedFileSystems(
  state: LambdaState,
  body: Body,
  region: string,
  missing: (what: string) => Error,
): Machine['fileSystems'] {
  const mounted = new Map<string, Machine['fileSystems'][number]>()
  for (const name of optionalTexts(body, 'file_system_names')) {
    const found = state.filesystems.filter((candidate) => candidate.name === name)
    const filesystem = found.find((candidate) => candidate.region === region) ?? found[0]
    if (!filesystem) throw missing(`Filesystem ${name}`)
    if (filesystem.region !== region) throw fileSystemInWrongRegion(name, region)
    mounted.set(filesystem.id, { id: filesystem.id, name, mountPoint: defaultMountPoint(filesystem) })
  }
  // An explicit mount wins over the default one of a filesystem that is named in both.
  for (const mount of optionalObjects(body, 'file_system_mounts')) {
    const mountPoint = text(mount, 'mount_point', {
      max: 256,
      pattern: /^(\/home|\/lambda\/nfs|\/data)[//a-zA-Z0-9-]*$/,
    })
    const id = text(mount, 'file_system_id')
    const filesystem = state.filesystems.find((candidate) => candidate.id === id)
    if (!filesystem) throw missing(`Filesystem ${id}`)
    if (filesystem.region !== region) throw fileSystemInWrongRegion(filesystem.name, region)
    mounted.set(id, { id, name: filesystem.name, mountPoint })
  }
  return [...mounted.values()]
}
