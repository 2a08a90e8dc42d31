import { minuteMs, secondMs } from '../../core/time.ts'
import type { ProviderDescription, RateLimit } from '../provider.ts'
import { lambdaRegions } from './regions.ts'

/** Data with source and date; "lambda.md" is providers/lambda.md, compiled 2026-11-21 from the sources it names. */
export const lambdaDescription: ProviderDescription = {
  name: 'lambda',
  displayName: 'Lambda Cloud',
  website: 'https://lambda.ai',
  apiVersion: 'v1 (document 1.10.0)', // lambda.md 1: the document's version moves, the path's does not
  expectedVersions: ['v1'], // by its path; no version header is documented
  abilities: {
    canStop: false, // lambda.md 2.8: no endpoint; `actions.cold_reboot` and the like belong to the console
    canStart: false, // lambda.md 2.8
    canRestart: true, // lambda.md 2.7
    hasSpot: false, // lambda.md 2.8, although machines can be `preempted` since 1.10.0
    hasBids: false, // lambda.md 2.8
    hasLogs: false, // lambda.md 7.9: no endpoint
    hasBalance: false, // lambda.md 2.13: no endpoint
    hasSshKeys: true, // lambda.md 2.9
    reportsUtilisation: false, // lambda.md 3: no such field
    runs: 'vm', // lambda.md: virtual machines with cloud-init user data
    ports: 'direct', // lambda.md 3: a public address, all ports, subject to the firewall
    udpPorts: true, // lambda.md 2.12
    diskSurvives: { stop: false, interruption: false }, // lambda.md 3: termination destroys the local disk
    noticeMs: null, // lambda.md 3: `preempted` comes without notice
    deadMan: {
      possible: false, // lambda.md 1: keys have no scope; lambda.md 3: a shutdown inside does not stop billing
      why: 'Lambda has no key for one machine alone, and a machine that shuts itself down goes on billing.',
    },
    // Not established (lambda.md 9). Three minutes is how long a lost launch should be looked for (lambda.md 2.3).
    listLagMs: 3 * minuteMs,
    looksForAbsence: 2, // our choice on top of the lag
    startDeadlineMs: 30 * minuteMs, // lambda.md 3: 3 to 5 min for one GPU, just over 20 min for 8 (dstack#2353: 30 min)
    endDeadlineMs: 10 * minuteMs, // our choice; nothing is documented
    lookEveryMs: 10 * secondMs, // our choice: one list serves the whole fleet, and the account has one call a second
    refreshEveryMs: minuteMs, // our choice: popular types are on sale for seconds (lambda.md 5)
    search: 'whole', // lambda.md 1: no paging, the whole map every time
    maxLabelLength: 64, // lambda.md 2.3: `name`; a tag's value takes 128
  },
  billing: {
    stepMs: minuteMs, // lambda.md 3: one-minute increments
    minimumMs: 0, // none documented
    startsWhen: 'running', // lambda.md 3: when health checks pass
    stopped: 'cannot_stop', // lambda.md 2.8
  },
  regions: lambdaRegions,
  features: ['SSH Access', 'Docker Support', 'Jupyter Notebooks', 'Custom Images', 'Multi-GPU', 'UDP Ports'],
}

const source = 'specs/lambda.openapi.json 1.10.0 (2026-08): 1/s, launch 1 per 12 s; margins from providers/lambda.md 1'

/**
 * Two buckets that all calls of an account share. Lambda counts a second and twelve seconds; the margins are those that
 * hold up in the field. Scope (key, account, address) is not documented; we assume the account.
 */
export const lambdaRateLimits = {
  all: { scope: 'all', calls: 1, windowMs: 1_100, burst: 1, source },
  launch: { scope: 'launch', calls: 1, windowMs: 13 * secondMs, burst: 1, source },
} as const satisfies Record<string, RateLimit>
