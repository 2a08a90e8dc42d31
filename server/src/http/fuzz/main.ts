/** `npm run fuzz -- --requests 200000 --seed 1`: the same as the test does, for as long as one likes. */

import { parseArgs } from 'node:util'
import { fuzz } from './run.ts'

const { values } = parseArgs({ options: { requests: { type: 'string' }, seed: { type: 'string' } } })
const requests = Number(values.requests ?? 100_000)
const seed = Number(values.seed ?? 1)
if (!Number.isSafeInteger(requests) || !Number.isSafeInteger(seed))
  throw new Error('--requests and --seed take numbers')
const { sent, reachedApp, good, failures } = await fuzz({ seed, requests })
console.log(`${sent} requests with seed ${seed}, ${Math.round((100 * reachedApp) / sent)} % reached app`)
for (const [name, count] of good) console.log(`${String(count).padStart(8)} good  ${name}`)
for (const one of failures) console.error(`\n${one}`)
process.exitCode = failures.length === 0 ? 0 : 1
