import { createBell } from '../core/bell.ts'
import { createGpuCatalogue } from '../core/gpus/catalogue.ts'
import type { Instance, InstanceId, Wish } from '../core/instances/instance.ts'
import { createOfferIndex } from '../core/offers/offer-index.ts'
import { collectingLog } from '../observability/collecting-log.ts'
import type { MachineShell } from '../outbound/machine-shell.ts'
import { createCheckpointRunner } from '../reconcile/checkpoint-runner.ts'
import { createFleet } from '../reconcile/fleet.ts'
import type { Probe } from '../reconcile/probe.ts'
import { createMarketKeeper } from '../reconcile/tasks/keep-market.ts'
import { createWorker, type Worker, type WorkerDeps } from '../reconcile/worker.ts'
import { anEntry, anInstance, anInstanceId, aWish, installation } from './builders.ts'
import { type TestStores, testStores } from './database.ts'
import type { FakeProvider } from './fake-provider.ts'
import type { VirtualClock } from './virtual-clock.ts'

export interface Reconciler {
  stores: TestStores
  worker: Worker
  deps: WorkerDeps
  log: ReturnType<typeof collectingLog>
  /** Lets time pass step by step, with the worker at work. */
  pass(ms: number, stepMs?: number): Promise<void>
  /** Begins what is due and leaves it: a process that hangs or is about to die. */
  begin(): Promise<void>
  /** Lets time pass until it is in this status. @throws when it is not within `withinMs` */
  until(status: Instance['status'], withinMs: number, id?: InstanceId): Promise<Instance>
  wish(change?: Partial<Wish>, id?: InstanceId): Promise<Instance>
  instance(id?: InstanceId): Promise<Instance>
}

export interface ReconcilerOptions {
  clock: VirtualClock
  providers: FakeProvider[]
  /** An earlier one whose database is used: a process after its crash, or a second one beside it. */
  beside?: Reconciler
  probe?: Probe
  keyMarkOf?: WorkerDeps['keyMarkOf']
  countAlarm?: WorkerDeps['countAlarm']
  countStop?: WorkerDeps['countStop']
  countInterruption?: WorkerDeps['countInterruption']
  countRelaunch?: WorkerDeps['countRelaunch']
  /** Plays the machines' shells; without it nothing is run on them. */
  shell?: MachineShell
  deadMan?: WorkerDeps['deadMan']
  ownSshKey?: WorkerDeps['ownSshKey']
}

/** The worker with everything real but the marketplaces and the time. */
export async function aReconciler({
  clock,
  providers,
  beside,
  probe,
  ...more
}: ReconcilerOptions): Promise<Reconciler> {
  const stores = beside?.stores ?? (await testStores())
  const log = collectingLog()
  const index = createOfferIndex()
  const accounts = {
    all: () => providers,
    find: (name: string, account?: string) =>
      providers.find((one) => one.name === name && (account === undefined || one.account === account)),
  }
  const isEnabled = () => true
  const deps: WorkerDeps = {
    ...stores,
    providers: accounts,
    isEnabled,
    index,
    market: createMarketKeeper({ providers: accounts, isEnabled, index, clock, log }),
    penalties: new Map(),
    gpus: createGpuCatalogue(),
    installation,
    keyMarkOf: more.keyMarkOf ?? (() => 'test-key'),
    ...(more.countAlarm !== undefined && { countAlarm: more.countAlarm }),
    ...(more.countStop !== undefined && { countStop: more.countStop }),
    ...(more.countInterruption !== undefined && { countInterruption: more.countInterruption }),
    ...(more.countRelaunch !== undefined && { countRelaunch: more.countRelaunch }),
    ...(more.deadMan !== undefined && { deadMan: more.deadMan }),
    ...(more.ownSshKey !== undefined && { ownSshKey: more.ownSshKey }),
    ...(more.shell !== undefined && {
      checkpoints: createCheckpointRunner({ ...stores, shell: more.shell, bell: createBell(), clock, log }),
    }),
    clock,
    log,
    fleet: createFleet(clock),
    probe: probe ?? (async () => 'passing'),
    bell: createBell(),
    changed: createBell(),
  }
  const worker = createWorker(deps)

  const instance: Reconciler['instance'] = async (id = anInstanceId()) => {
    const found = await stores.instances.get(id)
    if (found === undefined) throw new Error(`there is no instance ${id}`)
    return found
  }
  const pass: Reconciler['pass'] = async (ms, stepMs = 1_000) => {
    for (const end = clock.now() + ms; clock.now() < end; ) {
      await clock.drive(worker.runDue())
      await clock.advance(Math.min(stepMs, Math.max(0, end - clock.now())))
    }
  }

  return {
    stores,
    worker,
    deps,
    log,
    pass,
    instance,
    async begin() {
      worker.runDue().catch(() => {})
      for (let turn = 0; turn < 10; turn += 1) await clock.advance(0)
    },
    async until(status, withinMs, id) {
      for (const end = clock.now() + withinMs; ; await pass(1_000)) {
        const now = await instance(id)
        if (now.status === status) return now
        if (clock.now() >= end) throw new Error(`it is ${now.status} (${now.because}), not ${status}: ${now.message}`)
      }
    },
    async wish(change = {}, id = anInstanceId()) {
      const now = clock.now()
      const made = anInstance({ id, wish: aWish(change), createdAt: now, statusSince: now })
      await stores.instances.add(anEntry({ instance: made, dueAt: now }))
      return made
    },
  }
}
