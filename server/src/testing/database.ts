import type { Charge } from '../core/charges/charge.ts'
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
import { createInstanceStore } from '../store/instances.ts'
import { createKeyStore } from '../store/keys.ts'
import { createLaunchStore } from '../store/launches.ts'
import { createMarketHistoryStore } from '../store/market-history.ts'
import { migrate } from '../store/migrate.ts'
import { createNovitaRequestStore } from '../store/novita-face.ts'
import { createOperationStore } from '../store/operations.ts'
import { createProviderKeyStore } from '../store/provider-keys.ts'
import { rowFromCharge } from '../store/rows.ts'
import { createSealer } from '../store/sealer.ts'
import { type Database, openSqlite } from '../store/sqlite.ts'
import { createStrayStore } from '../store/strays.ts'
import { createTemplateStore } from '../store/templates.ts'
import { createVastInstanceStore } from '../store/vast-instances.ts'
import { createWebhookStore } from '../store/webhooks.ts'

/** Every store function on one real SQLite database, with today's schema. */
export async function testStores(path = ':memory:') {
  const database = openSqlite(path)
  await migrate(database)
  sealLogs(database, new Uint8Array(32).fill(7))
  return {
    database,
    instances: createInstanceStore(database, createSealer(new Uint8Array(32).fill(7))),
    launches: createLaunchStore(database),
    charges: withPut(database),
    findings: createFindingStore(database),
    vast: createVastInstanceStore(database),
    templates: createTemplateStore(database, createSealer(new Uint8Array(32).fill(7))),
    strays: createStrayStore(database, createSealer(new Uint8Array(32).fill(7))),
    activity: createActivityStore(database),
    novitaRequests: createNovitaRequestStore(database, createSealer(new Uint8Array(32).fill(7))),
    budgets: createBudgetStore(database),
    bills: createBillStore(database),
    events: createEventStore(database),
    keys: createKeyStore(database),
    answers: createAnswerStore(database, createSealer(new Uint8Array(32).fill(7))),
    providerKeys: createProviderKeyStore(database, createSealer(new Uint8Array(32).fill(7))),
    infraVastState: createInfraVastStore(database),
    operations: createOperationStore(database),
    gpuModels: createGpuModelStore(database),
    marketHistory: createMarketHistoryStore(database),
    webhooks: createWebhookStore(database, createSealer(new Uint8Array(32).fill(7))),
    checkChain: createChainChecker(database),
    checkCharges: createChargeChecker(database),
    close: () => database.destroy(),
  }
}

export type TestStores = Awaited<ReturnType<typeof testStores>>

/** Charges as a test wants them, whatever led to them and whatever was there. */
function withPut(database: Database) {
  return {
    ...createChargeStore(database),
    async put(charges: readonly Charge[]): Promise<void> {
      if (charges.length > 0) await database.replaceInto('charges').values(charges.map(rowFromCharge)).execute()
    },
  }
}
