import { expect, test } from 'vitest'
import { at } from '../testing/builders.ts'
import { cli } from '../testing/fake-world.ts'

const aKey = {
  id: 'key_0000000000ab',
  name: 'ci',
  role: 'operator',
  project: 'vision',
  created_at: at(0),
  created_by: 'admin',
  rotated_at: null,
  expires_at: null,
  last_used_at: at(60),
  revoked_at: null,
}
const token = `gpf_0000000000ab_${'x'.repeat(43)}`

test('keys are listed with what they open and when they were last used', async () => {
  const { exitCode, out } = await cli(['keys'], { answers: { 'GET /api/v1/keys': [aKey] } })
  expect(exitCode).toBe(0)
  expect(out[1]).toMatch(/^ci +operator +vision +.*40 ?s.* +never +key_0000000000ab$/)
})

test('without any, it says how to make one', async () => {
  const { out } = await cli(['keys', 'list'], { answers: { 'GET /api/v1/keys': [] } })
  expect(out).toEqual(['No keys. Make one with: gpufleet keys create <name>'])
})

test('a new key stands alone on standard output', async () => {
  const { out, err, requests } = await cli(
    ['keys', 'create', 'ci', '--role', 'operator', '--project', 'vision', '--expires', '2027-01-31'],
    { answers: { 'POST /api/v1/keys': { ...aKey, key: token } } },
  )
  expect(requests[0]?.body).toEqual({
    name: 'ci',
    role: 'operator',
    project: 'vision',
    expires_at: '2027-01-31T00:00:00.000Z',
  })
  expect(out).toEqual([token])
  expect(err.join('\n')).toContain('shown only now')
})

test('keys are rotated and revoked by name', async () => {
  const answers = {
    'GET /api/v1/keys': [aKey],
    [`POST /api/v1/keys/${aKey.id}/rotate`]: { ...aKey, key: token },
    [`DELETE /api/v1/keys/${aKey.id}`]: { ...aKey, revoked_at: at(90) },
  }
  expect((await cli(['keys', 'rotate', 'ci'], { answers })).out).toEqual([token])
  expect((await cli(['keys', 'revoke', 'ci'], { answers })).out).toEqual(['Key ci is revoked.'])
})

test('who one is', async () => {
  const me = { kind: 'key', key_id: aKey.id, name: 'ci', role: 'operator', project: 'vision' }
  const { out } = await cli(['keys', 'whoami'], { answers: { 'GET /api/v1/whoami': me } })
  expect(out).toEqual(['ci: operator of project vision'])
})

test.each([
  [['keys', 'revoke', 'nobody'], 'there is no key nobody'],
  [['keys', 'create', 'ci', '--expires', 'soon'], 'soon is no time'],
  [['keys', 'create', 'ci', '--role', 'root'], 'Allowed choices are viewer, operator, admin'],
])('%j is wrong usage', async (args, message) => {
  const { exitCode, err } = await cli(args, { answers: { 'GET /api/v1/keys': [aKey] } })
  expect(exitCode).toBe(2)
  expect(err.join('\n')).toContain(message)
})
