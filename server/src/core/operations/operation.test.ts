import { expect, test } from 'vitest'
import { labelIn, pathTemplate } from './operation.ts'

test.each([
  ['/api/v0/instances/30114277/', '/api/v0/instances/:id/'],
  ['/v2/pods/xedezhzb9la3ye/stop', '/v2/pods/:id/stop'],
  ['/api/v1/instance-operations/launch', '/api/v1/instance-operations/launch'],
  ['/v1/machines/psabc123d9', '/v1/machines/:id'],
  ['/gpu-instance/openapi/v1/gpu/instances', '/gpu-instance/openapi/v1/gpu/instances'],
  ['/api/v1/instances/0920582c7ff041399e34823a0be62549', '/api/v1/instances/:id'],
])('%s is shown as %s', (path, template) => {
  expect(pathTemplate(path)).toBe(template)
})

test('finds the label that a launch carries', () => {
  expect(labelIn('{"label":"gf-testfleet-0123456789abcdef-3"}')).toBe('gf-testfleet-0123456789abcdef-3')
  expect(labelIn('{"label":"gf-mine"}')).toBeNull()
})
