import { nanosFromUsd } from '../../core/money.ts'
import { minuteMs, secondMs } from '../../core/time.ts'
import type { ProviderDescription, RateLimit } from '../provider.ts'
import { vastRegions } from './regions.ts'

/** Data with source and date; "vast.md" is providers/vast.md, compiled 2026-11-21 from the sources it names. */
export const vastDescription: ProviderDescription = {
  name: 'vast',
  displayName: 'Vast.ai',
  website: 'https://vast.ai',
  // v0 except for the list of instances, whose v0 form is being retired (vast.md 1.1).
  apiVersion: 'v0 (instance list: v1)',
  expectedVersions: ['v0', 'v1'], // by their paths; no version header is documented
  abilities: {
    canStop: true, // vast.md 2.5
    canStart: true, // vast.md 2.5: may be queued when the GPU was let to somebody else
    canRestart: true, // vast.md 2.6: reboot, keeps the GPU
    hasSpot: true, // vast.md 2.2: interruptible by `price`
    hasBids: true, // vast.md 2.8
    hasLogs: true, // vast.md 2.9: on request, by way of a file; no stream
    hasBalance: true, // vast.md 2.11
    hasSshKeys: true, // vast.md 2.10
    reportsUtilisation: true, // vast.md 4.2: gpu_util
    runs: 'container',
    ports: 'mapped', // vast.md 3.5: the host picks the outside port
    udpPorts: true, // vast.md 2.2: `-p 5000:5000/udp`
    diskSurvives: { stop: true, interruption: true }, // vast.md 3.3: an outbid pauses, the disk is kept
    noticeMs: null, // vast.md 3.3: "no warning, no grace signal inside the container that can be relied on"
    deadMan: {
      possible: true, // vast.md 1.2, 2.2
      why: 'Vast puts a key into each container that can only start, stop or destroy this one instance.',
      credential: 'CONTAINER_API_KEY', // beside it `CONTAINER_ID`, the number of the instance
    },
    listLagMs: 60 * secondMs, // vast.md 9: assumed at most 60 s, not established
    looksForAbsence: 2, // our choice on top of the lag
    startDeadlineMs: 10 * minuteMs, // our choice; vast.md 3.1 has 15 min (vendor self-test) and 10 to 30 min (others)
    endDeadlineMs: 5 * minuteMs, // our choice; the vendor's self-test repeats a destroy for 100 s (vast.md 2.7)
    lookEveryMs: 10 * secondMs, // the poll of the vendor's self-test (vast.md 3.1)
    refreshEveryMs: 5 * minuteMs, // our choice: rows are metered by the day (vast.md 1.4)
    search: 'sample', // vast.md 1.5: the cheapest 64 of a query, no cursor
    maxLabelLength: 256, // vast.md 2.2: at create; 60 is proved by dstack
  },
  billing: {
    stepMs: secondMs, // vast.md 3.4: per second
    minimumMs: 0,
    startsWhen: 'running', // vast.md 3.1: GPU only while running; the disk from creation
    stopped: 'disk', // vast.md 3.4
    billRoundsTo: nanosFromUsd('0.001'), // vast.md 2.11: three decimals
  },
  regions: vastRegions,
  // The first four are contract 003's.
  features: [
    'SSH Access',
    'Docker Support',
    'Jupyter Notebooks',
    'Custom Images',
    'Interruptible Instances',
    'Stop and Resume',
    'UDP Ports',
  ],
}

const source = 'providers/vast.md 1.4 (spec 2026-08-07, backend fragments of summer 2026)'

/**
 * Vast counts per endpoint and method, as a minimum interval between two calls. Its staff says the figures are no
 * contract (vast-ai/docs#61), so the client widens them when a 429 names a longer one.
 */
export const vastRateLimits = {
  search: interval('search', 2),
  launch: interval('launch', 4.5),
  list: interval('list', 1),
  one: interval('one', 2), // per endpoint, not per machine: ten machines asked one by one share it
  state: interval('state', 1),
  restart: interval('restart', 1),
  terminate: interval('terminate', 3),
  bid: interval('bid', 5.5),
  logs: interval('logs', 1, 'not documented; our choice'),
  sshKeys: interval('sshKeys', 1),
  addSshKey: interval('addSshKey', 1),
  account: interval('account', 2),
  volumes: interval('volumes', 5.5),
  endVolume: interval('endVolume', 5.5),
  charges: interval('charges', 1),
} as const satisfies Record<string, RateLimit>

export type VastLimit = keyof typeof vastRateLimits

function interval(scope: string, seconds: number, from = source): RateLimit {
  return { scope, calls: 1, windowMs: seconds * secondMs, burst: 1, source: from }
}
