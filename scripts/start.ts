/**
 * `npm start`: the server, and without any provider key a simulated market to go with it.
 *
 * With no key at all the five simulators are started on free ports, and the server is pointed at them, with its data in
 * a folder of their own. Real and simulated marketplaces are never mixed, and nothing of this happens in production.
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { dirname, join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { environmentWithFile } from '../server/src/config/environment.ts'
import { environmentNamingFile } from './settings-file.ts'

// What is written holds keys and plans: it is for its owner alone.
process.umask(0o077)

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const providers = ['vast', 'runpod', 'lambda', 'paperspace', 'novita'] as const
const keyNames = [...providers.map((name) => `${name.toUpperCase()}_API_KEY`), 'VAST_AI_API_KEY', 'LAMBDA_LABS_API_KEY']

const help = `npm start -- [options]

  --simulated      the simulated market, also when provider keys are set
  --speed X        how much faster than life the simulated market loads and drifts (default 30)
  --seed N         the same seed makes the same market (default 7)
  --vast-offers F  a recorded Vast answer for the simulated market
  --watch          start again when the sources change
  --help

Settings come from the environment and from .env; .env.example lists them.`

const { values: options } = parseArgs({
  options: {
    simulated: { type: 'boolean', default: false },
    speed: { type: 'string', default: '30' },
    seed: { type: 'string', default: '7' },
    'vast-offers': { type: 'string' },
    watch: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

if (options.help) {
  console.log(help)
  process.exit(0)
}
const own = environmentNamingFile()
const settings = environmentWithFile(own)

const production = settings.NODE_ENV === 'production' || settings.ENVIRONMENT === 'production'
const configured = keyNames.filter((name) => (settings[name] ?? '') !== '')
if (options.simulated && production) {
  console.error('gpufleet: no simulated market in production; unset NODE_ENV and ENVIRONMENT, or leave --simulated out')
  process.exit(2)
}
const simulated = options.simulated || (configured.length === 0 && !production)

const children: ChildProcess[] = []
let stopping = false
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop(signal))
// npm passes no SIGTERM on: when it is gone, so are we.
const parent = process.ppid
if (process.env.npm_lifecycle_event !== undefined) {
  setInterval(() => process.ppid !== parent && stop('SIGTERM'), 1_000).unref()
}

const environment = simulated ? { ...own, ...(await simulatedMarket()) } : own
const server = start(
  [...(options.watch ? ['--watch-path=server/src', '--watch-preserve-output'] : []), join(root, 'server/src/main.ts')],
  environment,
)
server.on('exit', (code, signal) => {
  stop('SIGTERM')
  process.exitCode = code ?? (signal === 'SIGINT' || signal === 'SIGTERM' ? 0 : 1)
})

/** Starts the simulators and says where they are, as settings of the server. */
async function simulatedMarket(): Promise<Record<string, string>> {
  const dataDir = resolve(root, settings.DATA_DIR ?? './data', 'simulated')
  const simulators = start(
    [
      join(root, 'simulators/main.ts'),
      '--json',
      '--speed',
      options.speed,
      '--seed',
      options.seed,
      '--state',
      join(dataDir, 'market'),
      ...(options['vast-offers'] === undefined ? [] : ['--vast-offers', options['vast-offers']]),
    ],
    process.env,
    'pipe',
  )
  const urls = JSON.parse(await firstLine(simulators)) as Record<string, string>
  simulators.on('exit', () => {
    if (!stopping) console.error('gpufleet: the simulated market has stopped; so does the server')
    stop('SIGTERM')
  })
  const market: Record<string, string> = { DATA_DIR: dataDir, MARKET_LABEL: 'simulated' }
  for (const name of keyNames) market[name] = ''
  for (const name of providers) {
    market[`${name.toUpperCase()}_API_KEY`] = `sim-${name}`
    market[`${name.toUpperCase()}_API_KEY_2`] = ''
    market[`${name.toUpperCase()}_API_BASE_URL`] = urls[name] ?? ''
  }
  return market
}

function start(args: string[], env: NodeJS.ProcessEnv, stdout: 'inherit' | 'pipe' = 'inherit'): ChildProcess {
  // A group of its own, so that Ctrl-C reaches it through us, once, and in order.
  const child = spawn(process.execPath, args, { cwd: root, env, stdio: ['ignore', stdout, 'inherit'], detached: true })
  children.push(child)
  return child
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((found, failed) => {
    if (child.stdout === null) return failed(new Error('no output to read'))
    createInterface({ input: child.stdout }).once('line', found)
    child.once('exit', () => failed(new Error('the simulated market did not start; see above')))
  })
}

/** The server goes first: it still wants to ask the simulated marketplaces. */
function stop(signal: NodeJS.Signals): void {
  if (stopping) return
  stopping = true
  const running = children.filter((child) => child.exitCode === null && child.signalCode === null).reverse()
  const [first, ...rest] = running
  if (first === undefined) return
  const others = () => {
    for (const child of rest) child.kill('SIGTERM')
  }
  if (first === server) first.once('exit', others)
  else others()
  first.kill(signal)
}
