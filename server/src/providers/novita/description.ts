import { nanosFromUsd } from '../../core/money.ts'
import { hourMs, minuteMs, secondMs } from '../../core/time.ts'
import type { ProviderDescription, RateLimit } from '../provider.ts'
import { novitaRegions } from './regions.ts'

/** Data with source; "novita.md" is providers/novita.md as read on 2026-11-21. */
export const novitaDescription: ProviderDescription = {
  name: 'novita',
  displayName: 'Novita AI',
  website: 'https://novita.ai',
  apiVersion: 'v1', // novita.md 1: /gpu-instance/openapi/v1; a v2 exists beside it, see README.md
  expectedVersions: ['v1'], // by its path; no version header is documented
  abilities: {
    canStop: true, // novita.md 2.4
    canStart: true, // novita.md 2.4: may fail, the GPU is not kept
    canRestart: true, // novita.md 2.4
    hasSpot: true, // novita.md 3, "Spot on the wire"
    hasBids: false, // novita.md 3: "no bid"
    hasLogs: false, // addresses of logs exist (novita.md 4); what they speak is not documented
    hasBalance: true, // novita.md 2.6
    hasSshKeys: false, // novita.md 3: "There is no key API"
    reportsUtilisation: false, // a metrics route exists (novita.md 2.5); its shape is not documented
    runs: 'container', // novita.md, head
    ports: 'proxied', // novita.md 3: http by URL; tcp by a port of their proxy
    udpPorts: false, // novita.md 2.2: tcp and http
    // novita.md 3: kept keepDataDay (7) days, also after a reclaim; a start may find the GPU gone (2.4).
    diskSurvives: { stop: true, interruption: true },
    noticeMs: hourMs, // novita.md 3, "Spot on the wire": a one-hour notice, after one hour undisturbed
    deadMan: {
      possible: false,
      why: 'Novita documents no key inside a machine that can end this machine alone; ours never goes there.',
    },
    listLagMs: 15 * secondMs, // our choice: "re-check for a few seconds" (novita.md 2.2), not established
    looksForAbsence: 2, // our choice on top of the lag
    startDeadlineMs: 10 * minuteMs, // our choice; cold pulls of tens of GB take longer (novita.md 5)
    endDeadlineMs: 5 * minuteMs, // our choice
    lookEveryMs: 15 * secondMs, // novita.md 7.8: at most 60 s for spot
    refreshEveryMs: 2 * minuteMs, // our choice: one call per cluster; others cache 30 s (novita.md 5)
    search: 'whole', // novita.md 2.1: no paging
    maxLabelLength: 255, // novita.md 2.2
  },
  billing: {
    stepMs: secondMs, // novita.md 3: per second
    minimumMs: 0,
    // Between the two: from `pulling` (novita.md 3). The earlier word errs on the safe side.
    startsWhen: 'created',
    stopped: 'disk', // novita.md 3
    billRoundsTo: nanosFromUsd('0.00001'), // novita.md 2.6: whole units of `pricePrecision`, seen as 1/100000 dollar
  },
  regions: novitaRegions,
  features: ['SSH Access', 'Docker Support', 'Custom Images', 'Spot Instances', 'Stop and Resume', 'HTTPS Endpoints'],
}

const source = 'not documented; our choice of 5 calls a second over all GPU routes (providers/novita.md 1, 2026-11-21)'

/**
 * Five calls a second in all, divided, because a 429 holds back everything under its name: one on create may be the quota
 * of GPUs and last for ever, and must not keep a delete waiting.
 */
export const novitaRateLimits = {
  search: { scope: 'search', calls: 4, windowMs: 2 * secondMs, burst: 2, source },
  look: { scope: 'look', calls: 3, windowMs: 2 * secondMs, burst: 1, source },
  act: { scope: 'act', calls: 2, windowMs: 2 * secondMs, burst: 1, source },
  launch: { scope: 'launch', calls: 1, windowMs: 2 * secondMs, burst: 1, source },
  billing: {
    scope: 'billing',
    calls: 1,
    windowMs: 2 * secondMs,
    burst: 1,
    source: 'not documented; our choice. LIST_BILL_TOO_FAST exists (providers/novita.md 1)',
  },
} as const satisfies Record<string, RateLimit>

export type NovitaLimit = keyof typeof novitaRateLimits
