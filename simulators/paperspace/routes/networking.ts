import { assignAddress, claimAddress, releaseAddress, unassignAddress } from '../addresses.ts'
import { ApiError, notFound } from '../errors.ts'
import { type Fields, readBody } from '../input.ts'
import { regionFrom } from '../market.ts'
import { page } from '../paging.ts'
import { type NetworkRecord, newId, nextSeq, type PublicIpRecord, type World } from '../state.ts'
import { networkView, publicIpView } from '../views.ts'
import { machineById, nameFits } from './machines.ts'
import type { Call, Route } from './route.ts'

/** There is no GET of one address. */
export const networkingRoutes: readonly Route[] = [
  { method: 'GET', path: '/public-ips', answer: listIps },
  { method: 'POST', path: '/public-ips', answer: claimIp },
  { method: 'PUT', path: '/public-ips/:ip', answer: assignIp },
  { method: 'DELETE', path: '/public-ips/:ip', answer: releaseIp },
  { method: 'GET', path: '/private-networks', answer: listNetworks },
  { method: 'POST', path: '/private-networks', answer: createNetwork },
  { method: 'GET', path: '/private-networks/:id', answer: getNetwork },
  { method: 'PUT', path: '/private-networks/:id', answer: renameNetwork },
  { method: 'DELETE', path: '/private-networks/:id', answer: removeNetwork },
]

const networkFields: Fields = {
  name: { type: 'string', required: true },
  region: { type: 'string', required: true },
  migrateMachines: { type: 'boolean' },
}

function listIps({ world, request }: Call) {
  const region = request.query.get('region')
  return page(world, request.query, {
    items: world.state.publicIps.filter(
      (each) => each.releasedAt === null && (region === null || regionFrom(region) === each.region),
    ),
    orderings: { dtCreated: (each) => each.createdAt },
    view: (each) => publicIpView(world, each),
  })
}

function claimIp({ world, request }: Call) {
  const { region } = readBody<{ region: string }>(request, { region: { type: 'string', required: true } })
  return publicIpView(world, claimAddress(world, regionFrom(region), null, world.clock.now()))
}

function assignIp(call: Call) {
  const { world } = call
  const { machineId } = readBody<{ machineId: string | null }>(call.request, {
    machineId: { type: 'string', required: true, nullable: true },
  })
  const address = addressOf(call)
  const now = world.clock.now()
  if (machineId === null) {
    unassignAddress(world, address, now)
    return publicIpView(world, address)
  }
  const machine = machineById(world, machineId)
  if (machine.region !== address.region) {
    throw new ApiError('BAD_REQUEST', 'The public IP and the machine must be in the same region.')
  }
  if (address.assignedMachineId !== machine.id) assignAddress(world, address, machine, now)
  return publicIpView(world, address)
}

/** An assigned address may be released: a shipped client does so before it deletes the machine. */
function releaseIp(call: Call) {
  const address = addressOf(call)
  releaseAddress(call.world, address, call.world.clock.now())
  return { ip: address.ip }
}

function addressOf(call: Call): PublicIpRecord {
  const address = call.world.state.publicIps.find((each) => each.ip === call.param('ip') && each.releasedAt === null)
  if (!address) throw notFound()
  return address
}

function listNetworks({ world, request }: Call) {
  const { query } = request
  const region = query.get('region')
  return page(world, query, {
    items: world.state.networks.filter(
      (each) =>
        each.deletedAt === null &&
        nameFits(world, each.name, query.get('name')) &&
        (region === null || regionFrom(region) === each.region),
    ),
    orderings: { dtCreated: (each) => each.createdAt, name: (each) => each.name },
    view: (each) => networkView(world, each),
  })
}

function createNetwork({ world, request }: Call) {
  const body = readBody<{ name: string; region: string }>(request, networkFields)
  return networkView(world, addNetwork(world, body.name, body.region))
}

export function addNetwork(world: World, name: string, region: string): NetworkRecord {
  const network: NetworkRecord = {
    id: newId(world, 'n', 7),
    seq: nextSeq(world),
    name,
    region: regionFrom(region),
    network: `10.64.${world.random.int(0, 255)}.0`,
    netmask: '255.255.255.0',
    createdAt: world.clock.now(),
    deletedAt: null,
  }
  world.state.networks.push(network)
  return network
}

/** The schema lets this answer be null: an unknown id is 200 `null`, not 404 (our reading). */
function getNetwork(call: Call) {
  const network = findNetwork(call)
  return network ? networkView(call.world, network) : null
}

function renameNetwork(call: Call) {
  const { name } = readBody<{ name?: string }>(call.request, { name: { type: 'string' } })
  const network = findNetwork(call)
  if (!network) throw notFound()
  if (name !== undefined) network.name = name
  return networkView(call.world, network)
}

function removeNetwork(call: Call) {
  const network = findNetwork(call)
  if (!network) throw notFound()
  const inUse = call.world.state.machines.some((each) => each.networkId === network.id && each.deletedAt === null)
  if (inUse) throw new ApiError('CONFLICT', 'This private network is in use.')
  network.deletedAt = call.world.clock.now()
  return { id: network.id }
}

function findNetwork(call: Call): NetworkRecord | undefined {
  return call.world.state.networks.find((each) => each.id === call.param('id') && each.deletedAt === null)
}
