/** `npm run backup` and `npm run restore` as a person runs them, around a real server. */

import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { seededRandom } from '../simulators/kit/random.ts'
import { ask, launchReady, until } from './kill/ask.ts'
import { listeningMarkets, type Markets } from './kit/markets.ts'
import { root, type ServerProcess, startServer } from './kit/server-process.ts'

let dataDir: string
let copies: string
let markets: Markets
let server: ServerProcess | undefined

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'gpufleet-backup-'))
  copies = mkdtempSync(join(tmpdir(), 'gpufleet-copies-'))
  markets = await listeningMarkets({ providers: ['runpod'], seed: 7, random: seededRandom(7), speed: 1 })
  markets.order('runpod', 'pace', { loadingMs: 500, terminatingMs: 500 })
})
afterEach(async () => {
  server?.signal('SIGKILL')
  await server?.exited
  await markets.close()
  for (const folder of [dataDir, copies]) rmSync(folder, { recursive: true, force: true })
})

const wish = { provider: 'runpod', gpu_model: 'RTX 4090', image: 'ubuntu:24.04' }
const billing = () => markets.ours().filter((machine) => machine.billing)

async function started(): Promise<string> {
  server = startServer({ ...markets.settings, DATA_DIR: dataDir })
  return server.url
}

function run(script: 'backup' | 'restore', file: string): Promise<{ code: number; said: string }> {
  const env = { PATH: process.env.PATH, HOME: process.env.HOME, DATA_DIR: dataDir, ENV_FILE: '' }
  return new Promise((resolve) => {
    execFile('npm', ['run', '--silent', script, '--', file], { cwd: root, env }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), said: stdout + stderr })
    })
  })
}

test('a copy is made while the server runs; put back, what was rented since is found, and what has ended is settled', async () => {
  const url = await started()
  const status = async (at: string, id: string) => (await ask(at, 'GET', `/api/v1/instances/${id}`)).body.data?.status
  const [kept, ended] = [await launchReady(url, wish), await launchReady(url, wish)]
  const copy = join(copies, 'copy.db')
  const backup = await run('backup', copy)
  expect(backup).toMatchObject({ code: 0, said: expect.stringContaining('was copied to') })

  const later = await launchReady(url, wish)
  await ask(url, 'DELETE', `/api/v1/instances/${ended}`)
  await until(async () => (await status(url, ended)) === 'terminated')
  expect(await run('restore', copy)).toMatchObject({
    code: 1,
    said: expect.stringContaining('is in use by another gpufleet'),
  })
  server?.signal('SIGTERM')
  expect((await server?.exited)?.code).toBe(0)
  expect(await run('restore', copy)).toMatchObject({ code: 0, said: expect.stringContaining('is now what') })

  const again = await started()
  await until(async () => (await status(again, later)) === 'ready')
  await until(async () => (await status(again, ended)) === 'failed')
  expect(await status(again, kept)).toBe('ready')
  // Nothing was rented anew in the place of what had ended.
  expect(billing()).toHaveLength(2)

  for (const id of [kept, later]) await ask(again, 'DELETE', `/api/v1/instances/${id}`)
  await until(async () => billing().length === 0)
}, 300_000)
