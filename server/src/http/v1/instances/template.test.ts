import { expect, test } from 'vitest'
import { LaunchBody, launchFrom } from './input.ts'

const launch = (body: object) => launchFrom(LaunchBody.parse({ gpu_model: 'RTX 4090', ...body }))

test('a template fills in what is left out', () => {
  expect(launch({ template: 'vllm', environment: { HF_TOKEN: 'x' } })).toMatchObject({
    image: 'vllm/vllm-openai:latest',
    diskGb: 80,
    ports: [{ containerPort: 8000, protocol: 'tcp' }],
    health: { path: '/health', port: 8000 },
    secrets: { environment: { HF_TOKEN: 'x' } },
  })
})

test('what is said wins, and the template’s health check goes with its port', () => {
  const own = launch({ template: 'vllm', image: 'me/mine:1', disk_gb: 10, ports: [{ container_port: 9000 }] })
  expect(own).toMatchObject({ image: 'me/mine:1', diskGb: 10, health: null })
  expect(own.ports).toEqual([{ containerPort: 9000, protocol: 'tcp' }])
})

test('a health check may name a port of the template', () => {
  expect(launch({ template: 'vllm', health: { port: 8000, path: '/ready' } }).health).toMatchObject({ path: '/ready' })
})

test('an unknown template is refused with the ones there are', () => {
  expect(() => launch({ template: 'vlm' })).toThrow(/vlm is none; there are pytorch, vllm, ollama, jupyter/)
})
