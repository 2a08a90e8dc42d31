/**
 * Addresses on the internet. A static one is a thing of its own that outlives its machine; a dynamic one comes with every
 * power-on and goes with every power-off. All are drawn from 198.18.0.0/15, which no host on the internet has: somebody
 * who probes port 22 must not knock at a stranger's door.
 */

import { close, openAddress } from './billing.ts'
import type { Region } from './market.ts'
import { type MachineRecord, nextSeq, type PublicIpRecord, type World } from './state.ts'

export function claimAddress(world: World, region: Region, machineId: string | null, at: number): PublicIpRecord {
  const address: PublicIpRecord = {
    ip: freeIp(world),
    seq: nextSeq(world),
    region,
    assignedMachineId: machineId,
    createdAt: at,
    releasedAt: null,
  }
  world.state.publicIps.push(address)
  openAddress(world, address)
  return address
}

export function releaseAddress(world: World, address: PublicIpRecord, at: number): void {
  takeFromMachine(world, address, at)
  address.releasedAt = at
  close(world, address.ip, 'other', at)
}

export function assignAddress(world: World, address: PublicIpRecord, machine: MachineRecord, at: number): void {
  takeFromMachine(world, address, at)
  freeStatic(world, machine)
  address.assignedMachineId = machine.id
  machine.publicIp = address.ip
  machine.publicIpType = 'static'
  machine.modifiedAt = at
}

export function unassignAddress(world: World, address: PublicIpRecord, at: number): void {
  takeFromMachine(world, address, at)
}

/** Gives a machine the kind of address it asks for. `powered` tells whether a dynamic one is due. */
export function setIpType(
  world: World,
  machine: MachineRecord,
  type: MachineRecord['publicIpType'],
  options: { at: number; powered: boolean },
): void {
  freeStatic(world, machine)
  machine.publicIpType = type
  machine.publicIp = null
  if (type === 'static') machine.publicIp = claimAddress(world, machine.region, machine.id, options.at).ip
  if (type === 'dynamic' && options.powered) machine.publicIp = freeIp(world)
}

export function giveDynamicIp(world: World, machine: MachineRecord): void {
  if (machine.publicIpType === 'dynamic') machine.publicIp = freeIp(world)
}

export function takeDynamicIp(machine: MachineRecord): void {
  if (machine.publicIpType === 'dynamic') machine.publicIp = null
}

/** The address stays on the account, and keeps billing. */
export function freeStatic(world: World, machine: MachineRecord): void {
  for (const address of world.state.publicIps) {
    if (address.assignedMachineId === machine.id) address.assignedMachineId = null
  }
}

/** That the machine is then without an address, type and all, is a guess. */
function takeFromMachine(world: World, address: PublicIpRecord, at: number): void {
  const holder = world.state.machines.find((machine) => machine.id === address.assignedMachineId)
  address.assignedMachineId = null
  if (!holder) return
  holder.publicIp = null
  holder.publicIpType = 'none'
  holder.modifiedAt = at
}

function freeIp(world: World): string {
  const inUse = new Set([
    ...world.state.publicIps.map((address) => address.ip),
    ...world.state.machines.map((machine) => machine.publicIp),
  ])
  for (;;) {
    const ip = `198.${world.random.int(18, 19)}.${world.random.int(0, 255)}.${world.random.int(1, 254)}`
    if (!inUse.has(ip)) return ip
  }
}
