import type { ProviderName } from '../providers.ts'
import { canEndItself } from './script.ts'

/** `in`: what would have to be another one. */
export type DeadManHere =
  | { possible: true }
  | { possible: false; in: 'marketplace' | 'settings' | 'request'; why: string; fix: string }

export interface DeadManSituation {
  provider: ProviderName
  /** What the marketplace's machines can do. */
  ability: { possible: boolean; why: string }
  /** Whether a start script runs beside the image: where it would run instead of it, none is added unasked. */
  runsScript: boolean
  hasPublicUrl: boolean
}

/** Whether a machine can end itself when it has not heard of us for long, and why not. */
export function deadManAt({ provider, ability, runsScript, hasPublicUrl }: DeadManSituation): DeadManHere {
  if (!ability.possible || !canEndItself(provider)) {
    return {
      possible: false,
      in: 'marketplace',
      why: ability.why,
      fix: 'leave dead_man_hours out, or use a marketplace where it is possible',
    }
  }
  if (!hasPublicUrl) {
    return {
      possible: false,
      in: 'settings',
      why: 'the machine could not ask whether we are here: PUBLIC_URL is not set',
      fix: 'set PUBLIC_URL to where machines on the internet reach this server, or leave dead_man_hours out',
    }
  }
  if (!runsScript) {
    return {
      possible: false,
      in: 'request',
      why: 'the image runs by itself there, without a start script',
      fix: 'send ssh_public_key or onstart_script as well; the image’s own entrypoint does not run then',
    }
  }
  return { possible: true }
}
