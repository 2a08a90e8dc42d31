/** SSH keys, registry credentials, secrets and network volumes of the account. */

import type { SimReply } from '../../kit/simulator.ts'
import { createRegistry, createSecret, createVolume, putSshKeys, updateSecret, updateVolume } from '../bodies.ts'
import { dataCenterOf } from '../market.ts'
import { setVolumeMeters } from '../money.ts'
import { badRequest, noContent, notFound, ok, Problem } from '../problem.ts'
import { bodyOf, type Call } from '../request.ts'
import {
  ceilSecond,
  floorSecond,
  isoSecond,
  type NetworkVolume,
  newId,
  type Pod,
  type Secret,
  type World,
} from '../state.ts'

export function getSshKeys({ world }: Call): SimReply {
  return ok({ keys: world.state.sshKeys })
}

/** Replaces the whole set: what is not in the body is gone. Running pods do not notice. */
export function replaceSshKeys({ world, request }: Call): SimReply {
  world.state.sshKeys = (bodyOf(request, putSshKeys) as { keys: string[] }).keys
  return ok({ keys: world.state.sshKeys })
}

export function listRegistries({ world }: Call): SimReply {
  return ok({ registries: world.state.registries })
}

/** User name and password are write-only; nothing here keeps them. */
export function createRegistryRoute({ world, request }: Call): SimReply {
  const { name } = bodyOf(request, createRegistry) as { name: string }
  const registry = { id: newId(world, 25), name }
  world.state.registries.push(registry)
  return ok(registry, 201)
}

export function getRegistry({ world, id }: Call): SimReply {
  return ok(found(world.state.registries, id))
}

export function deleteRegistry({ world, id }: Call): SimReply {
  const registry = found(world.state.registries, id)
  world.state.registries = world.state.registries.filter((one) => one !== registry)
  return noContent()
}

export function listSecrets({ world }: Call): SimReply {
  return ok({ secrets: world.state.secrets.map(secretView) })
}

export function createSecretRoute({ world, request }: Call): SimReply {
  const body = bodyOf(request, createSecret) as { name: string; description?: string }
  if (world.state.secrets.some((one) => one.name === body.name))
    throw new Problem(409, 'a secret with this name already exists')
  const now = world.clock.now()
  const secret: Secret = {
    id: newId(world, 20),
    name: body.name,
    description: body.description ?? null,
    createdAt: now,
    valueLastUpdatedAt: now,
  }
  world.state.secrets.push(secret)
  return ok(secretView(secret), 201)
}

export function patchSecret({ world, request, id }: Call): SimReply {
  const secret = found(world.state.secrets, id)
  const body = bodyOf(request, updateSecret) as { value?: string; description?: string }
  if (body.description !== undefined) secret.description = body.description
  if (body.value !== undefined) secret.valueLastUpdatedAt = world.clock.now()
  return ok(secretView(secret))
}

export function deleteSecret({ world, id }: Call): SimReply {
  const secret = found(world.state.secrets, id)
  world.state.secrets = world.state.secrets.filter((one) => one !== secret)
  return noContent()
}

function secretView(secret: Secret): unknown {
  return {
    id: secret.id,
    name: secret.name,
    description: secret.description,
    createdAt: isoSecond(secret.createdAt),
    valueLastUpdatedAt: secret.valueLastUpdatedAt === null ? null : isoSecond(secret.valueLastUpdatedAt),
  }
}

export function listVolumes({ world }: Call): SimReply {
  return ok({ networkVolumes: world.state.volumes })
}

export function createVolumeRoute({ world, request }: Call): SimReply {
  const body = bodyOf(request, createVolume) as Omit<NetworkVolume, 'id' | 'type'> & { type?: NetworkVolume['type'] }
  const tiers = dataCenterOf(body.dataCenter)?.networkVolumeTypes ?? []
  const type = body.type ?? tiers[0]
  if (!type || !tiers.includes(type))
    throw badRequest('network volumes of this type are not available in this data center')
  return ok(addVolume(world, { name: body.name, size: body.size, dataCenter: body.dataCenter, type }), 201)
}

export function addVolume(world: World, wanted: Omit<NetworkVolume, 'id'>): NetworkVolume {
  const volume = { id: newId(world, 10), ...wanted }
  world.state.volumes.push(volume)
  if (volume.type === 'HIGH_PERFORMANCE') world.state.fastVolumes.push(volume.id)
  setVolumeMeters(world.state, volume, true, floorSecond(world.clock.now()))
  return volume
}

export function getVolume({ world, id }: Call): SimReply {
  return ok(found(world.state.volumes, id))
}

export function patchVolume({ world, request, id }: Call): SimReply {
  const volume = found(world.state.volumes, id)
  const body = bodyOf(request, updateVolume) as { name?: string; size?: number }
  if (body.size !== undefined && body.size < volume.size) throw badRequest('network volume size cannot be reduced')
  volume.name = body.name ?? volume.name
  volume.size = body.size ?? volume.size
  setVolumeMeters(world.state, volume, true, ceilSecond(world.clock.now()))
  return ok(volume)
}

export function deleteVolume({ world, id }: Call): SimReply {
  const volume = found(world.state.volumes, id)
  if (isMounted(world, id)) throw badRequest('network volume is in use')
  world.state.volumes = world.state.volumes.filter((one) => one !== volume)
  setVolumeMeters(world.state, volume, false, ceilSecond(world.clock.now()))
  return noContent()
}

function isMounted(world: World, id: string): boolean {
  return userOf(world, id) !== undefined
}

/** The pod that mounts a volume. */
export function userOf(world: World, id: string): Pod | undefined {
  return world.state.pods.find(
    (pod) => pod.status !== 'TERMINATED' && pod.mounts.network?.some((mount) => mount.volumeId === id),
  )
}

function found<T extends { id: string }>(items: readonly T[], id: string): T {
  const item = items.find((one) => one.id === id)
  if (!item) throw notFound()
  return item
}
