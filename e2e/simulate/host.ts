import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import type { Config } from '../../server/src/config/config.ts'
import { type Instant, secondMs } from '../../server/src/core/time.ts'
import { type Application, assemble } from '../../server/src/main.ts'
import type { LogFields, LogLevel } from '../../server/src/observability/log.ts'
import type { Probe } from '../../server/src/reconcile/probe.ts'
import { openSqlite } from '../../server/src/store/sqlite.ts'
import type { Random } from '../../simulators/kit/random.ts'
import type { Face, FaceRequest } from './face.ts'
import { clockOf, createLife, type Death, type Life, logOf } from './life.ts'
import type { Marketplaces } from './marketplaces.ts'
import { mortalDialect, type StoreTrouble } from './mortal-store.ts'
import type { Timeline } from './timeline.ts'
import type { Trace } from './trace.ts'

export interface Reply {
  status: number
  // biome-ignore lint/suspicious/noExplicitAny: answers of every shape are looked into
  body: any
  text: string
}

type Method = FaceRequest['method']

/** The computer that our server runs on: its processes die and come again, its disk stays. */
export interface Host {
  start(): void
  /** Whether a process is up and answers. */
  isUp(): boolean
  kill(why: string): void
  /** One call of the HTTP face; undefined when nobody answered: no process was up, or it died meanwhile. */
  call(method: Method, path: string, body?: unknown, headers?: Record<string, string>): Promise<Reply | undefined>
  /** How far its clock is from the truth. */
  skewMs: number
  storeTrouble: StoreTrouble | null
  /** No process dies any more from now on, and whoever is down comes back. */
  spare(): void
  /** What is stored, for reading only. */
  read<Row>(sql: string, ...given: (string | number | bigint)[]): Row[]
  close(): void
}

export interface HostDeps {
  config: Config
  face: Face
  timeline: Timeline
  trace: Trace
  random: Random
  marketplaces: Marketplaces
  probe: (life: Life) => Probe
  /** How each process ends; null: not by itself. */
  nextDeath: () => Death | null
  log(level: LogLevel, event: string, fields: LogFields): void
  cameUp(afterMs: number): void
}

interface Process {
  life: Life
  application: Application | null
  close: () => void
  callOffTick: () => void
  tickedAt: Instant
}

/** A real worker looks twice a second. Where nothing is due that changes nothing and takes long, so only now and then. */
const peekMs = secondMs
const slowestTickMs = 10 * secondMs

export function createHost(deps: HostDeps): Host {
  const { config, face, timeline, trace, random, marketplaces } = deps
  let current: Process | null = null
  let spared = false
  let bootDue = () => {}
  let downSince = timeline.now()
  let reader: DatabaseSync | null = null
  const statements = new Map<string, StatementSync>()
  const file = config.databaseFile ?? join(config.dataDir, 'gpufleet.db')

  const host: Host = {
    skewMs: 0,
    storeTrouble: null,
    start: boot,
    isUp: () => current?.application != null,
    kill: (why) => current?.life.die(why),
    call,
    spare() {
      spared = true
      host.storeTrouble = null
      // A process whose end was drawn already is replaced by one that stays, and who is down for hours comes back now.
      if (current !== null) return current.life.die('restarted for the end')
      bootDue()
      bootDue = timeline.at(timeline.now() + secondMs, boot)
    },
    read<Row>(sql: string, ...given: (string | number | bigint)[]) {
      reader ??= new DatabaseSync(file, { readOnly: true })
      const statement = statements.get(sql) ?? reader.prepare(sql)
      statements.set(sql, statement)
      return statement.all(...given) as Row[]
    },
    close() {
      bootDue()
      const last = current
      current = null
      last?.callOffTick()
      last?.life.die('over')
      last?.close()
      reader?.close()
      rmSync(config.dataDir, { recursive: true, force: true })
    },
  }

  function boot(): void {
    const life = createLife(spared ? null : deps.nextDeath())
    const process: Process = { life, application: null, close: () => {}, callOffTick: () => {}, tickedAt: 0 }
    current = process
    trace.add('boot')
    void life.death.then((why) => down(process, why))
    const assembling = face.as(process, () =>
      assemble(config, {
        clock: clockOf(life, timeline, () => host.skewMs),
        transport: marketplaces.transportOf(life),
        probe: deps.probe(life),
        random: (bytes) => Uint8Array.from({ length: bytes }, () => random.int(0, 255)),
        log: logOf(life, deps.log),
        createHttp: face.create,
        openDatabase: (path) =>
          openSqlite(
            path,
            mortalDialect({
              life,
              trouble: () => host.storeTrouble,
              opened(close) {
                process.close = () => {
                  process.close = () => {}
                  close()
                }
              },
            }),
          ),
      }),
    )
    assembling.then(
      (application) => {
        if (!life.isAlive) return
        process.application = application
        trace.add('up')
        deps.cameUp(timeline.now() - downSince)
        tick(process)
      },
      (error: Error) => life.die(`did not start: ${error.message}`),
    )
  }

  function down(process: Process, why: string): void {
    process.callOffTick()
    process.close()
    if (current !== process) return
    trace.add(`death   ${why}`)
    current = null
    downSince = timeline.now()
    const downMs = spared ? secondMs : Math.floor(random.logNormal(5 * secondMs, 2))
    bootDue = timeline.at(timeline.now() + downMs, boot)
  }

  function tick(process: Process): void {
    const { life, application } = process
    if (!life.isAlive || application === null) return
    process.callOffTick()
    process.tickedAt = timeline.now()
    face.as(process, () => application.runDue()).catch((error: Error) => trace.add(`trouble ${error.message}`))
    process.callOffTick = timeline.at(timeline.now() + peekMs, () => peek(process))
  }

  function peek(process: Process): void {
    const now = timeline.now()
    const [{ due } = { due: null }] = host.read<{ due: number | null }>(dueSql)
    const isDue = due !== null && due - host.skewMs <= now
    if (isDue || now - process.tickedAt >= slowestTickMs) tick(process)
    else process.callOffTick = timeline.at(now + peekMs, () => peek(process))
  }

  async function call(method: Method, path: string, body?: unknown, headers: Record<string, string> = {}) {
    const process = current
    if (process === null || process.application === null) return undefined
    const answered = face.call(process, {
      method,
      url: path,
      headers: { host: '127.0.0.1', ...headers },
      ...(body !== undefined && { payload: JSON.stringify(body) }),
    })
    const reply = await Promise.race([answered, process.life.death.then(() => undefined)])
    if (reply === undefined || !process.life.isAlive) return undefined
    if (method !== 'GET') timeline.at(timeline.now(), () => tick(process))
    return { ...reply, body: reply.text.startsWith('{') ? JSON.parse(reply.text) : null }
  }

  return host
}

const dueSql = `
  select min(due) as due from (
    select max(due_at, claimed_until) as due from instances where due_at is not null
    union all
    select max(due_at, claimed_until) from launches
    where due_at is not null and abandoned_at is not null and settled_at is null
  )`
