import { execFile, spawn } from 'node:child_process'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from 'vitest'

const shim = fileURLToPath(new URL('../bin/gpufleet.cjs', import.meta.url))
const open: Server[] = []

afterEach(async () => {
  for (const server of open.splice(0)) {
    server.closeAllConnections()
    await new Promise((closed) => server.close(closed))
  }
})

/** A server of our own on a free port; answers its address. */
async function serverWith(answer: RequestListener): Promise<string> {
  const server = createServer(answer)
  open.push(server)
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function gpufleet(args: string[], url: string): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((done) => {
    execFile(
      process.execPath,
      [shim, ...args],
      { env: { PATH: process.env.PATH, GPUFLEET_URL: url } },
      (error, stdout, stderr) => {
        done({ code: error === null ? 0 : Number(error.code), stdout, stderr })
      },
    )
  })
}

function json(status: number, body: object): RequestListener {
  return (_, response) =>
    void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

test('answers and ends with 0', async () => {
  const url = await serverWith(json(200, { success: true, message: 'fine', data: [], next_cursor: null }))

  expect(await gpufleet(['list'], url)).toEqual({
    code: 0,
    stdout: 'You have no instances now. `gpufleet list --all` shows those that have ended.\n',
    stderr: '',
  })
})

test('ends with the code of the problem', async () => {
  const url = await serverWith(
    json(401, { success: false, error: 'this call needs an API key', code: 'unauthorized', fix: 'x', request_id: 'r' }),
  )

  const { code, stdout, stderr } = await gpufleet(['list'], url)

  expect([code, stdout]).toEqual([7, ''])
  expect(stderr).toBe(
    'error: this call needs an API key\nfix:   set GPUFLEET_API_KEY to the server’s key: its CONTROL_API_KEY, or what its DATA_DIR/admin.key holds\n',
  )
})

test('ends with 6 when nobody listens', async () => {
  const url = await serverWith(() => {})
  await new Promise((closed) => open.splice(0)[0]?.close(closed))

  expect(await gpufleet(['list'], url)).toMatchObject({
    code: 6,
    stderr: expect.stringContaining('nothing listens there'),
  })
})

test('ends with 2 when it does not understand', async () => {
  expect((await gpufleet(['lanch'], 'http://127.0.0.1:9')).code).toBe(2)
})

test('ends with 130 on Ctrl-C while it follows', async () => {
  const url = await serverWith((_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write('retry: 1\n\n')
  })
  const child = spawn(process.execPath, [shim, 'events'], { env: { PATH: process.env.PATH, GPUFLEET_URL: url } })
  const ended = new Promise((done) => child.once('exit', (code, signal) => done(code ?? signal)))

  child.stderr.once('data', () => child.kill('SIGINT'))

  expect(await ended).toBe(130)
})
