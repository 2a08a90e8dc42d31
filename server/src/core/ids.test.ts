import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createBell } from './bell.ts'
import { instanceIdFrom, isInstanceId, launchFromLabel, launchLabel } from './ids.ts'
import { Secret } from './secret.ts'

const installations = fc.stringMatching(/^[0-9a-z]{4,12}$/)
const ids = fc.uint8Array({ minLength: 16, maxLength: 16 }).map(instanceIdFrom)

test('any 16 bytes make an instance id', () => {
  fc.assert(fc.property(ids, (id) => isInstanceId(id)))
  expect(() => instanceIdFrom(new Uint8Array(15))).toThrow(RangeError)
  expect(isInstanceId('inst_')).toBe(false)
  expect(isInstanceId('inst_ABCDEFGHIJKLMNOP')).toBe(false)
})

test('a label fits every marketplace and leads back to its launch', () => {
  fc.assert(
    fc.property(installations, ids, fc.integer({ min: 1, max: 999_999 }), (installation, instance, attempt) => {
      const label = launchLabel(installation, instance, attempt)
      expect(label).toMatch(/^[a-z0-9-]{1,60}$/)
      expect(launchFromLabel(label)).toEqual({ installation, instance, attempt })
    }),
  )
})

test('two attempts never share a label', () => {
  fc.assert(
    fc.property(ids, fc.integer({ min: 1, max: 99 }), fc.integer({ min: 1, max: 99 }), (id, one, other) => {
      return (launchLabel('fleet', id, one) === launchLabel('fleet', id, other)) === (one === other)
    }),
  )
})

test.each([
  null,
  '',
  'my-machine',
  'gf-fleet-short-1',
  'gf-fleet-0123456789abcdef-1-more',
  'xgf-fleet-0123456789abcdef-1',
])('the name %j is not one of ours', (name) => {
  expect(launchFromLabel(name)).toBeUndefined()
})

test('a secret shows itself only when it is asked to', () => {
  const secret = new Secret('hf_token')
  expect(`${secret} ${JSON.stringify({ secret })}`).not.toContain('hf_token')
  expect(secret.reveal()).toBe('hf_token')
})

test('a bell reaches whoever still listens', () => {
  const bell = createBell()
  let rung = 0
  const silence = bell.listen(() => {
    rung += 1
  })
  bell.ring()
  silence()
  bell.ring()
  expect(rung).toBe(1)
})
