/** Network storage, private networks and registry logins: what a machine can be given. */

import { json } from '../../kit/controlled.ts'
import { bodyOf, type Call, contains, pageOf, type Route, textIn, wholeIn } from '../call.ts'
import { clusterById } from '../market.ts'
import { meterStorage, stopStorage } from '../meters.ts'
import { nothing, refuse } from '../replies.ts'
import { type Network, type Storage, unixSeconds, type World, wholeSecondFrom } from '../state.ts'
import { networkView, registryAuthView, storageView } from '../views-v1.ts'
import { knownCluster } from './instances-v1.ts'

const base = '/gpu-instance/openapi/v1'

export const storageRoutes: Route[] = [
  { method: 'GET', path: `${base}/networkstorages/list`, answer: listStorages },
  { method: 'POST', path: `${base}/networkstorage/create`, answer: createStorage },
  { method: 'POST', path: `${base}/networkstorage/update`, answer: updateStorage },
  { method: 'POST', path: `${base}/networkstorage/delete`, answer: deleteStorage },
  { method: 'GET', path: `${base}/networks`, answer: listNetworks },
  {
    method: 'GET',
    path: `${base}/network`,
    answer: (call) => oneNetwork(call.world, findNetwork(call.world, call.query.get('networkId') ?? '')),
  },
  { method: 'POST', path: `${base}/network/create`, answer: createNetwork },
  { method: 'POST', path: `${base}/network/update`, answer: updateNetwork },
  { method: 'POST', path: `${base}/network/delete`, answer: deleteNetwork },
  {
    method: 'GET',
    path: `${base}/repository/auths`,
    answer: ({ world }) => json(200, { data: world.state.registryAuths.map(registryAuthView) }),
  },
  { method: 'POST', path: `${base}/repository/auth/save`, answer: saveAuth },
  { method: 'POST', path: `${base}/repository/auth/delete`, answer: deleteAuth },
]

/** The only list whose page parameter is `pageNo`. */
function listStorages(call: Call) {
  const { world, query } = call
  const found = world.state.storages
    .filter((storage) => contains(storage.name, query.get('storageName')))
    .filter((storage) => !query.get('storageId') || storage.id === query.get('storageId'))
  const { items, total } = pageOf(call, found, 'pageNo')
  return json(200, { data: items.map((storage) => storageView(world, storage)), total })
}

function createStorage(call: Call) {
  const { world } = call
  const body = bodyOf(call)
  const clusterId = knownCluster(textIn(body, 'clusterId', { min: 1, max: 255 }))
  if (!clusterById(clusterId)?.storage) refuse('CUR_CLUSTER_NETWORK_STORAGE_NOT_SUPPORT')
  const name = textIn(body, 'storageName', { min: 1, max: 255 })
  const storage = addStorage(world, { name, sizeGb: storageSize(body), clusterId })
  // The whole body is one JSON string.
  return json(200, storage.id)
}

export function addStorage(world: World, wanted: Omit<Storage, 'id'>): Storage {
  const storage: Storage = { id: world.random.hex(16), ...wanted }
  world.state.storages.push(storage)
  meterStorage(world, storage, wholeSecondFrom(world.clock.now()))
  return storage
}

function updateStorage(call: Call) {
  const { world } = call
  const body = bodyOf(call)
  const storage = findStorage(world, textIn(body, 'storageId', { min: 1, max: 255 }))
  const sizeGb = storageSize(body)
  storage.name = textIn(body, 'storageName', { min: 1, max: 255 })
  if (sizeGb !== storage.sizeGb) {
    storage.sizeGb = sizeGb
    meterStorage(world, storage, wholeSecondFrom(world.clock.now()))
  }
  return nothing(world)
}

function storageSize(body: Record<string, unknown>): number {
  const sizeGb = wholeIn(body, 'storageSize', { min: 1, max: Number.MAX_SAFE_INTEGER })
  if (sizeGb > 10_240) refuse('NETWORK_STORAGE_TOO_LARGE')
  return sizeGb
}

function deleteStorage(call: Call) {
  const { world } = call
  const storage = findStorage(world, textIn(bodyOf(call), 'storageId', { min: 1, max: 255 }))
  const attached = alive(world).some((machine) => machine.volumes.some((volume) => volume.id === storage.id))
  if (attached) refuse('NETWORK_STORAGE_IN_USE')
  world.state.storages = world.state.storages.filter((other) => other !== storage)
  stopStorage(world, storage, wholeSecondFrom(world.clock.now()))
  return nothing(world)
}

function findStorage(world: World, id: string): Storage {
  return world.state.storages.find((storage) => storage.id === id) ?? refuse('NETWORK_STORAGE_NOT_FOUND')
}

function listNetworks(call: Call) {
  const { world, query } = call
  const found = world.state.networks.filter((network) => contains(network.name, query.get('name')))
  const { items, total } = pageOf(call, found)
  return json(200, { networks: items.map((network) => networkView(world, network)), total })
}

/** One network comes as a list of one. */
function oneNetwork(world: World, network: Network) {
  return json(200, { network: [networkView(world, network)] })
}

function createNetwork(call: Call) {
  const { world } = call
  const body = bodyOf(call)
  const network: Network = {
    id: world.random.hex(16),
    clusterId: knownCluster(textIn(body, 'clusterId', { min: 1, max: 255 })),
    name: textIn(body, 'name', { max: 30 }),
    segment: `10.${world.random.int(0, 255)}.0.0/16`,
    createdAt: unixSeconds(world.clock.now()),
  }
  world.state.networks.push(network)
  return oneNetwork(world, network)
}

function updateNetwork(call: Call) {
  const body = bodyOf(call)
  const network = findNetwork(call.world, textIn(body, 'networkId', { min: 1, max: 255 }))
  network.name = textIn(body, 'name', { max: 30 })
  return nothing(call.world)
}

function deleteNetwork(call: Call) {
  const { world } = call
  const network = findNetwork(world, textIn(bodyOf(call), 'networkId', { min: 1, max: 255 }))
  if (alive(world).some((machine) => machine.networkId === network.id)) refuse('NETWORK_IN_USE')
  world.state.networks = world.state.networks.filter((other) => other !== network)
  return nothing(world)
}

function findNetwork(world: World, id: string): Network {
  return world.state.networks.find((network) => network.id === id) ?? refuse('NETWORK_NOT_FOUND')
}

/** Answers without an id: the list has to be read again to learn it. */
function saveAuth(call: Call) {
  const body = bodyOf(call)
  call.world.state.registryAuths.push({
    id: call.world.random.hex(16),
    name: textIn(body, 'name', { min: 1, max: 500 }),
    username: textIn(body, 'username', { min: 1, max: 500 }),
    password: textIn(body, 'password', { min: 1, max: 500 }),
  })
  return { status: 204, headers: {}, body: '' }
}

function deleteAuth(call: Call) {
  const { world } = call
  const id = textIn(bodyOf(call), 'id', { min: 1, max: 255 })
  if (!world.state.registryAuths.some((auth) => auth.id === id)) refuse('RESOURCE_NOT_FOUND')
  if (alive(world).some((machine) => machine.imageAuthId === id)) refuse('IMAGE_AUTH_IN_USE')
  world.state.registryAuths = world.state.registryAuths.filter((auth) => auth.id !== id)
  return nothing(world)
}

export function alive(world: World) {
  return world.state.machines.filter((machine) => machine.status !== 'gone' && machine.status !== 'removed')
}
