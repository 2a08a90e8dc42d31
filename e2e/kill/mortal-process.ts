/**
 * A process in simulated time that dies at a chosen point: before or after a statement of its store, or a request to a
 * marketplace. Whatever it waits for then never comes, and what it had not committed is undone.
 */

import { CompiledQuery, type DatabaseConnection, type Dialect, type Driver, type QueryResult } from 'kysely'
import { type ProviderName, providerNames } from '../../server/src/core/providers.ts'
import type { Surroundings } from '../../server/src/main.ts'
import { openSqlite } from '../../server/src/store/sqlite.ts'
import { aWorld, type Reply, transportTo, type World } from '../world.ts'

/** Where a process can die. */
export type Point =
  /** `earlier`: what its transaction has said before, oldest first. */
  | { kind: 'statement'; when: 'before' | 'after'; sql: string; earlier: readonly string[] }
  /** `made`: it made a machine. */
  | {
      kind: 'request'
      when: 'before' | 'after'
      provider: ProviderName | null
      method: string
      path: string
      made: boolean
    }

export interface Mortal extends World {
  isAlive(): boolean
  /** It dies at the first point of which this is true. */
  dieAt(isTheEnd: (point: Point) => boolean): void
  /** One call, until it is answered or nobody is left to answer it. */
  ask(
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Reply | undefined>
  /** Lets it work until it dies. @throws when it lives on */
  untilDeath(withinMs: number): Promise<void>
}

export const never = new Promise<never>(() => {})

export type Ground = Process & { providers: readonly ProviderName[] }
export type Process = World & { dataDir: string }

/** The marketplaces, the disk and the clock, on which one process follows another. */
export async function aGround(options: { providers?: readonly ProviderName[] } = {}): Promise<Ground> {
  const ground = await aWorld(options)
  await ground.application.stop()
  return { ...ground, providers: options.providers ?? providerNames }
}

/** A process that nothing happens to. */
export function aProcess(ground: Ground, surroundings: Surroundings = {}): Promise<Process> {
  return aWorld({ after: ground, providers: ground.providers, surroundings })
}

export async function aMortal(ground: Ground, surroundings: Surroundings = {}): Promise<Mortal> {
  const { clock } = ground
  let alive = true
  let isTheEnd: (point: Point) => boolean = () => false
  let close = () => {}
  const reached = (point: Point): boolean => {
    if (alive && isTheEnd(point)) {
      alive = false
      close()
    }
    return alive
  }

  const world = await aProcess(ground, {
    ...surroundings,
    clock: {
      now: clock.now,
      async sleep(ms, signal) {
        if (!alive) return never
        const woken = await clock.sleep(ms, signal).then(
          () => undefined,
          (error: unknown) => ({ error }),
        )
        if (!alive) return never
        if (woken !== undefined) throw woken.error
      },
    },
    transport: mortalTransport(ground, reached, surroundings.transport ?? transportTo(ground.simulators, clock)),
    openDatabase: (path) =>
      openSqlite(path, (dialect) =>
        mortalDialect(dialect, reached, (end) => {
          close = end
        }),
      ),
  })

  return {
    ...world,
    isAlive: () => alive,
    dieAt(condition) {
      isTheEnd = condition
    },
    async ask(method, path, body, headers = {}) {
      let reply: Reply | undefined
      let failed: unknown
      world.application.http
        .inject({
          method,
          url: path,
          headers: { host: '127.0.0.1', ...headers },
          ...(body !== undefined && { payload: body as object }),
        })
        .then(
          (raw) => {
            reply = { status: raw.statusCode, headers: raw.headers, body: raw.json() }
          },
          (error: unknown) => {
            failed = error
          },
        )
      while (alive && reply === undefined && failed === undefined) await clock.advance(20)
      if (failed !== undefined) throw failed
      return alive ? reply : undefined
    },
    async untilDeath(withinMs) {
      for (const end = clock.now() + withinMs; alive; ) {
        if (clock.now() > end) throw new Error('it did not die')
        world.application.runDue().catch(() => {})
        await clock.advance(1_000)
      }
    },
  }
}

function mortalTransport(
  { simulators }: Ground,
  reached: (point: Point) => boolean,
  transport: NonNullable<Surroundings['transport']>,
): NonNullable<Surroundings['transport']> {
  const count = (provider: ProviderName | null) =>
    provider === null ? 0 : simulators[provider].marketplace.machines().length
  return async (request) => {
    const { hostname, pathname } = new URL(request.url)
    const provider = providerNames.find((name) => hostname === `${name}.simulated`) ?? null
    const point = { kind: 'request', provider, method: request.method, path: pathname } as const
    if (!reached({ ...point, when: 'before', made: false })) return never
    const before = count(provider)
    const reply = await transport(request)
    if (!reached({ ...point, when: 'after', made: count(provider) > before })) return never
    return reply
  }
}

function mortalDialect(
  dialect: Dialect,
  reached: (point: Point) => boolean,
  opened: (close: () => void) => void,
): Dialect {
  return {
    createAdapter: () => dialect.createAdapter(),
    createIntrospector: (database) => dialect.createIntrospector(database),
    createQueryCompiler: () => dialect.createQueryCompiler(),
    createDriver() {
      const driver = dialect.createDriver()
      opened(() => void driver.destroy())
      return mortalDriver(driver, reached)
    },
  }
}

function mortalDriver(driver: Driver, reached: (point: Point) => boolean): Driver {
  let earlier: string[] = []
  const own = new WeakMap<DatabaseConnection, DatabaseConnection>()

  function mortal(connection: DatabaseConnection): DatabaseConnection {
    const wrapped: DatabaseConnection = {
      async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
        const { sql } = query
        if (sql === 'begin') earlier = []
        if (!reached({ kind: 'statement', when: 'before', sql, earlier })) return never
        const result = await connection.executeQuery<R>(query)
        if (!reached({ kind: 'statement', when: 'after', sql, earlier })) return never
        earlier.push(sql)
        return result
      },
      streamQuery: (query, size) => connection.streamQuery(query, size),
    }
    own.set(wrapped, connection)
    return wrapped
  }
  const say = (sql: string) => async (connection: DatabaseConnection) => {
    await connection.executeQuery(CompiledQuery.raw(sql))
  }

  return {
    init: (options) => driver.init(options),
    acquireConnection: async () => mortal(await driver.acquireConnection()),
    releaseConnection: (connection) => driver.releaseConnection(own.get(connection) ?? connection),
    beginTransaction: say('begin'),
    commitTransaction: say('commit'),
    rollbackTransaction: say('rollback'),
    destroy: () => driver.destroy(),
  }
}
