import { join } from 'node:path'
import type { Config } from '../config/config.ts'
import type { Secret } from '../core/secret.ts'
import type { Instant } from '../core/time.ts'
import { createActivityStore } from '../store/activity.ts'
import { createAnswerStore } from '../store/answers.ts'
import { createBillStore } from '../store/bills.ts'
import { createBudgetStore } from '../store/budgets.ts'
import { sealLogs } from '../store/chain.ts'
import { createChainChecker } from '../store/chain-check.ts'
import { createChargeChecker } from '../store/charge-records.ts'
import { createChargeStore } from '../store/charges.ts'
import { createEventStore } from '../store/events.ts'
import { createFindingStore } from '../store/findings.ts'
import { createGpuModelStore } from '../store/gpu-models.ts'
import { createInfraVastStore } from '../store/infra-vast.ts'
import { busyUntil, restoredAt, storeHeartbeat } from '../store/installation.ts'
import { createInstanceStore } from '../store/instances.ts'
import { createKeyStore } from '../store/keys.ts'
import { createLaunchStore } from '../store/launches.ts'
import { createMarketHistoryStore } from '../store/market-history.ts'
import { migrate } from '../store/migrate.ts'
import { createNovitaRequestStore } from '../store/novita-face.ts'
import { createOperationStore } from '../store/operations.ts'
import { createProviderHealthStore } from '../store/provider-health.ts'
import { createProviderKeyStore } from '../store/provider-keys.ts'
import { createSealer } from '../store/sealer.ts'
import { openSqlite } from '../store/sqlite.ts'
import { createStrayStore } from '../store/strays.ts'
import { createTemplateStore } from '../store/templates.ts'
import { createVastInstanceStore } from '../store/vast-instances.ts'
import { createWebhookStore } from '../store/webhooks.ts'
import { installationId } from './installation.ts'

export interface StoreDeps {
  secretsKey: Secret
  random: (bytes: number) => Uint8Array
  now: Instant
  open?: typeof openSqlite | undefined
}

export type Stores = Awaited<ReturnType<typeof openStores>>

/** The file of the database. */
export function databaseOf({ databaseFile, dataDir }: Pick<Config, 'databaseFile' | 'dataDir'>): string {
  return databaseFile ?? join(dataDir, 'gpufleet.db')
}

/** Opens the database, brings it up to date, and takes back what a process that died had claimed. */
export async function openStores(config: Config, { secretsKey, random, now, open = openSqlite }: StoreDeps) {
  const database = open(databaseOf(config))
  await migrate(database)
  const installation = await installationId(config, database, random)
  const key = Buffer.from(secretsKey.reveal(), 'base64')
  sealLogs(database, key)
  const sealer = createSealer(key)
  const instances = createInstanceStore(database, sealer)
  const answers = createAnswerStore(database, sealer)
  await Promise.all([instances.forgetClaims(), answers.forgetClaims()])
  const busyBefore = await busyUntil(database)
  // Before the first call: who dies right after it has called all the same.
  await storeHeartbeat(database, now)
  return {
    database,
    installation,
    /** Until when the process before us may have called marketplaces; null: there was none lately. */
    busyBefore,
    restoredAt: await restoredAt(database),
    beat: (at: Instant) => storeHeartbeat(database, at),
    instances,
    answers,
    launches: createLaunchStore(database),
    events: createEventStore(database),
    charges: createChargeStore(database),
    activity: createActivityStore(database),
    budgets: createBudgetStore(database),
    bills: createBillStore(database),
    infraVastState: createInfraVastStore(database),
    operations: createOperationStore(database),
    webhooks: createWebhookStore(database, sealer),
    novitaRequests: createNovitaRequestStore(database, sealer),
    findings: createFindingStore(database),
    vast: createVastInstanceStore(database),
    templates: createTemplateStore(database, sealer),
    strays: createStrayStore(database, sealer),
    keys: createKeyStore(database),
    providerKeys: createProviderKeyStore(database, sealer),
    providerHealth: createProviderHealthStore(database),
    gpuModels: createGpuModelStore(database),
    marketHistory: createMarketHistoryStore(database),
    checkChain: createChainChecker(database),
    checkCharges: createChargeChecker(database),
  }
}
