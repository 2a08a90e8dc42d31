import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { afterEach, describe, expect, test } from 'vitest'
import { signatureHeaders } from '../server/src/outbound/webhook-signature.ts'

const guide = readFileSync(new URL('../docs/how-to/receive-webhooks.md', import.meta.url), 'utf8')
const secret = `whsec_${Buffer.alloc(32, 9).toString('base64')}`
const body = JSON.stringify({ type: 'instance.ready', data: { message: 'it is ready: ü' } })

const running: ChildProcess[] = []
afterEach(async () => {
  for (const child of running.splice(0)) {
    child.kill()
    await once(child, 'exit')
  }
})

function blockOf(language: string): string {
  const code = new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'm').exec(guide)?.[1]
  if (code === undefined) throw new Error(`the guide has no ${language}`)
  return code
}

async function receiver(program: string, args: string[]) {
  const child = spawn(program, args, {
    env: { ...process.env, PORT: '0', WEBHOOK_SECRET: secret },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  running.push(child)
  if (child.stdout === null) throw new Error('it has no output')
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  const nextLine = async () => String((await lines.next()).value)
  const port = /^listening on (\d+)$/.exec(await nextLine())?.[1]
  const post = async (headers: Record<string, string>, sent = body) =>
    (await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', headers, body: sent })).status
  return { post, nextLine }
}

const signed = (id: string, { at = Date.now(), secrets = [secret] } = {}) =>
  signatureHeaders({ style: 'standard', id, body, secrets }, at)

describe.each([
  ['Node', process.execPath, ['--input-type=module', '--eval', blockOf('js')]],
  ['Python', 'python3', ['-c', blockOf('python')]],
])('the receiver in %s', (_, program, args) => {
  test('takes what we sign, once, and nothing else', async () => {
    const { post, nextLine } = await receiver(program, args)
    const another = `whsec_${Buffer.alloc(32, 8).toString('base64')}`
    expect(await post(signed('msg_1'))).toBe(204)
    expect(await nextLine()).toBe('instance.ready it is ready: ü')
    expect(await post(signed('msg_1'))).toBe(204)
    expect(await post(signed('msg_2', { secrets: [another, secret] }))).toBe(204)
    // The second message, not the first one again.
    expect(await nextLine()).toBe('instance.ready it is ready: ü')

    expect(await post(signed('msg_3'), body.replace('ready', 'gone'))).toBe(401)
    expect(await post({ ...signed('msg_4'), 'webhook-id': 'msg_5' })).toBe(401)
    expect(await post(signed('msg_6', { secrets: [another] }))).toBe(401)
    expect(await post(signed('msg_7', { at: Date.now() - 600_000 }))).toBe(401)
    expect(await post({})).toBe(401)
  })
})
