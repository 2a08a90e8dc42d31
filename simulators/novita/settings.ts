import type { Settings } from './state.ts'

/** What the documents leave open, decided (see README), and how often things go wrong on their own. */
export function defaultSettings(): Settings {
  return {
    goneAs: '404',
    refusesKeyWith: '401',
    lastStartedAtMeans: 'pulling',
    stoppedDiskFreeGb: 60,
    v2StoppedWord: 'exited',
    sharedIds: true,
    emptyBodies: false,
    numbersAs: 'string',
    totalAs: 'number',
    regionNames: 'place',
    pageCap: null,
    spotNoticeMs: null,
    spotReclaimingMs: null,
    sshDelayMs: null,
    appDelayMs: null,
    billPrecision: 1_000_000_000,
    quotaInstances: 200,
    quotaGpus: null,
    quotaAs: '400',
    rateBurst: 100,
    ratePerSecond: 10,
    retryAfterSeconds: null,
    failedMigrations: { left: 0, how: 'stuck' },
    chances: { failStart: 0.03, takenOnDemand: 0.01, takenSpot: 0.05, takenOnStart: 0.05, spotMeanHours: 20 },
  }
}
