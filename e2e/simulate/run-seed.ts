import { mkdtempSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Config, configFrom } from '../../server/src/config/config.ts'
import type { Status } from '../../server/src/core/instances/status.ts'
import type { ProviderName } from '../../server/src/core/providers.ts'
import { minuteMs, secondMs } from '../../server/src/core/time.ts'
import type { BillLine } from '../../simulators/kit/bill.ts'
import { type Random, seededRandom, seedFrom } from '../../simulators/kit/random.ts'
import { createCalm } from './calm.ts'
import type { Face } from './face.ts'
import { createHost } from './host.ts'
import * as invariants from './invariants.ts'
import { Broken, type ChargeView, type Facts, type InstanceRow, type LaunchRow, type TakenBack } from './invariants.ts'
import type { Life } from './life.ts'
import { createMarketplaces } from './marketplaces.ts'
import type { Tilt } from './mutations.ts'
import { giveOrder } from './orders.ts'
import { drawDeath, drawScenario } from './scenario.ts'
import { replaceGlobals } from './seeded-globals.ts'
import { createTimeline } from './timeline.ts'
import { createTrace, type Trace } from './trace.ts'
import { createUsers, type Promised } from './users.ts'
import { drawSecrets } from './wishes.ts'

export interface Outcome {
  seed: number
  hash: string
  broken: Broken | Error | null
  trace: Trace
}

export interface RunOptions {
  /** Gets each line of the trace as it happens. */
  echo?: ((line: string) => void) | undefined
  tilt?: Tilt | undefined
}

const begin = Date.UTC(2026, 9, 1, 12)
/** After all trouble: for what is under way, for the longest deadlines, and for what is ended then. */
const quiescenceMs = 75 * minuteMs
/** A clock that was set forward counts limits that have not passed. */
const clockMendsMs = 5 * minuteMs
/** As long as a claim lasts, and what was claimed meanwhile. */
const claimMs = 7 * minuteMs
/** The marketplaces' machines are looked through at least so often. */
const checkEveryMs = 20 * secondMs

