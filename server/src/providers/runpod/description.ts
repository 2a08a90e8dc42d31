import { nanosFromUsd } from '../../core/money.ts'
import { minuteMs, secondMs } from '../../core/time.ts'
import type { LimitRule } from '../../outbound/outbound.ts'
import type { ProviderDescription, RateLimit } from '../provider.ts'
import { runpodRegions } from './regions.ts'

/** Data with source and date; "runpod.md" is providers/runpod.md, compiled 2026-11-21 from the sources it names. */
export const runpodDescription: ProviderDescription = {
  name: 'runpod',
  displayName: 'RunPod',
  website: 'https://www.runpod.io',
  apiVersion: 'v2', // generally available since 2026-08-18 (runpod.md 0)
  expectedVersions: ['v2'], // by its path; no version header is documented
  abilities: {
    canStop: true, // runpod.md 2.4
    canStart: true, // runpod.md 5.1: on the same host only, refused while somebody else has its GPUs
    canRestart: true, // runpod.md 2.4
    hasSpot: false, // runpod.md 0: withdrawn between 2026-05 and 2026-09, no field in v2
    hasBids: false,
    hasLogs: true, // runpod.md 2.5: a stream without an end; we read its backlog
    hasBalance: true, // runpod.md 3.2: by GraphQL until early 2027, null afterwards
    hasSshKeys: false, // runpod.md 2.6: the list can only be replaced as a whole, which we never do
    reportsUtilisation: true, // runpod.md 2.3: runtime.gpus[].util
    runs: 'container',
    ports: 'mapped', // runpod.md 5.3: tcp on another outside port; http by URL
    udpPorts: false, // runpod.md 2.2
    diskSurvives: { stop: true, interruption: false }, // runpod.md 5.1, 5.2: the volume at /workspace; there is no spot
    noticeMs: null, // there is no spot; a host that goes away says nothing (runpod.md 5.1)
    deadMan: {
      possible: false, // runpod.md 5.3 names `RUNPOD_API_KEY`, "pod-scoped key", and not what it may do; 2.2: no timer in v2
      why: 'RunPod puts a key for the pod into it, but does not document that this key may end the pod.',
    },
    listLagMs: 30 * secondMs, // runpod.md 1.4: clients look for a new name for at least 30 s
    looksForAbsence: 2, // our choice on top of the lag
    startDeadlineMs: 20 * minuteMs, // runpod.md 5.1: dstack's; image pulls of 10 min and more
    endDeadlineMs: 5 * minuteMs, // our choice; deletes show within seconds (runpod.md 7)
    lookEveryMs: 10 * secondMs, // our choice within 60 calls a minute
    refreshEveryMs: minuteMs, // our choice: a search takes up to 8 of these calls
    search: 'whole', // runpod.md 2.1
    maxLabelLength: 191, // the retired v1's limit for a pod's name; v2 states none
  },
  billing: {
    stepMs: secondMs, // runpod.md 5.2: per second
    minimumMs: 0,
    startsWhen: 'created', // runpod.md 5.2: from the moment it is rented, a guess on the safe side
    stopped: 'disk', // runpod.md 5.2: the volume, at twice the price
    stoppedDiskPercent: 200,
    billRoundsTo: nanosFromUsd('0.000000001'), // runpod.md 2.7: doubles
  },
  regions: runpodRegions,
  features: [
    'Community & Secure Cloud',
    'SSH Access',
    'Jupyter Support',
    'GraphQL API', // deprecated, and there until early 2027: RUNPOD_API_VERSION=graphql
    'Custom Images',
    'Stop and Resume',
    'HTTP Proxy',
  ],
}

/** The old API as far as this adapter goes: offers, launch, list, end. */
export const runpodGraphqlDescription: ProviderDescription = {
  ...runpodDescription,
  apiVersion: 'graphql',
  expectedVersions: [],
  deprecated: {
    since: Date.UTC(2026, 7, 18), // runpod.md 0
    sunsetAt: null, // "early 2027", without a day
    text: 'RunPod calls its GraphQL API deprecated since 2026-08-18; it ends early in 2027. RUNPOD_API_VERSION=v2 uses the one that stays.',
    link: null,
  },
  abilities: {
    ...runpodDescription.abilities,
    canStop: false,
    canStart: false,
    canRestart: false,
    hasLogs: false,
    reportsUtilisation: false,
    diskSurvives: { stop: false, interruption: false },
  },
  billing: { ...runpodDescription.billing, stopped: 'cannot_stop' },
  features: ['GraphQL API', 'Community & Secure Cloud', 'SSH Access', 'Jupyter Support', 'Custom Images', 'HTTP Proxy'],
}

/**
 * REST counts all calls of a user together, per minute, hour and day. These are the spec's example figures; a live capture showed
 * larger ones, so that they are where we start. The hour and the day are left to the `RateLimit` headers, which name
 * every window and hold us back when one is used up.
 */
export const runpodRateLimits: readonly RateLimit[] = [
  {
    scope: 'all',
    calls: 60,
    windowMs: minuteMs,
    burst: 15,
    source: 'providers/runpod.md 1.3 (example of the v2 spec of 2026-08-20); start value, the RateLimit headers decide',
  },
  {
    scope: 'graphql',
    calls: 60,
    windowMs: minuteMs,
    burst: 15,
    source: 'providers/runpod.md 1.3: no documented figure, throttled in stages since 2026-09-17; our choice',
  },
]

/** REST and GraphQL apart: a 429 of the dying API must not hold back the other. */
export function limitRule(scope: 'all' | 'graphql'): LimitRule {
  const limit = runpodRateLimits.find((candidate) => candidate.scope === scope)
  if (limit === undefined) throw new RangeError(`no rate limit named ${scope}`)
  return { name: `runpod.${scope}`, calls: limit.calls, windowMs: limit.windowMs, burst: limit.burst }
}
