import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { root } from '../kit/server-process.ts'
import { aWorld } from '../world.ts'
import { meanwhile } from './stage.ts'

const guide = readFileSync(join(root, 'docs/EXAMPLES.md'), 'utf8')
const blocks = [...guide.matchAll(/^```(bash|python|javascript)\n([\s\S]*?)^```$/gm)].map(
  ([, language = '', code = '']) => ({
    language,
    code,
  }),
)
const hasRequests = spawnSync('python3', ['-c', 'import requests']).status === 0

let world: Awaited<ReturnType<typeof aWorld>>
let base: string
let folder: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gpufleet-guide-'))
  writeFileSync(
    join(folder, 'gpufleet'),
    `#!/bin/sh\nexec '${process.execPath}' '${root}/cli/bin/gpufleet.cjs' "$@"\n`,
    {
      mode: 0o755,
    },
  )
  world = await aWorld()
  base = await world.application.http.listen({ host: '127.0.0.1', port: 0 })
})
afterAll(async () => {
  await world.close()
  rmSync(folder, { recursive: true, force: true })
})

describe('docs/EXAMPLES.md', () => {
  test('has examples of each kind', () => {
    expect(blocks.map(({ language }) => language)).toEqual(['bash', 'bash', 'python', 'javascript', 'bash'])
  })

  test('the command line', async () => {
    const output = await run(0)
    expect(output).toMatch(/RTX 4090/)
    expect(output).toMatch(/trial/)
    expect(output).toMatch(/unexplained spend: 0/)
  })

  test('curl', async () => {
    const answers = (await run(1)).match(/inst_[0-9a-z]{16}/g)
    expect(new Set(answers).size, 'one instance, though asked for twice').toBe(1)
  })

  test.skipIf(!hasRequests)('Python', async () => {
    const output = await run(2)
    expect(output).toMatch(/^ready at \w+ for 0\.\d+ USD an hour$/m)
    expect(output).toMatch(/^ended; only the marketplace can say so, and it has$/m)
  })

  test('JavaScript', async () => {
    expect(await run(3)).toMatch(/RTX 4090/)
    const { body } = await world.call('GET', '/api/v1/instances?label=from-javascript')
    expect(body.data.every(({ status }: { status: string }) => /^terminat/.test(status))).toBe(true)
  })

  test('the other APIs', async () => {
    const output = await run(4)
    expect(output).toMatch(/템플릿 'budget'을 사용하여/)
    expect(output).toMatch(/"instanceId":"inst_/)
    expect(output).toMatch(/"status":"healthy"/)
  })
})

/** Runs a block while the simulated time goes on, and whatever is due is done. Waiting takes no real time. */
async function run(index: number): Promise<string> {
  const { language = '', code = '' } = blocks[index] ?? {}
  const text = code.replaceAll(/http:\/\/localhost:\d+/g, base).replaceAll('sleep(5)', 'sleep(0.05)')
  const file = join(folder, `example-${index}.mjs`)
  // Beside the packages, where the client is found.
  const program = language === 'javascript' ? join(root, 'node_modules', `.guide-example-${process.pid}.mjs`) : file
  writeFileSync(program, text)
  const [command, ...args] = {
    bash: ['bash', '-e', file],
    python: ['python3', file],
    javascript: [process.execPath, program],
  }[language] ?? ['false']
  const child = spawn(command ?? 'false', args, {
    env: { ...process.env, GPUFLEET_URL: base, NO_PROXY: '*', PATH: `${folder}:${process.env.PATH}` },
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk
    })
  }
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  const exitCode = await meanwhile(world, ended)
  if (language === 'javascript') rmSync(program)
  expect(exitCode, output.slice(-2_000)).toBe(0)
  return output
}
