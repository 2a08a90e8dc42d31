import type { InstanceId } from './instances/instance.ts'

const alphabet = '0123456789abcdefghijklmnopqrstuvwxyz'

/** Turns random bytes into an instance id: `inst_` and 16 characters of `0-9a-z`. */
export function instanceIdFrom(random: Uint8Array): InstanceId {
  if (random.length < 16) throw new RangeError('an instance id takes 16 random bytes')
  const text = Array.from(random.slice(0, 16), (byte) => alphabet[byte % alphabet.length]).join('')
  return `inst_${text}` as InstanceId
}

export function isInstanceId(text: string): text is InstanceId {
  return /^inst_[0-9a-z]{16}$/.test(text)
}

/** The label that every machine of ours carries: at most 60 characters, letters, digits and dashes. */
export function launchLabel(installation: string, instance: InstanceId, attempt: number): string {
  return `gf-${installation}-${instance.slice('inst_'.length)}-${attempt}`
}

/** Reads what `launchLabel` writes; undefined for any other name. */
export function launchFromLabel(
  label: string | null,
): { installation: string; instance: InstanceId; attempt: number } | undefined {
  const match = /^gf-([0-9a-z]{1,20})-([0-9a-z]{16})-(\d{1,6})$/.exec(label ?? '')
  if (!match) return undefined
  return { installation: match[1] as string, instance: `inst_${match[2]}` as InstanceId, attempt: Number(match[3]) }
}
