/**
 * The real server on a real database file, killed with SIGKILL again and again while users launch, stop, start and end
 * machines at listening simulators. At the end everything is asked to end, and all is checked against the bill.
 */

import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ProviderName, providerNames } from '../../server/src/core/providers.ts'
import { seededRandom } from '../../simulators/kit/random.ts'
import { listeningMarkets, type Markets } from '../kit/markets.ts'
import { type ServerProcess, startServer } from '../kit/server-process.ts'
import { sleep } from './ask.ts'
import * as checks from './checks.ts'
import { countedOrders, drawEnd, type End, type Orders } from './ends.ts'
import { createLoad, type Load } from './load.ts'
import { insist, type Patience } from './user.ts'

export interface KillOptions {
  kills: number
  seed: number
  /** How long everything may take to end after the last kill. */
  settleMs: number
  /**
   * Whether to wait until every end is confirmed. A launch that died on its way is only given up when the marketplace's list
   * lag is over, minutes later; without it, all has to have stopped billing.
   */
  confirmed: boolean
  /** Default: all five. */
  providers?: readonly ProviderName[]
  /** The longest life; default: long enough for most of a story. */
  longestLifeMs?: number
  /** Told what happens. */
  say?: (line: string) => void
}

export interface KillReport {
  kills: Record<End['kind'], number>
  counts: Load['counts']
  machines: number
  /** How long it took after the last kill until nothing billed any more. */
  settledMs: number
  /** The vaguest end of a charge, counting the time in which a server was up. */
  vaguestMs: number
  /** Lines of the log that say error, by what they say. */
  errors: ReadonlyMap<string, number>
  durationMs: number
  violations: string[]
  /** Where the database, the logs and the course of events are, when something is amiss. */
  evidence: string | null
}

export async function killRun(options: KillOptions): Promise<KillReport> {
  const {
    kills,
    seed,
    settleMs,
    confirmed,
    providers = providerNames,
    longestLifeMs = 12_000,
    say = () => {},
  } = options
  const begunAt = Date.now()
  const random = seededRandom(seed)
  const dataDir = mkdtempSync(join(tmpdir(), 'gpufleet-kill-'))
  const secrets = [`hf_${random.hex(24)}`, `registry-${random.hex(24)}`] as const
  const controlKey = `control-${random.hex(24)}`
  const orders = countedOrders()
  const touched: string[] = []
  const trace: string[] = []
  const note = (what: string) => void trace.push(`${new Date().toISOString()} ${what}`)
  const markets = await listeningMarkets({
    providers,
    seed,
    random,
    speed: 1,
    onOrder(provider, when, { method, path, body }, reply) {
      if (reply !== undefined) note(`${provider} ${method} ${path} ${reply.status}`)
      if (when === 'before' && namesForeign(markets, provider, path, body))
        touched.push(`${method} ${path} at ${provider}`)
      orders.arrived(when)
    },
  })
  setPace(markets, random.int)
  const host = createHost({ ...markets.settings, DATA_DIR: dataDir, CONTROL_API_KEY: controlKey }, orders, note)
  const patience: Patience = {
    url: host.url,
    headers: { authorization: `Bearer ${controlKey}` },
    withinMs: 60 * 60_000,
  }
  const load = createLoad({ providers, random, patience, users: 16, most: 24, secrets })

  try {
    const counted: KillReport['kills'] = { starting: 0, working: 0, ordering: 0 }
    load.run()
    for (let done = 0; done < kills; done += 1) {
      const end = drawEnd(random, longestLifeMs)
      counted[await host.liveUntil(end, longestLifeMs)] += 1
      if ((done + 1) % 10 === 0)
        say(`${done + 1} kills, ${load.promised.size} instances, ${markets.ours().length} machines`)
    }
    host.live()
    await load.finish()
    say('the last server stays; everything is asked to end')
    const lastKillAt = Date.now()
    const violations = checks.nothingPromisedIsLost(await factsOf(load, markets, host, patience, false))
    await load.endAll()
    const facts = await settled(() => factsOf(load, markets, host, patience, confirmed), settleMs)
    await addCharges(facts, patience)
    const settledMs = Date.now() - lastKillAt
    await host.stop()

    const known = [...secrets, controlKey, ...markets.keys]
    violations.push(
      ...load.complaints,
      ...host.complaints,
      ...touched.map((order) => `an order named a machine that is not ours: ${order}`),
      ...checks.nothingBilledIsUnknown(facts),
      ...checks.nothingBillsAnyMore(facts),
      ...checks.neverTwoMachinesForOneLabel(facts),
      ...checks.nothingPromisedIsLost(facts),
      ...checks.nobodyGotMoreThanTheyAskedFor(facts),
      ...checks.ledgerHoldsTheBill(facts),
      ...checks.foreignMachinesAreLeftAlone(facts),
      ...checks.noSecretIsTold(known, host.outputs),
    )
    const charges = [...facts.instances.values()].flatMap((one) => one.charges)
    const evidence = violations.length === 0 ? null : keepEvidence(dataDir, trace, host.outputs)
    return {
      kills: counted,
      counts: load.counts,
      machines: markets.ours().length,
      settledMs,
      vaguestMs: Math.max(0, ...charges.map((charge) => checks.widest(charge, facts))),
      errors: errorsIn(host.outputs),
      durationMs: Date.now() - begunAt,
      violations,
      evidence,
    }
  } finally {
    await host.kill()
    await markets.close()
    rmSync(dataDir, { recursive: true, force: true })
  }
}

