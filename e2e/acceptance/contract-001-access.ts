import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../kit/server-process.ts'
import { type Check, kept } from './check.ts'
import { type Bench, bench, controlKey } from './contract-001-machine.ts'
import { expectSame, expectThat, type Lab } from './lab.ts'

const calls = [
  ['GET', '/status'],
  ['POST', '/power/on'],
  ['POST', '/power/off'],
  ['POST', '/activity'],
  ['GET', '/costs'],
  ['GET', '/audit'],
] as const

/** Switched on and off by nobody but the check of the right key. */
const shared = (lab: Lab): Promise<Bench> => lab.shared('001 access', (long) => bench(long))

async function refusals(one: Bench, headers: Record<string, string>): Promise<string> {
  const details: string[] = []
  for (const [method, path] of calls) {
    const { status, body } = await one.call(method, `/infra/vast${path}`, undefined, headers)
    expectThat(status === 401, `${method} ${path} answers ${status}`)
    expectSame(Object.keys(body), ['detail'], `the fields of the refusal of ${path}`)
    details.push(body.detail)
  }
  return details[0] ?? ''
}

export const accessChecks: readonly Check[] = [
  kept('S001-01', async (lab) => {
    const { status, headers } = await (await shared(lab)).call('GET', '/infra/vast/status')
    expectThat(status === 200, `GET /infra/vast/status answers ${status}`)
    expectSame(headers['x-api-version'], '0.1.0', 'X-API-Version')
    const page = 'docs/how-to/switch-a-vast-machine-on-and-off.md'
    expectThat(readFileSync(join(root, page), 'utf8').includes('API version 0.1.0'), `${page} does not say the version`)
    return 'GET /infra/vast/status: 200 with X-API-Version 0.1.0; the guide says the same version'
  }),

  kept('S001-02', async (lab) => {
    const one = await shared(lab)
    const seen: string[] = []
    for (const [method, path] of calls) {
      const { status } = await one.call(method, `/infra/vast${path}`)
      expectThat(status === 200, `${method} ${path} answers ${status}`)
      seen.push(`${path} ${status}`)
    }
    // The same key in another header, and another right key of this server, are not what is asked for.
    await refusals(one, { authorization: `Bearer ${controlKey}` })
    const made = await one.world.call('POST', '/api/v1/keys', { name: 'other', role: 'admin' })
    expectThat(made.status === 201, `a key could not be made: ${made.status}`)
    await refusals(one, { 'x-api-key': made.body.data.key })
    return `with the key: ${seen.join(', ')}; as Bearer, or with another admin key: 401`
  }),

  kept(['S001-03', 'S001-23'], async (lab) => {
    const one = await shared(lab)
    const detail = await refusals(one, { 'x-api-key': 'bad' })
    return `all six calls with X-API-Key: bad answer 401 "${detail}", power/on among them`
  }),

  kept('S001-04', async (lab) => `all six calls without a key answer 401 "${await refusals(await shared(lab), {})}"`),
]
