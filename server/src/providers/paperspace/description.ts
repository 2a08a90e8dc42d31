import { minuteMs, secondMs } from '../../core/time.ts'
import type { ProviderDescription, RateLimit } from '../provider.ts'
import { paperspaceRegions } from './regions.ts'

/** Data with source and date; "paperspace.md" is providers/paperspace.md (live checks of 2026-09-13, spec of version "1"). */
export const paperspaceDescription: ProviderDescription = {
  name: 'paperspace',
  displayName: 'Paperspace (DigitalOcean)',
  website: 'https://www.paperspace.com',
  apiVersion: 'v1',
  expectedVersions: ['v1'], // by its path; no version header is documented
  abilities: {
    canStop: true, // paperspace.md 2.6
    canStart: true, // paperspace.md 2.6; may fail for want of capacity (2.7)
    canRestart: true, // paperspace.md 2.6
    hasSpot: false, // paperspace.md 6: `isPreemptible` belonged to Gradient, machines refuse it
    hasBids: false,
    hasLogs: false, // paperspace.md 7, rule 10
    hasBalance: false, // paperspace.md 2.11
    hasSshKeys: false, // paperspace.md 2.9: no endpoint; keys go in by a startup script
    reportsUtilisation: false, // paperspace.md 3: no such field
    runs: 'vm',
    ports: 'direct', // paperspace.md 3: no port mapping, guest firewall only
    udpPorts: true, // as above
    diskSurvives: { stop: true, interruption: true }, // paperspace.md 3: `off` keeps the disk; there is no spot market
    noticeMs: null, // no spot market
    deadMan: {
      possible: false, // paperspace.md 1: keys belong to the team; 3: `off` still bills storage
      why: 'Paperspace has no key for one machine alone, and a machine that shuts itself down goes on billing its disk.',
    },
    listLagMs: 30 * secondMs, // not established; our choice
    looksForAbsence: 2, // our choice on top of the lag
    startDeadlineMs: 16 * minuteMs, // paperspace.md 7, rule 6
    endDeadlineMs: 16 * minuteMs, // paperspace.md 7, rule 6: a stop can take minutes; a delete is seen after 50 s (3)
    lookEveryMs: 10 * secondMs, // our choice: a look is one call per page and one per machine in change
    refreshEveryMs: 10 * minuteMs, // our choice: a whole search is about 45 calls at 3 per second
    search: 'whole', // the static catalogue times availability
    maxLabelLength: 60, // not documented; what we send
  },
  billing: {
    // paperspace.md 3: "per-second/hourly depending on page"; api-evangelist's finops file (2026-09): per second.
    stepMs: secondMs,
    minimumMs: 0, // none documented
    startsWhen: 'created', // paperspace.md 3: every state but `off` is billed
    stopped: 'disk', // paperspace.md 3
  },
  regions: paperspaceRegions,
  features: ['Virtual Machines', 'SSH Access', 'Docker Support', 'Stop and Resume', 'Multi-GPU', 'UDP Ports'],
}

/** One limit for all calls: nothing is published, and a 429 may hold back everything. */
export const paperspaceRateLimits = {
  all: {
    scope: 'all',
    calls: 3,
    windowMs: secondMs,
    burst: 5,
    source: 'providers/paperspace.md 1 (2026-09): none published, so a conservative one of our own',
  },
} as const satisfies Record<string, RateLimit>