function keepEvidence(dataDir: string, trace: readonly string[], outputs: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'gpufleet-kill-evidence-'))
  copyFileSync(join(dataDir, 'gpufleet.db'), join(folder, 'gpufleet.db'))
  writeFileSync(join(folder, 'trace.txt'), `${trace.join('\n')}\n`)
  writeFileSync(join(folder, 'log.txt'), `${outputs.join('\n')}\n`)
  return folder
}

interface Host {
  /** Where a server listens; waits while none does. */
  url(): Promise<string>
  /** Starts a server and kills it as it was drawn. @returns how it was killed: one that ordered nothing died at work */
  liveUntil(end: End, longestMs: number): Promise<End['kind']>
  /** Starts the one that stays. */
  live(): void
  /** Tells it to stop, as a person would. */
  stop(): Promise<void>
  kill(): Promise<void>
  readonly outputs: string[]
  readonly lives: { from: number; until: number }[]
  readonly complaints: string[]
}

function createHost(settings: Record<string, string>, orders: Orders, note: (what: string) => void): Host {
  const outputs: string[] = []
  const lives: Host['lives'] = []
  const complaints: string[] = []
  let current: ServerProcess | null = null

  function begin(): ServerProcess {
    const server = startServer(settings)
    current = server
    note('a server starts')
    server.url
      .then(() => {
        note('it listens')
        lives.push({ from: Date.now(), until: Number.POSITIVE_INFINITY })
      })
      .catch(() => {})
    return server
  }

  async function over(server: ServerProcess): Promise<void> {
    const { code } = await server.exited
    if (code !== null && code !== 0) complaints.push(`the server ended by itself with ${code}:\n${server.output()}`)
    note('it is gone')
    outputs.push(server.output())
    const life = lives.at(-1)
    if (life?.until === Number.POSITIVE_INFINITY) life.until = Date.now()
    if (current === server) current = null
  }

  return {
    outputs,
    lives,
    complaints,
    async url() {
      for (;;) {
        const url = await current?.url.catch(() => undefined)
        if (url !== undefined && current !== null) return url
        await sleep(20)
      }
    },
    live: () => void begin(),
    async liveUntil(end, longestMs) {
      const server = begin()
      const how = await momentOf(end, longestMs, server, orders)
      server.signal('SIGKILL')
      await over(server)
      return how
    },
    async stop() {
      const server = current
      if (server === null) return
      server.signal('SIGTERM')
      await over(server)
    },
    async kill() {
      const server = current
      if (server === null) return
      server.signal('SIGKILL')
      await server.exited
    },
  }
}

