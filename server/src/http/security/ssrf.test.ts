import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { isPublicAddress } from '../../outbound/address-rules.ts'
import { type HttpWorld, httpWorld } from '../../testing/http-world.ts'

let world: HttpWorld
beforeEach(async () => {
  world = await httpWorld()
})
afterEach(() => world.close())

const addWebhook = (url: string) => world.ask('POST', '/api/v1/webhooks', { url })

describe('a webhook is not delivered inside', () => {
  test.each([
    'http://127.0.0.1/',
    'http://127.1/',
    'http://2130706433/',
    'http://0x7f000001/',
    'http://0177.0.0.1/',
    'http://0/',
    'http://localhost:8080/api/v1/instances',
    'http://LOCALHOST./',
    'http://db.localhost/',
    'http://[::1]/',
    'http://[::]/',
    'http://[::ffff:127.0.0.1]/',
    'http://[::ffff:a9fe:a9fe]/',
    'http://[64:ff9b::7f00:1]/',
    'http://[fe80::1]/',
    'http://[fd00::1]/',
    'http://10.0.0.1/',
    'http://172.16.0.1/',
    'http://192.168.1.1/',
    'http://100.64.0.1/',
    'http://169.254.169.254/latest/meta-data/',
    'https://user:password@hooks.example/',
    'file:///etc/passwd',
    'gopher://hooks.example/',
    'javascript:alert(1)',
    'http://',
  ])('%s', async (url) => {
    const { status, text } = await addWebhook(url)
    expect(status).toBe(400)
    expect(text).not.toContain('password@')
    expect((await world.ask('GET', '/api/v1/webhooks')).json.data).toEqual([])
  })

  test('a name is taken: what it means is looked at when it is used', async () => {
    expect((await addWebhook('https://hooks.example/in')).status).toBe(201)
  })
})

describe('an address of ours is not public', () => {
  test.each(['127.0.0.1', '10.1.2.3', '169.254.169.254', '100.100.100.200', '::1', 'fd00:ec2::254', '::ffff:10.0.0.1'])(
    '%s',
    (address) => {
      expect(isPublicAddress(address)).toBe(false)
    },
  )
})

test.each(['//169.254.169.254/', '/\\169.254.169.254/', '@169.254.169.254/', 'http://169.254.169.254/'])(
  'a health check stays on its machine: %s',
  async (path) => {
    const body = { provider: 'vast', offer_id: '4090', ports: [{ container_port: 80 }], health: { path, port: 80 } }
    expect((await world.ask('POST', '/api/v1/instances', body)).status).toBe(400)
  },
)
