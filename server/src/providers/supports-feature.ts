import type { Abilities, ProviderDescription } from './provider.ts'

const asked = {
  stop: ({ canStop }) => canStop,
  start: ({ canStart }) => canStart,
  restart: ({ canRestart }) => canRestart,
  interruptible_instances: ({ hasSpot }) => hasSpot,
  bids: ({ hasBids }) => hasBids,
  logs: ({ hasLogs }) => hasLogs,
  balance: ({ hasBalance }) => hasBalance,
  ssh_keys: ({ hasSshKeys }) => hasSshKeys,
  utilisation: ({ reportsUtilisation }) => reportsUtilisation,
  udp_ports: ({ udpPorts }) => udpPorts,
  reclaim_notice: ({ noticeMs }) => noticeMs !== null,
  dead_man_switch: ({ deadMan }) => deadMan.possible,
} as const satisfies Record<string, (abilities: Abilities) => boolean>

export type Feature = keyof typeof asked
export const features = Object.keys(asked) as readonly Feature[]

/** Whether the version of the API that this client speaks has a feature. Of one by another name: no. */
export function supportsFeature({ abilities }: Pick<ProviderDescription, 'abilities'>, feature: string): boolean {
  return Object.hasOwn(asked, feature) && asked[feature as Feature](abilities)
}

/**
 * Contract 004's own rule, to the letter: `v1` has everything but interruptible instances, `v2` has everything, and of any
 * other version nothing is known. It asks for no provider, and none of today keeps to it: Novita's v1 has spot machines
 * and RunPod's v2 has none. What one really can do is `supportsFeature`.
 */
export function versionHasFeature(version: string, feature: string): boolean {
  if (version === 'v2') return true
  return version === 'v1' && feature !== 'interruptible_instances'
}
