import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type HttpWorld, httpWorld } from '../testing/http-world.ts'

let world: HttpWorld
let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gpufleet-web-'))
  mkdirSync(join(folder, 'web', 'assets'), { recursive: true })
  writeFileSync(join(folder, 'web', 'index.html'), '<!doctype html><script type="module" src="/app.js"></script>')
  writeFileSync(join(folder, 'web', 'app.js'), 'export {}')
  writeFileSync(join(folder, 'web', 'assets', 'style.css'), 'body {}')
  writeFileSync(join(folder, 'secret.txt'), 'the key')
})
afterEach(async () => {
  await world.close()
  rmSync(folder, { recursive: true })
})

/** From another machine and without a key. */
const get = (url: string) => world.send({ method: 'GET', url, remoteAddress: '203.0.113.9' })

describe('the web page', () => {
  beforeEach(async () => {
    world = await httpWorld({ http: { webDir: join(folder, 'web') } })
  })

  test('its files need no key; what they show does', async () => {
    for (const [url, type] of [
      ['/', 'text/html'],
      ['/app.js', 'javascript'],
      ['/assets/style.css', 'text/css'],
    ] as const) {
      const { status, headers } = await get(url)
      expect(status).toBe(200)
      expect(headers['content-type']).toContain(type)
      expect(headers['content-security-policy']).toContain("script-src 'self'")
    }
    expect((await get('/api/v1/instances')).status).toBe(401)
    expect((await get('/metrics')).status).toBe(401)
  })

  test.each([
    '/assets/../api/v1/instances',
    '/assets/%2e%2e/api/v1/instances',
    '//api/v1/instances',
    '/assets/..%2f..%2fsecret.txt',
    '/../secret.txt',
    '/%2e%2e/secret.txt',
    '/..%5csecret.txt',
    '/.git/config',
  ])('%s gets nobody further', async (path) => {
    await world.app.listen({ host: '127.0.0.1', port: 0 })
    const { port } = world.app.server.address() as AddressInfo
    // As it is written: clients that tidy paths up would hide what the server makes of it.
    const text = await new Promise<string>((resolve, reject) => {
      request({ port, path, headers: { 'x-forwarded-for': '203.0.113.9' } }, (answer) => {
        let seen = `${answer.statusCode} `
        answer.on('data', (chunk) => {
          seen += String(chunk)
        })
        answer.on('end', () => resolve(seen))
      })
        .on('error', reject)
        .end()
    })
    expect(text).toMatch(/^(404|401) /)
    expect(JSON.parse(text.slice(4))).toMatchObject({ success: false, code: expect.any(String) })
  })

  test('a path of the API that is not there is still said in our shape', async () => {
    expect((await get('/api/v1/nothing')).json.code).toBe('no_such_route')
    expect(await get('/api/v1/offers/search/advanced')).toMatchObject({ status: 405, headers: { allow: 'POST' } })
  })
})

test('a web folder that is not there does not stop the server', async () => {
  world = await httpWorld({ http: { webDir: join(folder, 'not-built') } })
  expect((await get('/')).json.code).toBe('no_such_route')
  expect((await get('/healthz')).status).toBe(200)
})

describe('the docs', () => {
  test('the page, its scripts and the file work under the CSP, and call nobody else', async () => {
    world = await httpWorld()
    for (const url of ['/docs', '/docs/']) {
      const { status, headers, text } = await get(url)
      expect(status).toBe(200)
      const policy = String(headers['content-security-policy'])
      expect(policy).toContain("script-src 'self'")
      expect(policy).not.toMatch(/unsafe-eval|script-src[^;]*unsafe-inline|upgrade-insecure-requests|validator/)
      expect(text).not.toMatch(/<script(?![^>]*\ssrc=)[^>]*>\s*\S/)
      for (const [, source = ''] of text.matchAll(/<script[^>]*\ssrc="([^"]+)"/g)) {
        const at = new URL(source, `http://x${url}`).pathname
        const script = await get(at)
        expect(script.status, at).toBe(200)
        expect(script.headers['content-type']).toContain('javascript')
      }
    }
    expect((await get('/docs/static/swagger-initializer.js')).text).toMatch(/"?validatorUrl"?:\s*null/)
    expect((await get('/openapi.json')).json).toMatchObject({ openapi: '3.1.0', info: { version: '1.2.3' } })
    expect((await get('/docs/json')).json).toEqual((await get('/openapi.json')).json)
  })

  test('are gone when switched off', async () => {
    world = await httpWorld({ http: { docs: false } })
    for (const url of ['/docs', '/docs/', '/docs/json', '/openapi.json']) {
      expect((await world.ask('GET', url)).json.code).toBe('no_such_route')
    }
  })
})
