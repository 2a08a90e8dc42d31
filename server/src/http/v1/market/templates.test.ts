import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { takeOverFiles } from '../../../app/templates.ts'
import { templateFromConfig } from '../../../core/templates/contract-config.ts'
import { type HttpWorld, httpWorld } from '../../../testing/http-world.ts'

let world: HttpWorld
beforeEach(async () => {
  world = await httpWorld()
})
afterEach(() => world.close())

const path = '/api/v1/templates'
const mine = {
  name: 'mine',
  description: 'mine alone',
  gpu_models: ['RTX 4090'],
  min_vram_gb: 24,
  max_price_per_hour_usd: '0.50',
  vllm: { vllm_model_name: 'a/b', vllm_max_model_len: 8192 },
}
const make = (change: object = {}) => world.ask('POST', path, { ...mine, ...change })

describe('users’ own', () => {
  test('201: a template is made, listed and launched with', async () => {
    const { status, json } = await make()
    expect(status).toBe(201)
    expect(json.data).toMatchObject({
      name: 'mine',
      version: 1,
      origin: 'user',
      max_price_per_hour_usd: '0.5',
      image: 'vllm/vllm-openai:latest',
      ports: [{ container_port: 12434, protocol: 'tcp' }],
      environment: { VLLM_MODEL_NAME: 'a/b', VLLM_MAX_MODEL_LEN: '8192' },
    })
    expect((await world.ask('GET', path)).json.data.map(({ name }: { name: string }) => name)).toContain('mine')

    const launched = await world.ask('POST', '/api/v1/instances', { template: 'mine' })
    expect(launched.json.data).toMatchObject({
      template: { name: 'mine', version: 1 },
      image: 'vllm/vllm-openai:latest',
    })
    expect((await world.listEvents()).some(({ message }) => message === 'template mine was made (version 1)')).toBe(
      true,
    )
  })

  test('every change makes a version; an instance keeps its own, and old ones can be read', async () => {
    await make()
    const { id } = (await world.ask('POST', '/api/v1/instances', { template: 'mine' })).json.data
    const changed = await world.ask('PUT', `${path}/mine`, { disk_gb: 77, max_price_per_hour_usd: null })
    expect(changed.json.data).toMatchObject({
      version: 2,
      disk_gb: 77,
      max_price_per_hour_usd: null,
      gpu_models: ['RTX 4090'],
    })
    expect((await world.ask('DELETE', `${path}/mine`)).json.data).toMatchObject({ version: 3, template: null })

    expect((await world.ask('GET', `/api/v1/instances/${id}`)).json.data.template).toEqual({ name: 'mine', version: 1 })
    const versions = (await world.ask('GET', `${path}/mine/versions`)).json.data
    expect(versions).toMatchObject([
      { version: 3, template: null },
      { version: 2, template: { disk_gb: 77 } },
      { version: 1, template: { disk_gb: 100, max_price_per_hour_usd: '0.5' } },
    ])
    // Its name is free again, and the count goes on.
    expect((await make()).json.data.version).toBe(4)
  })

  test('404: one that is not there, with those that are', async () => {
    await make()
    await world.ask('DELETE', `${path}/mine`)
    for (const [method, url] of [
      ['GET', `${path}/mine`],
      ['PUT', `${path}/mine`],
      ['DELETE', `${path}/mine`],
      ['GET', `${path}/nothing/versions`],
    ] as const) {
      const { status, json } = await world.ask(method, url, method === 'PUT' ? { disk_gb: 9 } : undefined)
      expect(status, `${method} ${url}`).toBe(404)
      expect(json.fix).toContain('budget')
    }
    const launch = await world.ask('POST', '/api/v1/instances', { template: 'mine' })
    expect(launch.json.error).toContain('mine is none; there are high_performance')
  })

  test('400: every mistake by its name', async () => {
    const { status, json } = await make({
      name: 'No Good',
      environment: { '1x': 'y' },
      health: { port: 1 },
      max_price_per_hour_usd: 0,
      image: 'a b',
    })
    expect(status).toBe(400)
    const fields = json.details.mistakes.map(({ field }: { field: string }) => field)
    expect(fields.sort()).toEqual(['environment.1x', 'health.port', 'image', 'max_price_per_hour_usd', 'name'])
    expect((await make({ vllm: { vllm_max_model_len: 3 } })).json.error).toContain(
      'vllm.vllm_max_model_len: takes a whole',
    )
    expect((await make({ vllm: { vllm_made_up: 3 } })).status).toBe(400)
    expect((await make({ gpu_models: ['RTX 4O90'] })).json.code).toBe('unknown_gpu')
    expect((await world.ask('PUT', `${path}/mine`, {})).json.error).toContain('names nothing to change')
  })

  test('409: a name that is taken', async () => {
    await make()
    const { status, json } = await make()
    expect(status).toBe(409)
    expect(json.fix).toContain('PUT /api/v1/templates/mine')
  })

  test('403: keys of one project, for whom it would change other people’s launches', async () => {
    const { headers } = await world.keyOf({ role: 'operator', project: 'blue' })
    expect((await world.ask('POST', path, mine, headers)).status).toBe(403)
    expect((await world.ask('GET', path, undefined, headers)).status).toBe(200)
  })
})