/** One seed, one world, one run: from an empty database until nothing bills any more. */
export async function runSeed(seed: number, face: Face, { echo, tilt = {} }: RunOptions = {}): Promise<Outcome> {
  const timeline = createTimeline(begin)
  const trace = createTrace(timeline.now, echo)
  const stream = (name: string): Random => seededRandom(seedFrom(seed * 7919 + 1, name))
  let broken: Broken | Error | null = null
  const wrong = (error: unknown) => {
    broken ??= error instanceof Error ? error : new Error(String(error))
  }
  const restore = replaceGlobals(() => timeline.now() + (host?.skewMs ?? 0), timeline, stream('libraries'))
  process.on('unhandledRejection', wrong)
  let host: ReturnType<typeof createHost> | null = null
  try {
    const secrets = drawSecrets(stream('secrets'))
    const scenario = drawScenario(begin, secrets, stream('scenario'), tilt)
    const calm = createCalm(timeline.now, scenario.names)
    const foreign = new Set<string>()
    const refusals: string[] = []
    const taken: TakenBack[] = []
    let clockSetAt = Number.NEGATIVE_INFINITY
    let dirty = true
    let storeMade = false

    const marketplaces = createMarketplaces({
      names: scenario.names,
      seed,
      random: stream('network'),
      timeline,
      trace,
      arrived(arrival) {
        if (arrival.disturbed) calm.disturb(arrival.provider)
        else if (arrival.status === 429 && timeline.now() - clockSetAt > clockMendsMs)
          refusals.push(`${arrival.method} ${arrival.path} at ${arrival.provider}`)
        if (arrival.method !== 'GET') dirty = true
        guarded(() => invariants.foreignMachinesAreLeftAlone(foreign, arrival))
      },
    })
    const planted = [...Object.values(secrets), ...Object.values(marketplaces.apiKeys)]
    const promised: Promised = {
      instances: new Set(),
      byKey: new Map(),
      ended: new Map(),
      told: (text) => guarded(() => invariants.noSecretIsTold(planted, 'an answer', text)),
      broken: (promise) => wrong(new Broken('whatWasPromisedHolds', promise)),
    }
    const deathRandom = stream('deaths')
    let deathsLeft = scenario.weather.deaths
    const made = createHost({
      config: configOf(marketplaces.apiKeys, scenario.names),
      face,
      timeline,
      trace,
      random: stream('host'),
      marketplaces,
      probe: (life) => probeOf(life, stream('probe')),
      nextDeath: () => (deathsLeft-- > 0 ? drawDeath(deathRandom) : null),
      log(level, event, fields) {
        const text = JSON.stringify([event, fields], plain)
        if (level !== 'info') trace.add(`log     ${level} ${text.slice(0, 300)}`)
        guarded(() => invariants.noSecretIsTold(planted, 'the log', text))
      },
      cameUp: (afterMs) => calm.disturb(undefined, afterMs),
    })
    host = made
    const users = createUsers({ host: made, timeline, trace, random: stream('users'), promised })

    function guarded(check: () => void): void {
      try {
        check()
      } catch (error) {
        wrong(error)
      }
    }

    function probeOf(life: Life, random: Random) {
      return async () => {
        if (!life.isAlive) return new Promise<never>(() => {})
        await timeline.sleep(20)
        return random.chance(0.8) ? ('passing' as const) : ('failing' as const)
      }
    }

    timeline.at(begin, made.start)
    plan()
    const unneededSince: Facts['unneededSince'] = new Map()
    const statusOf = new Map<string, Status>()
    let lastEvent = 0
    let lastCheck = 0

    const passUntil = async (end: number, done?: () => boolean) => {
      while (broken === null && (await timeline.step(end))) {
        for (const provider of scenario.names) {
          if ((marketplaces.simulators[provider]?.faults.list().length ?? 0) > 0) calm.disturb(provider)
        }
        if (!made.isUp() || (made.storeTrouble?.left ?? 0) > 0) calm.disturb()
        if (dirty || timeline.now() - lastCheck >= checkEveryMs) {
          check()
          if (done?.()) return
        }
      }
    }

    await passUntil(scenario.until)
    quieten()
    void endEverything().catch(wrong)
    await passUntil(timeline.now() + quiescenceMs, isOver)
    if (broken === null) finalChecks()
    if (broken === null) await checkLedger()

    function plan(): void {
      for (const launch of scenario.launches) {
        timeline.at(launch.at, () => {
          const launched = users.launch(launch.body, launch.key)
          for (const laterMs of launch.repeats) {
            if (launch.key !== null) timeline.at(launch.at + laterMs, () => void users.launch(launch.body, launch.key))
          }
          void launched.then((id) => {
            if (id === undefined) return
            for (const { afterMs, action } of launch.actions) {
              timeline.at(timeline.now() + afterMs, () => {
                if (timeline.now() >= scenario.until) return
                if (action === 'end') void users.end(id)
                else if (action === 'look') void users.look(`/api/v1/instances/${id}/costs`)
                else void users.act(id, action)
              })
            }
          })
        })
      }
      for (const provider of scenario.names) {
        for (const { control, body } of tilt.orders ?? []) {
          const answer = marketplaces.order(provider, control, body)
          if (control === 'foreign-machine') foreign.add(String(answer.machine))
        }
      }
      for (const { at, provider, forMs, fault } of scenario.faults) {
        timeline.at(at, () => {
          const { faults } = marketplaces.simulators[provider] ?? {}
          trace.add(`fault   ${provider} ${JSON.stringify(fault)} for ${forMs / 1000} s`)
          faults?.add(fault)
          timeline.at(at + forMs, () => {
            const others = faults?.list().slice(1) ?? []
            faults?.clear()
            for (const other of others) faults?.add(other)
            calm.disturb(provider)
          })
        })
      }
      for (const { at, ...trouble } of scenario.storeTroubles) {
        timeline.at(at, () => {
          trace.add(`store   ${JSON.stringify(trouble)}`)
          made.storeTrouble = { ...trouble }
          calm.disturb()
          // Claims that were written and not told run out by themselves.
          if (trouble.when === 'after') timeline.at(at + claimMs, () => calm.disturb(undefined, claimMs))
        })
      }
      for (const { at, ms } of scenario.sleeps) {
        timeline.at(at, () => {
          trace.add(`sleep   ${ms / 1000} s`)
          timeline.skip(ms)
          calm.disturb(undefined, ms)
        })
      }
      for (const { at, ms, forMs } of scenario.clockErrors) {
        timeline.at(at, () => setClock(ms))
        timeline.at(at + forMs, () => setClock(0))
      }
      const orderRandom = stream('orders')
      for (const { at, provider } of scenario.orders) {
        timeline.at(at, () => {
          const id = giveOrder(provider, marketplaces, foreign, orderRandom, tilt.order)
          if (id !== undefined) taken.push({ id, provider, at: timeline.now() })
          dirty = true
        })
      }
      for (const { at, provider, label } of scenario.foreign) {
        timeline.at(at, () => {
          try {
            foreign.add(String(marketplaces.order(provider, 'foreign-machine', { label }).machine))
          } catch {
            trace.add(`order   ${provider} has no room for a foreign machine`)
          }
        })
      }
    }

    function setClock(ms: number): void {
      trace.add(`clock   ${ms / 1000} s off`)
      made.skewMs = ms
      clockSetAt = timeline.now()
      calm.disturb()
    }

    function facts(): Facts {
      return {
        now: timeline.now(),
        calm,
        foreign,
        machines: scenario.names.flatMap((provider) =>
          (marketplaces.simulators[provider]?.marketplace.machines() ?? []).map((machine) => ({
            ...machine,
            provider,
          })),
        ),
        launches: new Map(rows<LaunchRow>(launchesSql).map((row) => [row.label, row])),
        instances: new Map(rows<InstanceRow>(instancesSql).map((row) => [row.id, row])),
        unneededSince,
      }
    }

    /** Nothing is stored before the first process has made its tables. */
    function rows<Row>(sql: string, ...given: number[]): Row[] {
      return isStoreMade() ? made.read<Row>(sql, ...given) : []
    }

    function isStoreMade(): boolean {
      if (storeMade) return true
      try {
        storeMade = made.read("select 1 from sqlite_master where name = 'idempotency_keys'").length > 0
      } catch {
        // The file is not there yet.
      }
      return storeMade
    }

    function check(): void {
      dirty = false
      lastCheck = timeline.now()
      guarded(() => {
        const known = facts()
        readEvents()
        invariants.oneMachineForOneAttempt(known)
        invariants.everyMachineIsWrittenDown(known)
        invariants.noBillingMachineIsWrittenOff(known)
        invariants.whatIsNotNeededEnds(known)
        invariants.whatWasPromisedHolds(known, promised)
        invariants.interruptionsAreNoticed(known, taken, isComputing)
        invariants.limitsAreKept(refusals)
      })
    }

    function isComputing({ id, provider }: TakenBack): boolean {
      const { lines = [] } = marketplaces.simulators[provider]?.marketplace.bill() ?? {}
      return lines.some((line) => line.machineId === id && line.kind === 'gpu' && line.endedAt === null)
    }

    function readEvents(): void {
      const news = rows<EventRow>(eventsSql, lastEvent)
      for (const event of news) {
        lastEvent = event.id
        const told = `${event.kind} ${event.status ?? ''} ${event.because ?? ''} ${event.message} ${event.data}`
        trace.add(`event   ${event.instance_id} ${told.slice(0, 300)}`)
        invariants.noSecretIsTold(planted, 'an event', told)
        if (event.kind !== 'status' || event.instance_id === null || event.status === null) continue
        invariants.statusesMoveLegally(statusOf.get(event.instance_id), event.status, event.instance_id)
        statusOf.set(event.instance_id, event.status)
      }
    }

    /** From here on nothing goes wrong any more. */
    function quieten(): void {
      trace.add('quiet')
      for (const provider of scenario.names) marketplaces.simulators[provider]?.faults.clear()
      if (made.skewMs !== 0) setClock(0)
      made.spare()
      calm.disturb()
    }

    /** Again and again: who got no answer to a launch may still be repeating it. */
    async function endEverything(): Promise<void> {
      for (;;) {
        await timeline.sleep(10 * secondMs)
        for (const { id } of (await users.all()) ?? []) if (!promised.ended.has(id)) await users.end(id)
      }
    }

    function isOver(): boolean {
      const known = facts()
      return (
        [...known.instances.values()].every(({ status }) => status === 'terminated' || status === 'failed') &&
        [...known.launches.values()].every(({ settled_at }) => settled_at !== null) &&
        timeline.now() > scenario.until + 2 * minuteMs
      )
    }

    function finalChecks(): void {
      guarded(() => {
        const known = facts()
        for (const { id, label, provider, billing } of known.machines) {
          if (billing && !foreign.has(id)) {
            throw new Broken('nothingBillsInTheEnd', `machine ${id} (${label}) at ${provider} bills on`)
          }
        }
        for (const { id, status } of known.instances.values()) {
          if (status !== 'terminated' && status !== 'failed')
            throw new Broken('everythingEnds', `${id} is still ${status}`)
        }
        for (const { label, settled_at } of known.launches.values()) {
          if (settled_at === null) throw new Broken('everythingEnds', `launch ${label} is not settled`)
        }
        for (const table of ['instances', 'launches', 'events', 'charges', 'idempotency_keys']) {
          const dump = JSON.stringify(rows(`select * from ${table}`), plain)
          invariants.noSecretIsTold(planted, `the table ${table}`, dump)
        }
      })
    }

    async function checkLedger(): Promise<void> {
      const known = facts()
      const bills = new Map<ProviderName, BillLine[]>()
      for (const name of scenario.names) bills.set(name, marketplaces.simulators[name]?.marketplace.bill().lines ?? [])
      for (const { id } of known.instances.values()) {
        const asked = users.look(`/api/v1/instances/${id}/costs`)
        await passUntil(timeline.now() + secondMs)
        const reply = await asked
        if (reply?.status !== 200) return wrong(new Error(`costs of ${id}: ${reply?.text}`))
        const charges: ChargeView[] = reply.body.data.charges
        guarded(() => {
          for (const launch of known.launches.values()) {
            if (launch.instance_id !== id || scenario.weather.clockErrors > 0) continue
            const ours = charges.filter((charge) => charge.attempt === launch.attempt)
            invariants.nothingIsChargedTwice(launch.label, ours)
            invariants.ledgerHoldsTheBill(
              launch,
              ours,
              bills.get(launch.provider)?.filter((line) => line.label === launch.label) ?? [],
              calm,
            )
          }
        })
      }
    }
  } catch (error) {
    wrong(error)
  } finally {
    host?.close()
    process.off('unhandledRejection', wrong)
    restore()
  }
  if (broken !== null) trace.add(`broken  ${(broken as Error).message}`)
  return { seed, hash: trace.hash(), broken, trace }
}

