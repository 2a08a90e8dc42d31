import { expect, test } from 'vitest'
import { builtInTemplate, builtInTemplates } from './built-in.ts'
import { mistakesIn } from './rules.ts'
import { launchOf, withVllm } from './template.ts'

test('every built-in template can be launched as it stands and breaks none of the rules', () => {
  for (const { template } of builtInTemplates) {
    expect(mistakesIn(template), template.name).toEqual([])
    const { ports, health, diskGb, image } = launchOf(template)
    expect(image).toMatch(/^\S+:\S+$/)
    expect(diskGb).toBeGreaterThanOrEqual(10)
    if (health !== null) expect(ports.map((port) => port.containerPort)).toContain(health.port)
  }
})

test('names are unique and found in any case', () => {
  expect(new Set(builtInTemplates.map(({ name }) => name)).size).toBe(builtInTemplates.length)
  expect(builtInTemplate('VLLM')?.name).toBe('vllm')
  expect(builtInTemplate('nothing')).toBeUndefined()
})

test('a vLLM template publishes and checks its port, and is told its model by the environment', () => {
  const template = theTemplate('budget')
  const launch = launchOf(withVllm(template, { vllm_port: 9000, vllm_max_model_len: 4096 }))
  expect(launch).toMatchObject({
    ports: [{ containerPort: 9000, protocol: 'tcp' }],
    health: { path: '/health', port: 9000 },
    environment: {
      VLLM_MODEL_NAME: 'Qwen/Qwen2.5-Coder-7B-Instruct',
      VLLM_MAX_MODEL_LEN: '4096',
      VLLM_PORT: '9000',
      VLLM_GPU_MEMORY_UTILIZATION: '0.8',
    },
    gpuCount: 1,
  })
  expect(launch.onstartScript).toContain('vllm serve "$VLLM_MODEL_NAME"')
  expect(template.vllm).not.toHaveProperty('vllm_port')
})

test('a model that is split gets a GPU for each part', () => {
  const split = { vllm_tensor_parallel_size: 2, vllm_pipeline_parallel_size: 2 }
  expect(launchOf(withVllm(theTemplate('research'), split)).gpuCount).toBe(4)
})

function theTemplate(name: string) {
  const found = builtInTemplate(name)
  if (found === undefined) throw new Error(`no template ${name}`)
  return found.template
}
