import { expect, test } from 'vitest'
import { templateNamed, templates } from './templates.ts'

test('every template can be launched as it stands: its health check asks a port that it publishes', () => {
  for (const { ports, health, diskGb, image } of templates) {
    expect(image).toMatch(/^\S+:\S+$/)
    expect(diskGb).toBeGreaterThanOrEqual(10)
    if (health !== null) expect(ports.map((port) => port.containerPort)).toContain(health.port)
  }
})

test('names are unique and found in any case', () => {
  expect(new Set(templates.map(({ name }) => name)).size).toBe(templates.length)
  expect(templateNamed('VLLM')?.name).toBe('vllm')
  expect(templateNamed('nothing')).toBeUndefined()
})
