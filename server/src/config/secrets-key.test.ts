import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { configFrom } from './config.ts'
import { secretsKeyFrom } from './secrets-key.ts'

const folder = mkdtempSync(join(tmpdir(), 'gpufleet-key-'))
afterAll(() => rmSync(folder, { recursive: true }))

const key = Buffer.alloc(32, 9).toString('base64')
const file = join(folder, 'secrets.key')
writeFileSync(file, `${key}\n`)
const from = (environment: Record<string, string>) => secretsKeyFrom(configFrom(environment))?.reveal()

test('nothing is said: there is none', () => {
  expect(from({})).toBeUndefined()
})

test('from the environment, a file, or a command', () => {
  expect(from({ SECRETS_KEY: key })).toBe(key)
  expect(from({ SECRETS_KEY_FILE: file })).toBe(key)
  expect(from({ SECRETS_KEY_COMMAND: `cat ${file}` })).toBe(key)
  expect(from({ SECRETS_KEY_COMMAND: JSON.stringify(['cat', file]) })).toBe(key)
})

test('no shell reads the command', () => {
  const marker = join(folder, 'made by a shell')
  const command = JSON.stringify(['echo', `$(touch "${marker}")`, '; touch', marker])
  expect(() => from({ SECRETS_KEY_COMMAND: command })).toThrow('gives no 32 bytes')
  expect(() => from({ SECRETS_KEY_FILE: marker })).toThrow('cannot be read (ENOENT)')
})

test.each([
  [{ SECRETS_KEY_FILE: '/nowhere/at/all' }, 'SECRETS_KEY_FILE /nowhere/at/all cannot be read'],
  [{ SECRETS_KEY_COMMAND: '/nowhere/kms decrypt' }, 'SECRETS_KEY_COMMAND /nowhere/kms failed: ENOENT'],
  [{ SECRETS_KEY_COMMAND: 'false' }, 'SECRETS_KEY_COMMAND false failed: exit code 1'],
  [{ SECRETS_KEY_COMMAND: '["cat", 7]' }, 'takes words, or a JSON array of texts'],
  [{ SECRETS_KEY: key, SECRETS_KEY_FILE: file }, 'SECRETS_KEY and SECRETS_KEY_FILE'],
] as const)('%j is refused with its name', (environment, message) => {
  expect(() => from(environment)).toThrow(message)
})

test('what was read is not quoted', () => {
  writeFileSync(file, 'half-a-key')
  expect(() => from({ SECRETS_KEY_FILE: file })).toThrow(/^(?!.*half-a-key)/s)
})
