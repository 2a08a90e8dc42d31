/** What a colleague made in the console, and what all of it looks like to the control panel. */

import type { ThingReport } from '../kit/simulator.ts'
import { thingOrderFrom } from '../kit/things.ts'
import { assignAddress, claimAddress } from './addresses.ts'
import { isMetered } from './billing.ts'
import { newId, type World } from './state.ts'
import { addDrive, addSnapshot, addTemplate, lives, networkOf } from './storage.ts'

/** An address has no name, so `name` is dropped there. */
export function foreignThing(world: World, order: Record<string, unknown>): { thing: string } {
  const { kind, name, attachedTo, sizeGb } = thingOrderFrom(order, ['address', 'snapshot', 'template', 'drive'])
  const machine = world.state.machines.find((each) => each.id === attachedTo && lives(each))
  if (attachedTo !== null && !machine) throw new RangeError(`no such machine: ${attachedTo}`)
  const region = machine?.region ?? 'ny2'
  switch (kind) {
    case 'address': {
      const now = world.clock.now()
      const address = claimAddress(world, region, null, now)
      if (machine) assignAddress(world, address, machine, now)
      return { thing: address.ip }
    }
    case 'snapshot': {
      const from = { machineId: machine?.id ?? newId(world, 'ps', 10), sizeGb: machine?.diskGb ?? sizeGb }
      return { thing: addSnapshot(world, { name, ...from }).id }
    }
    case 'template': {
      const gone = {
        id: newId(world, 'ps', 10),
        agentType: 'LinuxHeadless',
        os: 'Ubuntu 22.04',
        region,
        diskGb: sizeGb,
        machineType: 'A4000',
      }
      return { thing: addTemplate(world, name, machine ?? gone).id }
    }
    default:
      return { thing: addDrive(world, { name, sizeGb, region, networkId: networkOf(world, region) }).id }
  }
}

export function thingsOf(world: World): ThingReport[] {
  const { publicIps, snapshots, customTemplates, drives, machines } = world.state
  const report = (id: string, kind: ThingReport['kind'], name: string | null, user: string | null): ThingReport => ({
    id,
    kind,
    name,
    billing: isMetered(world, id),
    attachedTo: machines.some((machine) => machine.id === user && lives(machine)) ? user : null,
  })
  return [
    ...publicIps
      .filter(({ releasedAt }) => releasedAt === null)
      .map(({ ip, assignedMachineId }) => report(ip, 'address', null, assignedMachineId)),
    ...snapshots.filter(lives).map(({ id, name, machineId }) => report(id, 'snapshot', name, machineId)),
    ...customTemplates.filter(lives).map(({ id, name }) => report(id, 'template', name, null)),
    ...drives.filter(lives).map(({ id, name }) => report(id, 'drive', name, null)),
  ]
}
