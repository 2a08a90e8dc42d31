/** Operating systems. Ids marked "documented" are in use by third-party clients; the others and all names are invented. */

import { issue } from './errors.ts'
import { type MachineType, machineTypes } from './market.ts'

export interface Template {
  id: string
  seq: number
  name: string
  agentType: string
  operatingSystemLabel: string
  defaultSizeGb: number | null
  fits: (type: MachineType) => boolean
  createdAt: number
}

const isH100 = (type: MachineType) => type.label.startsWith('H100')

export const templates: readonly Template[] = [
  /** Documented as Ubuntu 22.04 (Cloudypad). */
  template('t0nspur5', 'Ubuntu 22.04', 50, (type) => !isH100(type)),
  template('tq4w8zr1', 'Ubuntu 20.04', 50, (type) => !isH100(type)),
  template('tmlbx22a', 'ML-in-a-Box (Ubuntu 22.04)', 100, (type) => type.gpu !== null && !isH100(type)),
  /** Documented for H100 and H100x8 (SkyPilot). */
  template('tiq8mhti', 'ML-in-a-Box H100 (Ubuntu 22.04)', 100, (type) => type.label === 'H100'),
  template('tvimtol9', 'ML-in-a-Box H100x8 (Ubuntu 22.04)', 250, (type) => type.label === 'H100x8'),
].map((each, index) => ({ ...each, seq: index + 1 }))

/** The refusals' texts are guesses. */
export function templateFor(id: string, type: MachineType): Template {
  const found = templates.find((each) => each.id === id)
  if (!found) throw issue('Invalid template')
  if (!found.fits(type)) throw issue(`Template is not available for machine type ${type.label}`)
  return found
}

export function templateView(each: Template) {
  return {
    id: each.id,
    name: each.name,
    agentType: each.agentType,
    operatingSystemLabel: each.operatingSystemLabel,
    defaultSizeGb: each.defaultSizeGb,
    availableMachineTypes: machineTypes.map((type) => ({
      machineTypeLabel: type.label,
      isAvailable: each.fits(type),
    })),
    dtCreated: new Date(each.createdAt).toISOString(),
  }
}

function template(id: string, name: string, defaultSizeGb: number, fits: Template['fits']): Omit<Template, 'seq'> {
  const operatingSystemLabel = name.includes('20.04') ? 'Ubuntu 20.04' : 'Ubuntu 22.04'
  const createdAt = Date.parse('2024-02-14T15:00:00.000Z')
  return { id, name, agentType: 'LinuxHeadless', operatingSystemLabel, defaultSizeGb, fits, createdAt }
}
