/**
 * All five simulated marketplaces, listening on 127.0.0.1.
 *
 *     npm run simulators -- --port-base 9100 --speed 60 --seed 7
 *
 * The ports follow in the order vast, runpod, lambda, paperspace, novita; without a base, free ones are taken. With a state
 * folder the market goes on where it was.
 */

import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { flowingClock, type SimClock } from './kit/clock.ts'
import { controlled } from './kit/controlled.ts'
import { type Listening, listen } from './kit/listen.ts'
import type { Marketplace, SimulatorOptions } from './kit/simulator.ts'
import { createLambda } from './lambda/lambda.ts'
import { createNovita } from './novita/novita.ts'
import { createPaperspace } from './paperspace/paperspace.ts'
import { createRunpod } from './runpod/runpod.ts'
import { recordedOffersFrom } from './vast/recorded.ts'
import { createVast } from './vast/vast.ts'

const help = `Simulated GPU marketplaces: vast, runpod, lambda, paperspace, novita (ports in this order).

  --port-base N       first port; without it, free ports
  --speed X           loading, lag and market drift X times faster; meters stay on wall time (default 1)
  --seed N            the same seed makes the same market (default 7)
  --state DIR         keep the market there between runs
  --vast-offers FILE  a recorded Vast answer (JSON, may be gzipped) instead of the made-up market
  --json              print the addresses as one line of JSON
  --help

The accepted API keys are sim-vast, sim-runpod, sim-lambda, sim-paperspace and sim-novita.
Orders and the bill are under /_control/ of each; see simulators/kit/controlled.ts.`

interface Options {
  portBase: number | null
  speed: number
  seed: number
  stateDir: string | null
  vastOffers: string | null
  json: boolean
}

const saveEveryMs = 1_000

async function main(): Promise<void> {
  const options = optionsFrom(process.argv.slice(2))
  const saved = options.stateDir === null ? emptyState() : readState(options.stateDir)
  const clock = flowingClock({ speed: options.speed, epoch: saved.epoch })
  const marketplaces = create(options, clock, saved)

  const listening: Listening[] = []
  for (const [position, marketplace] of marketplaces.entries()) {
    const port = options.portBase === null ? 0 : options.portBase + position
    listening.push(await listen(controlled(marketplace, clock), port))
  }

  if (options.json) console.log(JSON.stringify(Object.fromEntries(listening.map(({ name, url }) => [name, url]))))
  else for (const { name, url } of listening) console.log(`${name.padEnd(10)} ${url}  key sim-${name}`)

  const save = () => {
    if (options.stateDir !== null) writeState(options.stateDir, marketplaces, saved.epoch)
  }
  const saving = setInterval(save, saveEveryMs)
  const stop = async () => {
    clearInterval(saving)
    await Promise.all(listening.map((one) => one.close()))
    save()
    process.exit(0)
  }
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
  // npm passes no SIGTERM on: when it is gone, so are we.
  const parent = process.ppid
  if (process.env.npm_lifecycle_event === 'simulators') {
    setInterval(() => process.ppid !== parent && process.kill(process.pid, 'SIGTERM'), 1_000).unref()
  }
}

function create(options: Options, clock: SimClock, saved: SavedState): Marketplace[] {
  const common = (name: string): SimulatorOptions => ({
    clock,
    seed: options.seed,
    ...(saved.markets[name] !== undefined && { restored: saved.markets[name] }),
  })
  const recordedOffers = options.vastOffers === null ? undefined : recordedOffersFrom(readJson(options.vastOffers))
  return [
    createVast({ ...common('vast'), ...(recordedOffers !== undefined && { recordedOffers }) }),
    createRunpod(common('runpod')),
    createLambda(common('lambda')),
    createPaperspace(common('paperspace')),
    createNovita(common('novita')),
  ]
}

function optionsFrom(args: string[]): Options {
  try {
    const { values } = parseArgs({
      args,
      options: {
        'port-base': { type: 'string' },
        speed: { type: 'string', default: '1' },
        seed: { type: 'string', default: '7' },
        state: { type: 'string' },
        'vast-offers': { type: 'string' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    })
    if (values.help) {
      console.log(help)
      process.exit(0)
    }
    return {
      portBase: values['port-base'] === undefined ? null : numberFrom('--port-base', values['port-base'], 1, 65_531),
      speed: numberFrom('--speed', values.speed, 0.01, 100_000),
      seed: numberFrom('--seed', values.seed, 0, 4_294_967_295),
      stateDir: values.state ?? null,
      vastOffers: values['vast-offers'] ?? null,
      json: values.json,
    }
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${help}`)
    process.exit(2)
  }
}

function numberFrom(name: string, text: string, least: number, most: number): number {
  const value = Number(text)
  if (!Number.isFinite(value) || value < least || value > most) {
    throw new RangeError(`${name} takes a number from ${least} to ${most}, not ${text}`)
  }
  return value
}

interface SavedState {
  epoch: number
  markets: Record<string, unknown>
}

function emptyState(): SavedState {
  return { epoch: Date.now(), markets: {} }
}

function readState(folder: string): SavedState {
  mkdirSync(folder, { recursive: true })
  try {
    return JSON.parse(readFileSync(join(folder, 'market.json'), 'utf8')) as SavedState
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return emptyState()
    throw new Error(`${join(folder, 'market.json')} cannot be read; remove it to begin with a new market`, {
      cause: error,
    })
  }
}

/** Written beside and renamed, so that a half-written file is never read. */
function writeState(folder: string, marketplaces: readonly Marketplace[], epoch: number): void {
  const state: SavedState = {
    epoch,
    markets: Object.fromEntries(marketplaces.map((one) => [one.name, one.snapshot()])),
  }
  const file = join(folder, 'market.json')
  writeFileSync(`${file}.new`, JSON.stringify(state), { mode: 0o600 })
  renameSync(`${file}.new`, file)
}

function readJson(file: string): unknown {
  const bytes = readFileSync(file)
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b
  return JSON.parse((isGzip ? gunzipSync(bytes) : bytes).toString('utf8'))
}

await main()
