import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type HttpWorld, httpWorld } from '../../../testing/http-world.ts'

let world: HttpWorld
beforeEach(async () => {
  world = await httpWorld()
})
afterEach(() => world.close())

const apiKey = 'a-marketplace-key-0123456789-wxyz'
const url = '/api/v1/providers/lambda/accounts/spare'
const accounts = async (name: string) => (await world.ask('GET', `/api/v1/providers/${name}/accounts`)).json.data

describe('a stored key', () => {
  test('is sealed at rest, shown by its ending, and open to the server', async () => {
    const { status, json, text } = await world.ask('PUT', url, { api_key: apiKey })
    expect(status).toBe(200)
    expect(json.data).toMatchObject({
      provider: 'lambda_labs',
      account: 'spare',
      source: 'stored',
      key_ending: 'wxyz',
      set_by: 'keyless',
    })
    expect(text).not.toContain(apiKey)
    const kept = await world.database.selectFrom('provider_keys').selectAll().execute()
    expect(JSON.stringify(kept)).not.toContain(apiKey)
    const [stored] = await world.providerKeys.all()
    expect(stored).toMatchObject({ provider: 'lambda', account: 'spare' })
    expect(stored?.apiKey.reveal()).toBe(apiKey)
    expect(JSON.stringify(await world.listEvents())).not.toContain(apiKey)
    expect(await accounts('lambda')).toEqual([json.data])
  })

  test('is replaced, and forgotten', async () => {
    await world.ask('PUT', url, { api_key: apiKey })
    await world.ask('PUT', url, { api_key: 'short-one' })
    expect(await accounts('lambda')).toMatchObject([{ key_ending: '' }])
    expect((await world.ask('DELETE', url)).status).toBe(200)
    expect((await world.ask('DELETE', url)).status).toBe(404)
    expect(await accounts('lambda')).toEqual([])
  })

  test('is not forgotten while a machine of it may be billed: nobody could look after it', async () => {
    await world.ask('PUT', url, { api_key: apiKey })
    const { id } = await world.hasInstance({ status: 'ready' }, { provider: 'lambda', account: 'spare' })
    expect((await world.ask('DELETE', url)).json).toMatchObject({
      code: 'not_allowed_now',
      details: { instance_ids: [id] },
    })
    expect(await accounts('lambda')).toHaveLength(1)
  })
})

test('an account of the environment is listed, and changed only there', async () => {
  expect(await accounts('vast_ai')).toMatchObject([{ account: 'main', source: 'environment', key_ending: null }])
  const main = '/api/v1/providers/vast_ai/accounts/main'
  expect((await world.ask('PUT', main, { api_key: apiKey })).json.code).toBe('not_allowed_now')
  expect((await world.ask('DELETE', main)).json.code).toBe('not_allowed_now')
})

test.each([
  ['/api/v1/providers/nobody/accounts/main', { api_key: apiKey }],
  ['/api/v1/providers/lambda/accounts/Not%20a%20name', { api_key: apiKey }],
  [url, { api_key: 'a key\r\nX-Evil: 1' }],
  [url, { api_key: 'ключ-ключ' }],
  [url, {}],
])('400 for %s %j', async (address, body) => {
  const { status, text } = await world.ask('PUT', address, body)
  expect(status).toBe(400)
  expect(text).not.toContain('X-Evil')
})
