import { mkdtempSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Config, configFrom } from '../../server/src/config/config.ts'
import type { ProviderName } from '../../server/src/core/providers.ts'
import { minuteMs, secondMs } from '../../server/src/core/time.ts'
import { type Random, seededRandom, seedFrom } from '../../simulators/kit/random.ts'
import { createCalm } from './calm.ts'
import type { Face } from './face.ts'
import { createHost, type Host } from './host.ts'
import { type Broken, ledgerHoldsTheBill, nothingIsChargedTwice } from './invariants.ts'
import { type Life, never } from './life.ts'
import { createMarketplaces, type Marketplaces } from './marketplaces.ts'
import type { Tilt } from './mutations.ts'
import { plan } from './plan.ts'
import { drawDeath, drawScenario } from './scenario.ts'
import { replaceGlobals } from './seeded-globals.ts'
import { createTimeline } from './timeline.ts'
import { createTrace, type Trace } from './trace.ts'
import { createUsers } from './users.ts'
import { createWatch, plain } from './watch.ts'
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

/** One seed, one world, one run: from an empty database until nothing bills any more. */
export async function runSeed(seed: number, face: Face, { echo, tilt = {} }: RunOptions = {}): Promise<Outcome> {
  const timeline = createTimeline(begin)
  const trace = createTrace(timeline.now, echo)
  let broken: Broken | Error | null = null
  const wrong = (error: unknown) => {
    broken ??= error instanceof Error ? error : new Error(String(error))
  }
  const stream = (name: string): Random => seededRandom(seedFrom(seed * 7919 + 1, name))
  let host: Host | null = null
  const restore = replaceGlobals(() => timeline.now() + (host?.skewMs ?? 0), timeline, stream('libraries'))
  // Nobody waits for it: a real server would end here.
  process.on('unhandledRejection', wrong)
  try {
    host = await runWorld()
  } catch (error) {
    wrong(error)
  } finally {
    host?.close()
    process.off('unhandledRejection', wrong)
    restore()
  }
  if (broken !== null) trace.add(`broken  ${(broken as Error).message}`)
  return { seed, hash: trace.hash(), broken, trace }

  async function runWorld(): Promise<Host> {
    const secrets = drawSecrets(stream('secrets'))
    const scenario = drawScenario(begin, secrets, stream('scenario'), tilt)
    const { names, weather } = scenario
    const calm = createCalm(timeline.now, names)
    const planted = () => [...Object.values(secrets), ...Object.values(marketplaces.apiKeys)]
    const watch = createWatch({
      host: () => made,
      marketplaces: () => marketplaces,
      timeline,
      trace,
      calm,
      secrets: planted,
      wrong,
    })
    const marketplaces: Marketplaces = createMarketplaces({
      names,
      seed,
      random: stream('network'),
      timeline,
      trace,
      arrived: watch.arrived,
    })
    const deathRandom = stream('deaths')
    const probeRandom = stream('probe')
    let deathsLeft = weather.deaths
    const made: Host = createHost({
      config: configOf(marketplaces.apiKeys, names),
      face,
      timeline,
      trace,
      random: stream('host'),
      marketplaces,
      probe: (life: Life) => async () => {
        if (!life.goesOn('marketplace')) return never
        await timeline.sleep(20)
        return probeRandom.chance(0.8) ? 'passing' : 'failing'
      },
      nextDeath: () => (deathsLeft-- > 0 ? drawDeath(deathRandom) : null),
      log(level, event, fields) {
        const text = JSON.stringify([event, fields], plain)
        if (level !== 'info') trace.add(`log     ${level} ${text.slice(0, 300)}`)
        watch.logged(text)
      },
      cameUp: (afterMs) => calm.disturb(undefined, afterMs),
    })
    host = made
    const users = createUsers({ host: made, timeline, trace, random: stream('users'), promised: watch.promised })

    timeline.at(begin, made.start)
    plan({
      scenario,
      tilt,
      timeline,
      trace,
      calm,
      host: made,
      marketplaces,
      users,
      watch,
      random: stream('orders'),
    })
    await passUntil(scenario.until)
    quieten()
    void endEverything().catch(wrong)
    const quietSince = timeline.now()
    await passUntil(quietSince + quiescenceMs, () => timeline.now() > quietSince + 2 * minuteMs && watch.isOver())
    if (broken === null) watch.finally()
    if (broken === null) await checkLedger()
    return made

    async function passUntil(end: number, done?: () => boolean): Promise<void> {
      while (broken === null && (await timeline.step(end))) {
        for (const provider of names) {
          if ((marketplaces.simulators[provider]?.faults.list().length ?? 0) > 0) calm.disturb(provider)
        }
        if (!made.isUp() || (made.storeTrouble?.left ?? 0) > 0) calm.disturb()
        if (watch.step() && done?.()) return
      }
    }

    /** From here on nothing goes wrong any more. */
    function quieten(): void {
      trace.add('quiet')
      for (const provider of names) marketplaces.simulators[provider]?.faults.clear()
      made.skewMs = 0
      watch.timeWasLost()
      made.spare()
    }

    /** Again and again: who got no answer to a launch may still be repeating it. */
    async function endEverything(): Promise<void> {
      for (;;) {
        await timeline.sleep(10 * secondMs)
        for (const { id } of (await users.all()) ?? []) if (!watch.promised.ended.has(id)) await users.end(id)
      }
    }

    async function checkLedger(): Promise<void> {
      const { instances, launches, billOf } = watch.facts()
      const takenIds = new Set(watch.taken.map(({ id }) => id))
      for (const { id } of instances.values()) {
        const asked = users.look(`/api/v1/instances/${id}/costs`)
        await passUntil(timeline.now() + secondMs)
        const reply = await asked
        if (reply?.status !== 200) return wrong(new Error(`costs of ${id}: ${reply?.text}`))
        for (const launch of launches.values()) {
          // A clock that is wrong says wrongly when things were seen.
          if (launch.instance_id !== id || weather.clockErrors > 0) continue
          const ours = reply.body.data.charges.filter((one: { attempt: number }) => one.attempt === launch.attempt)
          const theirs = billOf(launch.provider).filter((line) => line.label === launch.label)
          try {
            nothingIsChargedTwice(launch.label, ours)
            ledgerHoldsTheBill(launch, ours, theirs, { calm, hostWasLost: takenIds.has(launch.external_id ?? '') })
          } catch (error) {
            wrong(error)
          }
        }
      }
    }
  }
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
