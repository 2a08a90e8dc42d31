/**
 * `npm run simulate -- --seeds 1000 [--from N] [--jobs 2]`, or `--seed N --trace` for one with all that happened.
 */

import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { createFace } from './face.ts'
import { Broken } from './invariants.ts'
import { mutations } from './mutations.ts'
import { differenceOf, reportOf, type Told } from './report.ts'
import { runSeed } from './run-seed.ts'
import { warmUp } from './warm-up.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '100' },
    from: { type: 'string', default: '0' },
    seed: { type: 'string' },
    trace: { type: 'boolean', default: false },
    twice: { type: 'boolean', default: false },
    jobs: { type: 'string', default: '2' },
    worker: { type: 'boolean', default: false },
    /** Whose weather is wanted; `mutate.ts` plants the bug itself. */
    mutation: { type: 'string' },
    /** Stops at the first seed that is broken, and fails when there is none. */
    hunt: { type: 'boolean', default: false },
  },
})

/** A worker keeps something of each world that it ran; it is replaced before that fills the memory. */
const seedsPerWorker = 500

const mutation = mutations.find((one) => one.name === values.mutation)
const face = createFace()
if (values.worker) await work()
else if (values.hunt) await hunt(Number(values.from), Number(values.seeds))
else if (values.seed !== undefined) await one(Number(values.seed))
else await many(Number(values.from), Number(values.seeds), Number(values.jobs))

async function one(seed: number): Promise<void> {
  await warmUp(face)
  const begun = performance.now()
  const { broken, trace, hash } = await runSeed(seed, face, {
    echo: values.trace ? (line) => console.log(line) : undefined,
    tilt: mutation?.tilt,
  })
  const took = Math.round(performance.now() - begun)
  console.log(
    `seed ${seed}: ${broken === null ? 'holds' : broken.stack}\n${trace.lines().length} lines, hash ${hash}, ${took} ms`,
  )
  process.exitCode = broken === null ? 0 : 1
}

async function hunt(from: number, count: number): Promise<void> {
  await warmUp(face)
  for (let seed = from; seed < from + count; seed += 1) {
    const { broken } = await runSeed(seed, face, { tilt: mutation?.tilt })
    const isCaught = broken instanceof Broken && mutation?.caughtBy.includes(broken.invariant) === true
    if (broken !== null && !isCaught) console.log(`seed ${seed} is broken otherwise: ${broken.message}`)
    if (!isCaught) continue
    console.log(`caught by seed ${seed} after ${seed - from + 1} seeds: ${broken.message}`)
    return
  }
  console.log(`not caught by ${count} seeds`)
  process.exitCode = 1
}

/** Runs the seeds that it is sent, one after the other. */
async function work(): Promise<void> {
  await warmUp(face)
  process.on('message', async (seed: number) => {
    const options = { tilt: mutation?.tilt }
    const first = await runSeed(seed, face, options)
    const again = values.twice ? await runSeed(seed, face, options) : first
    const broken = first.broken === null ? null : `${first.broken.stack}`
    const differs = first.hash === again.hash ? null : differenceOf(first.trace.lines(), again.trace.lines())
    process.send?.({ seed, broken, differs, lines: broken === null ? [] : first.trace.lines() })
  })
  process.send?.('ready')
}

async function many(from: number, count: number, jobs: number): Promise<void> {
  const begun = performance.now()
  let next = from
  let done = 0
  let failed = 0
  await Promise.all(
    Array.from({ length: Math.max(1, jobs) }, async () => {
      while (next < from + count) await runInWorker()
    }),
  )

  const seconds = (performance.now() - begun) / 1000
  console.log(
    `${done} seeds from ${from}: ${failed === 0 ? 'all hold' : `${failed} broken`}; ${seconds.toFixed(1)} s, ${((1000 * seconds * jobs) / Math.max(1, done)).toFixed(0)} ms each`,
  )
  process.exitCode = failed === 0 ? 0 : 1

  function runInWorker(): Promise<void> {
    return new Promise((resolve, reject) => {
      const worker = fork(fileURLToPath(import.meta.url), ['--worker', ...(values.twice ? ['--twice'] : [])])
      let given = 0
      worker.on('message', (told: Told | 'ready') => {
        if (told !== 'ready') {
          done += 1
          if (told.broken !== null || told.differs !== null) {
            failed += 1
            console.log(reportOf(told))
          }
        }
        given += 1
        if (next < from + count && given <= seedsPerWorker) worker.send(next++)
        else worker.disconnect()
      })
      worker.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`a worker ended with ${code}`))))
    })
  }
}
