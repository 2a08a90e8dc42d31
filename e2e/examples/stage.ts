/** Runs examples as a reader would, in programs of their own, against a product that listens and whose time goes on meanwhile. */

import { spawn, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as realTime } from 'node:timers/promises'
import type { World } from '../world.ts'
import type { Example } from './extract.ts'

export interface Outcome {
  /** What the program printed; of a request, what came back. */
  output: string
  exitCode: number | null
  /** Of the last HTTP answer of a curl command or a request. */
  status: number | undefined
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into answers of every shape
  body: any
}

export interface Stage {
  /** Where the product listens. */
  base: string
  /**
   * @param replaced  ids and keys of the document, and those of here; hosts and ports are replaced anyway
   */
  run(example: Example, replaced?: Readonly<Record<string, string>>): Promise<Outcome>
}

/**
 * @param headers  what curl and bare requests send along: a key
 */
export async function stageOf(
  world: Pick<World, 'application' | 'pass'>,
  headers: Readonly<Record<string, string>> = {},
): Promise<Stage> {
  const base = await world.application.http.listen({ host: '127.0.0.1', port: 0 })

  function program(command: string, args: readonly string[], env: Record<string, string> = {}): Promise<Outcome> {
    const child = spawn(command, args, { env: { ...process.env, NO_PROXY: '*', no_proxy: '*', ...env } })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        output += chunk
      })
    }
    const ended = new Promise<Outcome>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (exitCode) => resolve({ output, exitCode, status: undefined, body: undefined }))
    })
    return meanwhile(world, ended)
  }

  async function curl(code: string): Promise<Outcome> {
    const also = Object.entries(headers).map(([name, value]) => `-H '${name}: ${value}'`)
    const { output, exitCode } = await program('bash', ['-c', [code, ...also, "-s -w '\\n%{http_code}'"].join(' ')])
    const end = output.lastIndexOf('\n')
    return withBody(output.slice(0, end), Number(output.slice(end + 1)), exitCode)
  }

  async function request(code: string): Promise<Outcome> {
    const [head = '', ...rest] = code.split('\n\n')
    const [first = '', ...lines] = head.split('\n')
    const [method = 'GET', path = '/'] = first.split(' ')
    const own = Object.fromEntries(lines.map((line) => line.split(': ', 2) as [string, string]))
    const body = rest.join('\n\n')
    const answered = fetch(base + path, { method, headers: { ...headers, ...own }, ...(body !== '' && { body }) })
    const reply = await meanwhile(
      world,
      answered.then(async (answer) => ({ status: answer.status, text: await answer.text() })),
    )
    return withBody(reply.text, reply.status, 0)
  }

  return {
    base,
    run({ language, code }, replaced = {}) {
      let text = code.replaceAll(/http:\/\/localhost:\d+/g, base)
      for (const [theirs, ours] of Object.entries(replaced)) text = text.replaceAll(theirs, ours)
      switch (language) {
        case 'curl':
          return curl(text)
        case 'request':
          return request(text)
        case 'python':
          return program('python3', ['-c', text], pythonPath())
        case 'javascript':
          return program(process.execPath, [join(import.meta.dirname, 'run-javascript.cjs')], { EXAMPLE: text })
      }
    },
  }
}

/** Lets simulated time go on, with the worker at work, until something of the real world is over. */
export async function meanwhile<T>(world: Pick<World, 'pass'>, work: Promise<T>): Promise<T> {
  let isOver = false
  const over = () => {
    isOver = true
  }
  work.then(over, over)
  while (!isOver) {
    await world.pass(3_000)
    // What comes over a socket comes in real time.
    await realTime(5)
  }
  return work
}

function withBody(output: string, status: number, exitCode: number | null): Outcome {
  let body: unknown
  try {
    body = JSON.parse(output)
  } catch {
    body = undefined
  }
  return { output, exitCode, status, body }
}

/** The stand-in for the `requests` package is found only where the package is not. */
function pythonPath(): Record<string, string> {
  const isThere = spawnSync('python3', ['-c', 'import requests']).status === 0
  return isThere ? {} : { PYTHONPATH: import.meta.dirname }
}
