/** What a check works with: whole products against simulated marketplaces, made when they are asked for and ended after it. */

import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { seededRandom } from '../../simulators/kit/random.ts'
import { listeningMarkets, type Markets, type MarketsOptions } from '../kit/markets.ts'
import { root, type ServerProcess, startServer } from '../kit/server-process.ts'
import { aWorld, type World, type WorldOptions } from '../world.ts'

/** Where the contracts' documents are; they are not part of the repository. */
export const referenceDir = process.env.REFERENCE_DIR ?? join(root, '../shared')

export type LabWorld = World & { dataDir: string }

export interface Ran {
  status: number | null
  output: string
}

export interface Lab {
  /** The product on a clock that moves when told to. It ends with this check. */
  world(options?: WorldOptions): Promise<LabWorld>
  /**
   * One that checks which only look can share: made once under this name, by `make`, and ended after the last check. No check
   * may change what another one of its name looks at.
   */
  shared<T>(name: string, make: (lab: Lab) => Promise<T>): Promise<T>
  /** The program itself, in real time, with settings and nothing else; for what only a process shows. */
  server(settings: Record<string, string>): ServerProcess
  /** Marketplaces that listen, for `server`. */
  markets(options?: Partial<MarketsOptions>): Promise<Markets>
  /** An empty folder. */
  folder(): string
  /** A program that must end by itself; `stdout` and `stderr` together. */
  run(command: string, args: readonly string[], env?: Record<string, string>): Promise<Ran>
  /** Has something done at the end. */
  atEnd(end: () => unknown): void
}

export interface OwnedLab extends Lab {
  /** Ends what this check made. */
  endCheck(): Promise<void>
  /** Ends all that is shared. */
  close(): Promise<void>
}

export function createLab(): OwnedLab {
  const shared = new Map<string, Promise<unknown>>()
  const forAll = labWith((end) => ends.shared.push(end))
  const forOne = labWith((end) => ends.check.push(end))
  const ends: Record<'shared' | 'check', (() => unknown)[]> = { shared: [], check: [] }

  function labWith(atEnd: (end: () => unknown) => void): Lab {
    const lab: Lab = {
      atEnd,
      async world(options) {
        const world = await aWorld(options)
        atEnd(() => world.close())
        return world
      },
      shared<T>(name: string, make: (lab: Lab) => Promise<T>): Promise<T> {
        const made = shared.get(name) ?? make(forAll)
        shared.set(name, made)
        return made as Promise<T>
      },
      server(settings) {
        const server = startServer({ DATA_DIR: lab.folder(), ...settings })
        atEnd(async () => {
          if (server.isAlive()) server.signal('SIGKILL')
          await server.exited
        })
        return server
      },
      async markets(options = {}) {
        const markets = await listeningMarkets({
          providers: ['vast'],
          seed: 7,
          random: seededRandom(7),
          speed: 30,
          ...options,
        })
        atEnd(() => markets.close())
        return markets
      },
      folder() {
        const folder = mkdtempSync(join(tmpdir(), 'gpufleet-acceptance-'))
        atEnd(() => rmSync(folder, { recursive: true, force: true }))
        return folder
      },
      run: (command, args, env = {}) =>
        new Promise((resolve, reject) => {
          const child = spawn(command, args, { cwd: root, env: { ...process.env, ...env } })
          let output = ''
          for (const stream of [child.stdout, child.stderr]) {
            stream.on('data', (chunk) => {
              output += chunk
            })
          }
          child.once('error', reject)
          child.once('close', (status) => resolve({ status, output }))
        }),
    }
    return lab
  }

  async function endAll(list: (() => unknown)[]): Promise<void> {
    for (const end of list.splice(0).reverse()) await end()
  }
  return {
    ...forOne,
    endCheck: () => endAll(ends.check),
    close: () => endAll(ends.shared),
  }
}

/** A contract's document, or undefined where it is not at hand. */
export function documentOf(name: string): string | undefined {
  const file = join(referenceDir, 'contracts', name)
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined
}

/** Says what is wrong when it is. */
export function expectThat(condition: unknown, otherwise: string): asserts condition {
  if (!condition) throw new Error(otherwise)
}

/** Deep equality by JSON, with both in the message. */
export function expectSame(found: unknown, wanted: unknown, what: string): void {
  const [one, other] = [found, wanted].map((value) => JSON.stringify(value))
  if (one !== other) throw new Error(`${what} is ${one}, not ${other}`)
}
