import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type HttpWorld, httpWorld } from '../testing/http-world.ts'

/** Contract 003's own curl lines, as they are written: what `curl -d` sends is a form by its Content-Type. */
const file = join(process.env.REFERENCE_DIR ?? '../shared', 'contracts/003-gpu-cloud-manager-api.md')
const calls = existsSync(file) ? curlCalls(readFileSync(file, 'utf8')) : []

let world: HttpWorld
beforeEach(async () => {
  world = await httpWorld()
})
afterEach(() => world.close())

describe.skipIf(calls.length === 0)('S003-58 S003-60 the contract’s examples', () => {
  test('are all found', () => {
    expect(calls).toHaveLength(13)
  })

  test.each(calls)('$method $url $body', async ({ method, url, body, headers }) => {
    const { status, json } = await world.send({
      method,
      url,
      headers,
      ...(body !== undefined && { payload: body.replace('gpu_type_id_here', 'NVIDIA A40:SECURE') }),
    })
    if (url.endsWith('/instances')) {
      // RunPod does not say how much memory its offers have, and the example asks for 32 GB of it.
      expect([201, 409]).toContain(status)
      if (status === 409) expect(json.error).toContain('of 1 the marketplace does not say')
      return
    }
    expect(status).toBe(200)
    expect(json.success).toBe(true)
    expect(json.data).toBeDefined()
  })
})

function curlCalls(text: string) {
  const blocks = [...text.matchAll(/```bash\n([^`]*)```/g)].flatMap(([, block = '']) => block.split(/^(?=curl |#)/m))
  const commands = blocks.filter((block) => block.startsWith('curl '))
  return commands.map((command) => {
    const body = /-d '([^']*)'/.exec(command)?.[1]
    const type = /-H "Content-Type: ([^"]+)"/.exec(command)?.[1]
    return {
      method: (/-X (\w+)/.exec(command)?.[1] ?? 'GET') as 'GET' | 'POST',
      url: /http:\/\/localhost:8080([^\s"]+)/.exec(command)?.[1] ?? '',
      body,
      headers: body === undefined ? {} : { 'content-type': type ?? 'application/x-www-form-urlencoded' },
    }
  })
}
