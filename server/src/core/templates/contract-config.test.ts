import { expect, test } from 'vitest'
import { builtInTemplates } from './built-in.ts'
import { configFrom, templateFromConfig } from './contract-config.ts'

test('what is written is read again', () => {
  for (const { template } of builtInTemplates) {
    expect(templateFromConfig(template.name, configFrom(template)), template.name).toEqual({ template, mistakes: [] })
  }
})

test('a UDP port is written as one, beside the TCP port of its number', () => {
  const [{ template } = { template: null }] = builtInTemplates
  if (template === null) throw new Error('nothing is built in')
  const ports = [
    { containerPort: 7_777, protocol: 'tcp' as const },
    { containerPort: 7_777, protocol: 'udp' as const },
  ]
  const config = configFrom({ ...template, ports })
  expect(config.ports).toEqual([7_777, '7777/udp'])
  expect(templateFromConfig(template.name, config)).toEqual({ template: { ...template, ports }, mistakes: [] })
})

test.each(['9000', '9000/tcp', '0/udp', '65536/udp', '09/udp', '/udp', '1/udp '])('%o is no port', (port) => {
  expect(templateFromConfig('mine', { ports: [port] }).mistakes).toMatchObject([{ field: 'ports' }])
})

test('null states nothing', () => {
  expect(templateFromConfig('mine', { max_price: null, vllm_port: null, ports: null }).mistakes).toEqual([])
})
