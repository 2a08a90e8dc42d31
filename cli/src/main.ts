/** `gpufleet` on this machine: the only file of the CLI that knows the process. */

import { spawn } from 'node:child_process'
import { createWriteStream, readFileSync } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { createInterface } from 'node:readline'
import { pipeline } from 'node:stream/promises'
import { runCli } from './program.ts'
import { withoutControls } from './text/colors.ts'
import type { World } from './world.ts'

const interrupt = new AbortController()

// The first Ctrl-C ends what goes on in good order, the second at once.
process.on('SIGINT', () => {
  if (interrupt.signal.aborted) process.exit(130)
  interrupt.abort()
})
// `gpufleet list | head` closes the pipe early; that is no mistake.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))
}

const world: World = {
  env: process.env,
  home: homedir(),
  fetch: globalThis.fetch,
  out: (line) => void process.stdout.write(`${withoutControls(line)}\n`),
  err: (line) => void process.stderr.write(`${withoutControls(line)}\n`),
  terminal: {
    input: process.stdin.isTTY === true,
    output: process.stdout.isTTY === true,
    errors: process.stderr.isTTY === true,
    columns: process.stdout.columns,
  },
  now: Date.now,
  newKey: () => crypto.randomUUID(),
  ask,
  readFile,
  writeFile,
  run,
  interrupted: interrupt.signal,
}

runCli(process.argv.slice(2), world).then((exitCode) => {
  process.exitCode = exitCode
})

function ask(question: string): Promise<string> {
  return new Promise((answered) => {
    const input = createInterface({ input: process.stdin, output: process.stderr })
    let answer: string | undefined
    input.once('SIGINT', () => {
      interrupt.abort()
      input.close()
    })
    input.once('close', () => {
      if (answer === undefined) process.stderr.write('\n')
      answered(answer ?? '')
    })
    input.question(question, (text) => {
      answer = text
      input.close()
    })
  })
}

function readFile(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

async function writeFile(path: string, pieces: AsyncIterable<Uint8Array>): Promise<void> {
  const partial = `${path}.part`
  try {
    await pipeline(pieces, createWriteStream(partial))
    await rename(partial, path)
  } catch (error) {
    await rm(partial, { force: true })
    throw error
  }
}

function run(program: string, args: readonly string[]): Promise<number> {
  return new Promise((done, failed) => {
    const child = spawn(program, args, { stdio: 'inherit' })
    child.once('error', failed)
    child.once('exit', (code, signal) => done(code ?? (signal === 'SIGINT' ? 130 : 1)))
  })
}
