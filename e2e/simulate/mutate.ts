/** `npm run simulate:mutations [-- --seeds 60] [--only "label lost"]`: plants each bug, and counts the seeds until it is caught. */

import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { mutations } from './mutations.ts'

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '60' },
    jobs: { type: 'string', default: '2' },
    only: { type: 'string' },
  },
})

const left = mutations.filter(({ name }) => values.only === undefined || name === values.only)
let missed = 0
await Promise.all(Array.from({ length: Number(values.jobs) }, takeAll))
process.exitCode = missed === 0 ? 0 : 1

async function takeAll(): Promise<void> {
  for (let mutation = left.shift(); mutation !== undefined; mutation = left.shift()) {
    const { code, output } = await run(mutation.name)
    const caught = /^caught by seed (\d+) after (\d+) seeds: (\w+): (.*)$/m.exec(output)
    if (code !== 0 || caught === null) missed += 1
    const [, seed, count, invariant, message = ''] = caught ?? []
    console.log(
      caught === null
        ? `NOT CAUGHT  ${mutation.name}\n${output}`
        : `caught      ${mutation.name.padEnd(52)} ${String(count).padStart(3)} seeds, seed ${seed}, ${invariant}: ${message.slice(0, 120)}`,
    )
  }
}

function run(name: string): Promise<{ code: number | null; output: string }> {
  const main = fileURLToPath(new URL('main.ts', import.meta.url))
  const planting = `data:text/javascript,${encodeURIComponent(
    `import { plant } from ${JSON.stringify(new URL('plant.ts', import.meta.url).href)}; plant(${JSON.stringify(name)})`,
  )}`
  const child = spawn(process.execPath, [
    '--import',
    planting,
    main,
    '--hunt',
    '--mutation',
    name,
    '--seeds',
    values.seeds,
  ])
  let output = ''
  child.stdout.on('data', (chunk) => {
    output += chunk
  })
  child.stderr.on('data', (chunk) => {
    output += chunk
  })
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, output })))
}