test('409: what is built in stays as it is, in any case of letters', async () => {
  const tries = [
    await make({ name: 'budget' }),
    await world.ask('PUT', `${path}/Budget`, { disk_gb: 1 }),
    await world.ask('DELETE', `${path}/budget`),
  ]
  for (const { status, json } of tries) {
    expect(status).toBe(409)
    expect(json.error).toContain('is built in')
    expect(json.fix).toContain('POST /api/v1/templates')
  }
  expect((await world.ask('GET', `${path}/BUDGET`)).json.data).toMatchObject({ name: 'budget', origin: 'built_in' })
})

test('its environment and start script reach launches, and nobody who looks', async () => {
  const secret = { environment: { HF_TOKEN: 'hf_planted' }, onstart_script: 'export A=hf_planted' }
  const answers = [
    await make(secret),
    await world.ask('PUT', `${path}/mine`, { disk_gb: 60 }),
    await world.ask('GET', path),
    await world.ask('GET', `${path}/mine/versions`),
    await world.ask('GET', '/api/vast/templates/mine'),
    await world.ask('GET', '/api/v1/audit'),
  ]
  for (const { text, status } of answers) {
    expect(status).toBeLessThan(300)
    expect(text).not.toContain('hf_planted')
  }
  expect(answers[1]?.json.data).toMatchObject({ environment: { HF_TOKEN: '[secret]' }, onstart_script: '[secret]' })
  const rows = await world.database.selectFrom('templates').selectAll().execute()
  expect(JSON.stringify(rows)).not.toContain('hf_planted')
  const { id } = (await world.ask('POST', '/api/v1/instances', { template: 'mine' })).json.data
  expect(await world.instances.secretsOf(id)).toMatchObject({
    environment: { HF_TOKEN: 'hf_planted', VLLM_MODEL_NAME: 'a/b' },
    onstartScript: 'export A=hf_planted',
  })
})

test('files are taken over, versioned, and gone with their file; the API does not change them', async () => {
  const { template } = templateFromConfig('house', { vllm_model_name: 'a/b', max_price: 0.3 })
  await takeOverFiles([template], world)
  await takeOverFiles([template], world)
  expect((await world.ask('GET', `${path}/house`)).json.data).toMatchObject({ version: 1, origin: 'file' })
  expect((await world.ask('DELETE', `${path}/house`)).json.error).toContain('TEMPLATES_DIR')

  await takeOverFiles([{ ...template, diskGb: 12 }], world)
  expect((await world.ask('GET', `${path}/house`)).json.data).toMatchObject({ version: 2, disk_gb: 12 })
  await takeOverFiles([], world)
  expect((await world.ask('GET', `${path}/house`)).status).toBe(404)
  expect((await world.ask('GET', `${path}/house/versions`)).json.data).toHaveLength(3)
})
