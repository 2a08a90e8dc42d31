import { existsSync, readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { expect, test } from 'vitest'
import { launchBodyFromOrder } from './launch-body.ts'
import * as calls from './requests.ts'
import { anOffer, anOrder, instanceId, publicKey } from './testing.ts'

const document = `${process.env.REFERENCE_DIR ?? '../shared'}/providers/specs/lambda.openapi.json`

const all = [
  calls.searchCall(),
  calls.launchCall(launchBodyFromOrder(anOrder({ onstartScript: 'echo hi' }), 'laptop')),
  calls.listCall(),
  calls.oneCall(instanceId),
  calls.restartCall(instanceId),
  calls.terminateCall(instanceId),
  calls.sshKeysCall(),
  calls.addSshKeyCall({ name: 'gf-1', publicKey }),
]

test.skipIf(!existsSync(document)).each(all)(
  '$operation is as the official document has it',
  ({ method, path, json }) => {
    const spec = JSON.parse(readFileSync(document, 'utf8'))
    const template = path.replace(instanceId, '{id}')
    const operation = spec.paths[template]?.[method.toLowerCase()]
    expect(operation).toBeDefined()

    const schema = operation.requestBody?.content['application/json'].schema
    expect(json === undefined).toBe(schema === undefined)
    if (schema === undefined) return
    // The document leaves objects open; closed ones also find misspelt names.
    const closed = { ...schema, additionalProperties: false, components: spec.components }
    const ajv = new Ajv2020({ strict: false, validateFormats: false })
    expect(ajv.validate(closed, json), ajv.errorsText()).toBe(true)
  },
)

test('every call passes the limit of the account, and a launch its own as well', () => {
  for (const { operation, limits } of all) {
    const names = limits.map(({ name }) => name)
    expect(names).toEqual(operation === 'launch' ? ['all', 'launch'] : ['all'])
  }
  expect(calls.launchCall(launchBodyFromOrder(anOrder(), 'laptop')).limits).toEqual([
    { name: 'all', calls: 1, windowMs: 1_100, burst: 1 },
    { name: 'launch', calls: 1, windowMs: 13_000, burst: 1 },
  ])
})

test('what could be done twice is sent once', () => {
  const once = all.filter(({ repeat }) => repeat === 'once').map(({ operation }) => operation)
  expect(once).toEqual(['launch', 'restart', 'addSshKey'])
})

test('a launch has two minutes', () => {
  expect(all.filter(({ timeoutMs }) => timeoutMs !== undefined)).toMatchObject([
    { operation: 'launch', timeoutMs: 120_000 },
  ])
})

test('a launch names place, one key, and the label twice', () => {
  expect(launchBodyFromOrder(anOrder(), 'laptop')).toEqual({
    region_name: 'us-east-1',
    instance_type_name: 'gpu_1x_a10',
    ssh_key_names: ['laptop'],
    name: 'gf-home-inst_7d0c1a-1',
    tags: [
      { key: 'gpufleet-label', value: 'gf-home-inst_7d0c1a-1' },
      { key: 'gpufleet-ports', value: '8000/http,5000/udp' },
    ],
    user_data: expect.stringMatching(/^#cloud-config\n/),
  })
})

test.each([
  ['spot', { offer: anOffer({ market: 'spot' }) }, 'rejected'],
  ['a sold-out type', { offer: anOffer({ externalId: 'gpu_1x_a10|unknown' }) }, 'no_capacity'],
  ['more disk than there is', { diskGb: 2_000 }, 'rejected'],
  ['a label that is too long', { label: 'x'.repeat(65) }, 'rejected'],
  ['a script of a megabyte', { onstartScript: 'x'.repeat(800_000) }, 'rejected'],
])('%s cannot be launched', (_, changes, kind) => {
  expect(() => launchBodyFromOrder(anOrder(changes), 'laptop')).toThrow(expect.objectContaining({ kind }))
})
