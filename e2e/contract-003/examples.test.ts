import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { aWorld, type World } from '../world.ts'

const reference = process.env.REFERENCE_DIR ?? join(import.meta.dirname, '../../../shared')
const contract = join(reference, 'contracts/003-gpu-cloud-manager-api.md')
const present = existsSync(contract)

let world: World & { dataDir: string }
let base: string

beforeAll(async () => {
  world = await aWorld()
  base = await world.application.http.listen({ host: '127.0.0.1', port: 0 })
  // The market is swept once, so that the examples find something.
  await world.until(async () => {
    const reply = await world.call('GET', '/api/v1/offers/search?limit=1')
    return reply.body.data.length > 0 && reply.body.warnings.length === 0
  }, 120_000)
})
afterAll(() => world.close())

describe.skipIf(!present)(`contract 003, as its document has it (${contract})`, () => {
  test('S003-60 the Python client runs unchanged', async () => {
    const code = blockOf('python').replaceAll('http://localhost:8080', base)
    const { output, exitCode } = await run('python3', ['-c', code], { PYTHONPATH: import.meta.dirname })
    expect(exitCode, output).toBe(0)
    expect(output).toMatch(/Total available instances: \d+/)
    expect(output).toMatch(/Average price: \$\d+\.\d\d\/hour/)
    expect(output).toMatch(/Created instance: inst_[0-9a-z]{16}/)
    expect(output).toMatch(/Provider: \w+\n/)
    expect(output).toMatch(/GPU: RTX 4090\n/)
    expect(output).toMatch(/Price: \$\d+\.\d\d\/hour/)
  })

  test('the curl examples run as written', async () => {
    const examples = curlCommands(readFileSync(contract, 'utf8'))
    expect(examples.length).toBeGreaterThan(8)
    for (const example of examples) {
      const command = `${example.replaceAll('http://localhost:8080', base)} -s -w '\\n%{http_code}'`
      // The document's creation example names an offer that nobody has.
      const { output } = await run('bash', ['-c', command])
      const status = output.trim().split('\n').at(-1)
      const body = JSON.parse(output.slice(0, output.lastIndexOf('\n')))
      if (example.includes('gpu_type_id_here')) {
        expect(status, output).toBe('409')
        expect(body.code).toBe('offer_gone')
      } else {
        expect(status, `${command}\n${output.slice(0, 500)}`).toBe('200')
        expect(body.success).toBe(true)
        expect(body.data).toBeDefined()
      }
    }
  })
})

/** Each `curl …`, over as many lines as its quotes and backslashes take. */
function curlCommands(text: string): string[] {
  const commands: string[] = []
  let open: string | null = null
  for (const line of text.split('\n')) {
    if (open === null && !line.startsWith('curl ')) continue
    const command: string = open === null ? line : `${open}\n${line}`
    const complete = command.split("'").length % 2 === 1 && !command.endsWith('\\')
    if (complete) commands.push(command)
    open = complete ? null : command
  }
  return commands
}

function blockOf(language: string): string {
  const code = new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(readFileSync(contract, 'utf8'))?.[1]
  if (code === undefined) throw new Error(`the contract has no ${language} example`)
  return code
}

/** Runs a program while the simulated time goes on. */
function run(
  command: string,
  args: string[],
  env: Record<string, string> = {},
): Promise<{ output: string; exitCode: number | null }> {
  const child = spawn(command, args, { env: { ...process.env, ...env } })
  let output = ''
  child.stdout.on('data', (chunk) => {
    output += chunk
  })
  child.stderr.on('data', (chunk) => {
    output += chunk
  })
  return world.clock.drive(
    new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (exitCode) => resolve({ output, exitCode }))
    }),
  )
}
