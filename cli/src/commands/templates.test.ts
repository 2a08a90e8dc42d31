import type { Template } from '@gpufleet/sdk/api'
import { expect, test } from 'vitest'
import { cli, good } from '../testing/fake-world.ts'

const path = '/api/v1/templates'
const aTemplate = (changes: Partial<Template> = {}): Template => ({
  name: 'mine',
  description: 'for tests',
  image: 'vllm/vllm-openai:latest',
  disk_gb: 50,
  ports: [{ container_port: 12434, protocol: 'tcp' }],
  environment: { VLLM_MODEL_NAME: 'a/b' },
  health: null,
  onstart_script: null,
  gpu_models: ['RTX 3090'],
  gpu_count: 1,
  min_vram_gb: 24,
  max_price_per_hour_usd: '0.4',
  vllm: { vllm_model_name: 'a/b' },
  version: 3,
  origin: 'user',
  changed_at: '2026-10-01T12:00:00.000Z',
  changed_by: 'somebody',
  ...changes,
})

test('lists what they rent and up to which price', async () => {
  const { exitCode, out } = await cli(['templates'], { answers: { [`GET ${path}`]: [aTemplate()] } })
  expect(exitCode).toBe(0)
  expect(out[1]).toMatch(/mine\s+3\s+user\s+RTX 3090; 24 GB or more\s+\$0\.40/)
})

test('shows one, and its versions', async () => {
  const shown = await cli(['templates', 'show', 'mine'], { answers: { [`GET ${path}/mine`]: () => good(aTemplate()) } })
  expect(shown.out).toContain('mine (version 3, user)')
  expect(shown.out).toContain('vLLM        vllm_model_name=a/b')
  const gone = { name: 'mine', version: 4, origin: 'user', changed_at: null, changed_by: 'me', template: null }
  const versions = await cli(['templates', 'show', 'mine', '--versions'], {
    answers: { [`GET ${path}/mine/versions`]: () => good([gone]) },
  })
  expect(versions.out[1]).toMatch(/4\s+-\s+me\s+deleted/)
})

test('makes one', async () => {
  const { exitCode, requests, out } = await cli(
    [
      'templates',
      'create',
      'mine',
      '--model',
      'a/b',
      '--vllm',
      'max_model_len=8192',
      '--gpu',
      'RTX 3090',
      '--max-price',
      '$.4',
    ],
    { answers: { [`POST ${path}`]: () => good(aTemplate()) } },
  )
  expect(exitCode).toBe(0)
  expect(requests.at(-1)).toMatchObject({
    body: {
      name: 'mine',
      gpu_models: ['RTX 3090'],
      max_price_per_hour_usd: '0.4',
      vllm: { vllm_model_name: 'a/b', vllm_max_model_len: 8192 },
    },
  })
  expect(out[0]).toContain('gpufleet launch --template mine')
})

test('changes single values of the vLLM configuration, and deletes', async () => {
  const answers = {
    [`GET ${path}/mine`]: () => good(aTemplate()),
    [`PUT ${path}/mine`]: () => good(aTemplate({ version: 4 })),
    [`DELETE ${path}/mine`]: () => good({ name: 'mine' }),
  }
  const changed = await cli(['templates', 'change', 'mine', '--vllm', 'enforce_eager=true'], { answers })
  expect(changed.requests.at(-1)).toMatchObject({
    method: 'PUT',
    body: { vllm: { vllm_model_name: 'a/b', vllm_enforce_eager: true } },
  })
  expect(changed.out[0]).toContain('now version 4')
  expect((await cli(['templates', 'delete', 'mine'], { answers })).out[0]).toContain('Deleted template mine')
})

test('says what is missing', async () => {
  expect((await cli(['templates', 'change', 'mine'], { answers: {} })).exitCode).not.toBe(0)
  const wrong = await cli(['templates', 'create', 'mine', '--env', 'FOO'], { answers: {} })
  expect(wrong.err.join('\n')).toContain('FOO is no name=value')
})