interface EventRow {
  id: number
  instance_id: string | null
  kind: string
  status: Status | null
  because: string | null
  message: string
  data: string
}

const eventsSql = 'select id, instance_id, kind, status, because, message, data from events where id > ? order by id'
const instancesSql = 'select id, wanted, status, ended_at, attempt from instances'
const launchesSql =
  "select instance_id, attempt, label, provider, external_id, intended_at, abandoned_at, settled_at, json_extract(offer, '$.market') as market from launches"

function plain(_name: string, value: unknown): unknown {
  if (typeof value === 'bigint') return String(value)
  return value instanceof Error ? { ...value, message: value.message, stack: value.stack, cause: value.cause } : value
}

function configOf(apiKeys: Record<ProviderName, string>, names: readonly ProviderName[]): Config {
  return configFrom({
    DATA_DIR: mkdtempSync(join(memoryDir(), 'gpufleet-simulate-')),
    RATE_LIMIT_ENABLED: 'false',
    INSTALLATION_ID: 'simfleet',
    SECRETS_KEY: Buffer.alloc(32, 7).toString('base64'),
    ...Object.fromEntries(
      names.flatMap((name) => [
        [`${name.toUpperCase()}_API_KEY`, apiKeys[name]],
        [`${name.toUpperCase()}_API_BASE_URL`, `http://${name}.simulated`],
      ]),
    ),
  })
}

/** Memory that looks like a disk, where there is some: what is synced there costs nothing. */
function memoryDir(): string {
  try {
    return statSync('/dev/shm').isDirectory() ? '/dev/shm' : tmpdir()
  } catch {
    return tmpdir()
  }
}
