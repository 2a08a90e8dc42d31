import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Instance } from '../../core/instances/instance.ts'
import { nanosFromUsd } from '../../core/money.ts'
import { type HttpWorld, httpWorld } from '../../testing/http-world.ts'

let world: HttpWorld
let ours: Instance
let theirs: Instance
let headers: Record<string, string>
beforeEach(async () => {
  world = await httpWorld()
  ours = await world.hasInstance({ project: 'vision', status: 'ready' }, { externalId: 'm-1' })
  theirs = await world.hasInstance({ project: 'speech', status: 'ready' }, { externalId: 'm-2' })
  headers = (await world.keyOf({ role: 'operator', project: 'vision', name: 'vision ci' })).headers
})
afterEach(() => world.close())

const paths = ['', '/events', '/costs', '/logs']
const actions = [
  ['POST', '/start'],
  ['POST', '/stop'],
  ['POST', '/restart'],
  ['DELETE', ''],
] as const

describe('a key of one project', () => {
  test('sees its instances only', async () => {
    const list = async (query = '') => world.ask('GET', `/api/v1/instances${query}`, undefined, headers)
    const ids = (await list()).json.data.map((one: { id: string }) => one.id)
    expect(ids).toEqual([ours.id])
    expect((await list('?project=vision')).json.data).toHaveLength(1)
    expect((await list('?project=speech')).json).toMatchObject({ code: 'forbidden' })
  })

  test('what is another project’s does not exist for it, by id and by alias', async () => {
    const gone = (await world.ask('GET', '/api/v1/instances/inst_none', undefined, headers)).json
    for (const id of [theirs.id, 'vast_m-2']) {
      for (const path of paths) {
        const { status, json } = await world.ask('GET', `/api/v1/instances/${id}${path}`, undefined, headers)
        expect(status, path).toBe(404)
        expect(json.error).toBe(gone.error.replace('inst_none', id))
      }
      for (const [method, path] of actions) {
        expect((await world.ask(method, `/api/v1/instances/${id}${path}`, undefined, headers)).status).toBe(404)
      }
    }
    expect(await world.instances.get(theirs.id)).toMatchObject({ wanted: 'up', status: 'ready' })
  })

  test('is not told how much money the accounts have', async () => {
    world.providerNamed('vast').balance = async () => nanosFromUsd('12.3')
    const told = async (more: Record<string, string>) => {
      const { json } = await world.ask('GET', '/api/v1/providers?balances=true', undefined, more)
      return json.data.flatMap((one: { accounts: { balance_usd: string | null }[] }) => one.accounts)
    }
    const amounts = (accounts: { balance_usd: string | null }[]) => accounts.map((one) => one.balance_usd)
    expect(amounts(await told((await world.keyOf({ role: 'viewer' })).headers))).toContainEqual(expect.any(String))
    for (const amount of amounts(await told(headers))) expect(amount).toBeNull()
  })

  test('changes what is its own, under its name', async () => {
    expect((await world.ask('DELETE', `/api/v1/instances/${ours.id}`, undefined, headers)).status).toBe(200)
    expect((await world.listEvents()).at(-1)).toMatchObject({ instanceId: ours.id, actor: 'vision ci' })
  })

  test('launches into its project, and into no other', async () => {
    const launch = (more: object) =>
      world.ask('POST', '/api/v1/instances', { provider: 'vast', offer_id: '4090', ...more }, headers)
    expect((await launch({})).json.data.project).toBe('vision')
    expect((await launch({ project: 'vision' })).json.data.project).toBe('vision')
    const refused = await launch({ project: 'speech' })
    expect([refused.status, refused.json.code]).toEqual([403, 'forbidden'])
    expect(await world.instances.list({ project: 'speech', limit: 9 })).toHaveLength(1)
  })

  test('follows its own events only', async () => {
    await world.ask('DELETE', `/api/v1/instances/${theirs.id}`)
    await world.ask('DELETE', `/api/v1/instances/${ours.id}`)
    const last = (await world.listEvents()).at(-1)
    expect(await followed(headers, last?.id)).toEqual([ours.id])
    expect(await followed({}, last?.id)).toEqual([ours.id, theirs.id])
  })
})

/** Whose events a caller is sent, up to this one. */
async function followed(as: Record<string, string>, until = 0): Promise<string[]> {
  const abort = new AbortController()
  const { stream } = await world.app.inject({
    method: 'GET',
    url: '/api/v1/events?after=0',
    headers: { host: 'localhost:8080', ...as },
    payloadAsStream: true,
    signal: abort.signal,
  })
  const body = stream()
  let text = ''
  for await (const chunk of body) {
    text += String(chunk)
    if (text.includes(`\nid: ${until}\nevent`)) break
  }
  abort.abort()
  return [...new Set([...text.matchAll(/"instance_id":"(inst_\w+)"/g)].map(([, id]) => id as string))].sort()
}

test('a key of all projects names one, or launches into the default', async () => {
  const launch = async (more: object) =>
    (await world.ask('POST', '/api/v1/instances', { provider: 'vast', offer_id: '4090', ...more })).json.data.project
  expect(await launch({})).toBe('default')
  expect(await launch({ project: 'speech' })).toBe('speech')
  const list = (await world.ask('GET', '/api/v1/instances?project=speech')).json.data
  expect(list.map((one: { project: string }) => one.project)).toEqual(['speech', 'speech'])
})
