import { expect, test } from 'vitest'
import { builtInTemplates } from './built-in.ts'
import { configFrom, templateFromConfig } from './contract-config.ts'

test('what is written is read again', () => {
  for (const { template } of builtInTemplates) {
    expect(templateFromConfig(template.name, configFrom(template)), template.name).toEqual({ template, mistakes: [] })
  }
})

test('null states nothing', () => {
  expect(templateFromConfig('mine', { max_price: null, vllm_port: null, ports: null }).mistakes).toEqual([])
})
