/** The real server as a process of its own, as `npm start` runs it: with a database file, a port, and a life that can be ended. */

import { type ChildProcess, spawn } from 'node:child_process'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

export interface Exit {
  code: number | null
  signal: NodeJS.Signals | null
  /** From the moment of the start. */
  afterMs: number
}

export interface ServerProcess {
  readonly pid: number
  /** Where it listens. Rejects when it ends before. */
  readonly url: Promise<string>
  readonly exited: Promise<Exit>
  isAlive(): boolean
  signal(signal: NodeJS.Signals): void
  /** What it has written so far, on both streams. */
  output(): string
  /** Resolves with the first line that matches, also when it was written before. */
  line(pattern: RegExp, withinMs?: number): Promise<string>
}

/** Nothing of the tester's own environment reaches it: no keys, no settings. */
const inherited = ['PATH', 'HOME', 'TMPDIR', 'LANG']

export function startServer(settings: Record<string, string>): ServerProcess {
  return startProgram([join(root, 'server/src/main.ts')], {
    PORT: '0',
    LOG_FORMAT: 'json',
    RATE_LIMIT_ENABLED: 'false',
    ...settings,
  })
}

export function startProgram(args: readonly string[], settings: Record<string, string>): ServerProcess {
  const environment = Object.fromEntries(inherited.flatMap((name) => withValue(name, process.env[name])))
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: { ...environment, ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const begunAt = Date.now()
  const lines: string[] = []
  const waiting = new Set<() => void>()
  const tell = () => {
    for (const look of waiting) look()
  }
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (text) => {
      lines.push(text)
      tell()
    })
  }
  // Whoever stops the test stops what it started.
  const takeAlong = () => void child.kill('SIGKILL')
  process.once('exit', takeAlong)
  const exited = new Promise<Exit>((resolve) => {
    child.once('close', (code, signal) => {
      process.off('exit', takeAlong)
      resolve({ code, signal, afterMs: Date.now() - begunAt })
      setImmediate(tell)
    })
  })

  function line(pattern: RegExp, withinMs = 30_000): Promise<string> {
    return new Promise((resolve, reject) => {
      const done = (settle: () => void) => {
        waiting.delete(look)
        clearTimeout(late)
        settle()
      }
      const fail = (why: string) => done(() => reject(new Error(`${why}: no line ${pattern}\n${lines.join('\n')}`)))
      const look = () => {
        const found = lines.find((text) => pattern.test(text))
        if (found !== undefined) done(() => resolve(found))
        else if (!isRunning(child)) fail('the process has ended')
      }
      const late = setTimeout(() => fail('waited in vain'), withinMs)
      waiting.add(look)
      look()
    })
  }

  const url = line(/listening on http/).then((text) => /listening on (http:\/\/[\d.:]+)/.exec(text)?.[1] ?? '')
  // Whoever is killed while it starts is not asked where it listens.
  url.catch(() => {})
  return {
    pid: child.pid ?? 0,
    url,
    exited,
    isAlive: () => isRunning(child),
    signal: (signal) => void child.kill(signal),
    output: () => lines.join('\n'),
    line,
  }
}

function isRunning({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null
}

function withValue(name: string, value: string | undefined): [string, string][] {
  return value === undefined ? [] : [[name, value]]
}
