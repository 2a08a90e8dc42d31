import { expect, test } from 'vitest'
import { builtInTemplate } from '../../../core/templates/built-in.ts'
import { LaunchBody, launchFrom } from './input.ts'

const launch = ({ template, ...body }: { template: string } & Record<string, unknown>) =>
  launchFrom(LaunchBody.parse({ ...body, template }), builtInTemplate(template))

const wish = { gpu_model: 'RTX 4090' }

test('a template fills in what is left out', () => {
  expect(launch({ ...wish, template: 'vllm', environment: { HF_TOKEN: 'x' } })).toMatchObject({
    template: { name: 'vllm', version: 1 },
    image: 'vllm/vllm-openai:latest',
    diskGb: 80,
    ports: [{ containerPort: 8000, protocol: 'tcp' }],
    health: { path: '/health', port: 8000 },
    secrets: { environment: { HF_TOKEN: 'x' } },
  })
})

test('what is said wins, and the template’s health check goes with its port', () => {
  const own = launch({ ...wish, template: 'vllm', image: 'me/mine:1', disk_gb: 10, ports: [{ container_port: 9000 }] })
  expect(own).toMatchObject({ image: 'me/mine:1', diskGb: 10, health: null })
  expect(own.ports).toEqual([{ containerPort: 9000, protocol: 'tcp' }])
})

test('a health check may name a port of the template', () => {
  const its = launch({ ...wish, template: 'vllm', health: { port: 8000, path: '/ready' } })
  expect(its.health).toMatchObject({ path: '/ready' })
})

test('a template that says what to rent is wish enough, and its limits hold', () => {
  expect(launch({ template: 'budget' })).toMatchObject({
    gpuModels: ['RTX3080', 'RTX3090', 'GTX1080Ti'],
    minVramGb: 8,
    maxPricePerHour: 500_000_000n,
    secrets: { environment: { VLLM_MODEL_NAME: 'Qwen/Qwen2.5-Coder-7B-Instruct' } },
  })
  expect(() => launch({ template: 'pytorch' })).toThrow(/gpu_model: say what to rent/)
})

test('what the request wishes for takes the place of the template’s wishes, and a chosen offer of all of them', () => {
  const wished = launch({ template: 'budget', gpu_model: 'A100', max_price_per_hour_usd: 3 })
  expect(wished).toMatchObject({ gpuModels: ['A100'], minVramGb: 8, maxPricePerHour: 3_000_000_000n })
  const chosen = launch({ template: 'budget', provider: 'vast', offer_id: '1' })
  expect(chosen).toMatchObject({ offerId: '1', gpuModels: [], minVramGb: null, maxPricePerHour: null })
})
