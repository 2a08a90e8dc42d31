/**
 * What Lambda's documents leave open, and a few states of the account. Changed by `POST /_control/special/settings`
 * with any of these keys. The defaults are the most plausible readings, or the tidiest where nothing speaks for either.
 */

export const defaultSettings = {
  /** The key was deleted: 401 on everything. */
  keyRevoked: false,
  /** 403 `global/account-inactive` on everything. */
  accountInactive: false,
  /** 403 `global/invalid-address` on launch and filesystem creation. */
  addressInvalid: false,
  /** 403 `global/forbidden` on reading instances. */
  instancesForbidden: false,

  /** One request a second. Whether it is a bucket with room for bursts is not documented; this is strict spacing. */
  requestGapMs: 1_000,
  /** One launch per 12 seconds; it counts as a request, too. */
  launchGapMs: 12_000,
  /** The body of a 429 is not documented: Cloudflare's page, or an envelope with an invented code. */
  rateLimitBody: 'html' as 'html' | 'json',
  /** Seconds; 0 sends no Retry-After header, as documented. */
  rateLimitRetryAfter: 0,

  /** How long a launch call takes to answer; real ones take up to tens of seconds. */
  launchReplyMs: 0,
  /** Part of launches refused for want of capacity although the window is open: somebody was quicker. A guess. */
  refusedLaunchShare: 0.03,
  /** Parts of launches that end otherwise than in a good machine. Guesses. */
  bootTerminatedShare: 0.015,
  bootUnhealthyShare: 0.01,
  bootStuckShare: 0.005,
  noGpuShare: 0.01,
  bootBlipShare: 0.03,
  /** Part of instances whose `ip` appears some time before `active`. A guess. */
  earlyIpShare: 0.3,

  /** Mean hours between spontaneous health blips and until preemption; 0 is never. No rate is known for either. */
  blipMeanHours: 0,
  preemptionMeanHours: 0,

  /** An unknown type, key, image or filesystem in a launch: documented under 400 and 404. */
  launchMissingStatus: 404 as 400 | 404,
  /** A firewall ruleset in use: documented under 400, seen under 409. */
  rulesetInUseStatus: 400 as 400 | 409,
  /** Terminating what has already left: 404, or 200 once more while GET still knows the id. */
  repeatTerminate: 'missing' as 'missing' | 'again',
  duplicateKeyNames: 'refuse' as 'refuse' | 'accept',
  /** While a new instance is missing from the list, GET by id answers 404 for it. */
  lagHidesGet: false,
  /** Preempted instances stay in the list until they are forgotten. */
  listPreempted: false,
  /** An instance that was `active` once is billed while `unhealthy`. */
  unhealthyBilled: true,
  /** A preempted instance is billed on until it is terminated. */
  preemptedBilled: false,
  /** Instances the account may have; null is no limit. */
  instanceQuota: null as number | null,
  filesystemQuota: 24,
  rulesetQuota: 50,
  auditPageSize: 50,
  /** Fields that third parties saw in a later revision: `architecture` on types, `first_healthy` on instances. */
  laterRevision: false,
}

export type Settings = typeof defaultSettings

const choices: Partial<Record<keyof Settings, readonly unknown[]>> = {
  rateLimitBody: ['html', 'json'],
  launchMissingStatus: [400, 404],
  rulesetInUseStatus: [400, 409],
  repeatTerminate: ['missing', 'again'],
  duplicateKeyNames: ['refuse', 'accept'],
}

export function changedSettings(settings: Settings, order: Record<string, unknown>): Settings {
  for (const [key, value] of Object.entries(order)) {
    if (!Object.hasOwn(defaultSettings, key)) {
      throw new RangeError(`no setting ${key}; there are ${Object.keys(defaultSettings).join(', ')}`)
    }
    const allowed = choices[key as keyof Settings]
    const fits =
      key === 'instanceQuota'
        ? value === null || typeof value === 'number'
        : allowed
          ? allowed.includes(value)
          : typeof value === typeof defaultSettings[key as keyof Settings]
    if (!fits) throw new RangeError(`${key} cannot be ${JSON.stringify(value)}`)
  }
  return { ...settings, ...order } as Settings
}