/** Resolves when it is time; an end at an order kills inside the arrival, so that not one more instruction is run. */
async function momentOf(end: End, longestMs: number, server: ServerProcess, orders: Orders): Promise<End['kind']> {
  const over = server.exited.then(() => {})
  if (end.kind === 'starting') {
    await Promise.race([over, sleep(end.afterMs)])
    return end.kind
  }
  // One that does not come up ends by itself.
  await server.url.catch(() => {})
  if (end.kind === 'working') {
    await Promise.race([over, sleep(end.afterMs)])
    return end.kind
  }
  let kind: End['kind'] = 'working'
  const arrived = new Promise<void>((resolve) => {
    orders.at(end.nth, end.when, () => {
      if (end.laterMs === 0) server.signal('SIGKILL')
      kind = 'ordering'
      resolve()
    })
  })
  await Promise.race([over, arrived, sleep(longestMs)])
  orders.forget()
  await sleep(end.laterMs)
  return kind
}

/** Machines come up in about a second, so that many lives see whole stories. Lists lag a little, each its own. */
function setPace(markets: Markets, int: (min: number, max: number) => number): void {
  for (const name of providerNames) {
    markets.order(name, 'pace', { loadingMs: 1_000, startingMs: 700, stoppingMs: 500, terminatingMs: 500 })
    markets.order(name, 'list-lag', { ms: int(0, 4_000) })
    if (name !== 'lambda') markets.order(name, 'balance', { usd: 10_000 })
  }
}

function namesForeign(markets: Markets, provider: ProviderName, path: string, body: string): boolean {
  for (const id of markets.foreign.get(provider) ?? []) {
    if (path.split('/').includes(id) || body.includes(`"${id}"`)) return true
  }
  return false
}

async function factsOf(
  load: Load,
  markets: Markets,
  host: Host,
  patience: Patience,
  isSettled: boolean,
): Promise<checks.Facts> {
  const instances = new Map<string, checks.InstanceSeen>()
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page = await insist({ method: 'GET', path: `/api/v1/instances?limit=200${cursor}` }, patience)
    for (const one of page.body.data) instances.set(one.id, { ...one, charges: [] })
    cursor = page.body.next_cursor === null ? null : `&cursor=${encodeURIComponent(page.body.next_cursor)}`
  }
  return { markets, instances, promised: load.promised, lives: host.lives, isSettled }
}

async function addCharges({ instances }: checks.Facts, patience: Patience): Promise<void> {
  for (const one of instances.values()) {
    const costs = await insist({ method: 'GET', path: `/api/v1/instances/${one.id}/costs` }, patience)
    one.charges = costs.body.data.charges
  }
}

/** Waits until nothing bills and every end is confirmed, or until it is time to say what is wrong. */
async function settled(look: () => Promise<checks.Facts>, withinMs: number): Promise<checks.Facts> {
  for (const until = Date.now() + withinMs; ; ) {
    const facts = await look()
    const isOver = checks.nothingBillsAnyMore(facts).length === 0 && checks.nothingPromisedIsLost(facts).length === 0
    if (isOver || Date.now() > until) return facts
    await sleep(1_000)
  }
}

function errorsIn(outputs: readonly string[]): Map<string, number> {
  const found = new Map<string, number>()
  for (const line of outputs.flatMap((output) => output.split('\n'))) {
    if (!line.includes('"level":"ERROR"')) continue
    const { event, error } = JSON.parse(line)
    const name = error === undefined ? event : `${event}: ${String(error?.message ?? error).split('\n')[0]}`
    found.set(name, (found.get(name) ?? 0) + 1)
  }
  return found
}
