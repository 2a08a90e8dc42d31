import type { MachineType } from './catalogue.ts'
import { PaperspaceTemplate } from './wire.ts'

/** Templates as read one by one; a row that cannot be read is left out and counted. */
export function readTemplates(rows: readonly unknown[]): { templates: PaperspaceTemplate[]; unreadable: number } {
  const templates = rows.map((row) => PaperspaceTemplate.safeParse(row)).flatMap((read) => read.data ?? [])
  return { templates, unreadable: rows.length - templates.length }
}

/** An operating system that this machine type takes, and how the answer spells the type. */
export interface Fit {
  templateId: string
  /** What is sent as `machineType`: their own capitals. */
  label: string
  /** GB that it needs. */
  minDiskGb: number
  rank: number
}

/** The templates that can run an image under Docker on this type, best first. Empty: the type cannot be rented now. */
export function templatesFor(type: MachineType, templates: readonly PaperspaceTemplate[]): Fit[] {
  const words = new Set([type.label, ...type.aliases].map((word) => word.toLowerCase()))
  return templates
    .filter(isLinux)
    .flatMap((template) => {
      const match = template.availableMachineTypes.find(
        ({ machineTypeLabel, isAvailable }) => isAvailable && words.has(machineTypeLabel.trim().toLowerCase()),
      )
      if (!match) return []
      const { id: templateId, defaultSizeGb } = template
      return [
        { templateId, label: match.machineTypeLabel.trim(), minDiskGb: defaultSizeGb ?? 0, rank: rankOf(template) },
      ]
    })
    .sort((one, other) => other.rank - one.rank || one.minDiskGb - other.minDiskGb)
}

/** All labels that any template takes. */
export function labelsIn(templates: readonly PaperspaceTemplate[]): Set<string> {
  return new Set(
    templates.flatMap(({ availableMachineTypes }) =>
      availableMachineTypes.filter((type) => type.isAvailable).map((type) => type.machineTypeLabel.trim()),
    ),
  )
}

function isLinux({ agentType, operatingSystemLabel, name }: PaperspaceTemplate): boolean {
  return /linux/i.test(agentType ?? '') || /ubuntu|linux/i.test(`${operatingSystemLabel ?? ''} ${name}`)
}

/**
 * ML-in-a-Box first, since it has the driver, Docker and its GPU support (Paperspace/ml-in-a-box); then machines without
 * a desktop; then the newest Ubuntu. The start script installs what is missing.
 */
function rankOf({ agentType, operatingSystemLabel, name }: PaperspaceTemplate): number {
  const words = `${name} ${operatingSystemLabel ?? ''}`
  const version = Number(/ubuntu\D{0,8}(\d\d(?:\.\d\d)?)/i.exec(words)?.[1] ?? 0)
  return (/ml.in.a.box/i.test(words) ? 10_000 : 0) + (agentType === 'LinuxHeadless' ? 1_000 : 0) + version
}
