import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ConfigError, configFrom, isLoopback } from './config.ts'
import { envExample } from './env-example.ts'
import { readOrMake } from './own-files.ts'
import { settings } from './settings.ts'

function mistakesOf(environment: Record<string, string>): readonly string[] {
  try {
    configFrom(environment)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes
    throw error
  }
}

test('without any setting it serves this machine only, and uses no marketplace', () => {
  const config = configFrom({})
  expect(config).toMatchObject({ ports: [8080], host: '127.0.0.1', keyless: 'loopback', production: false })
  expect(Object.values(config.providers).flatMap((provider) => provider.accounts)).toEqual([])
  expect(config.providers.vast).toMatchObject({ enabled: true, baseUrl: 'https://console.vast.ai' })
})

test('every mistake is named at once, by the name that was used, and no secret is printed', () => {
  const mistakes = mistakesOf({
    PORT: '80,99999',
    INSTALLATION_ID: 'No!',
    LAMBDA_API_BASE_URL: 'https://x.example/api/v1',
    ENABLE_CORS: 'maybe',
    CONTROL_API_KEY: 'too-short',
    SECRETS_KEY: 'bm90MzI=',
    DATABASE_URL: 'postgres://me:pw@db',
    LOG_LEVEL: 'loud',
    UNKNOWN_MACHINES: 'kill',
    VAST_INSTANCE_ID: 'my-machine',
  })

  expect(mistakes.map((mistake) => mistake.split(' ')[0]).toSorted()).toEqual([
    'CONTROL_API_KEY',
    'DATABASE_URL',
    'ENABLE_CORS',
    'INSTALLATION_ID',
    'LAMBDA_API_BASE_URL',
    'LOG_LEVEL',
    'PORT',
    'SECRETS_KEY',
    'UNKNOWN_MACHINES',
    'VAST_INSTANCE_ID',
  ])
  expect(mistakes.join()).not.toMatch(/too-short|bm90MzI|me:pw/)
})

test('one key is one account: the same one twice stops the start, and is not printed', () => {
  const mistakes = mistakesOf({ VAST_API_KEY: 'first-key', VAST_API_KEY_2: 'first-key' })
  expect(mistakes).toEqual([expect.stringMatching(/VAST_API_KEY and VAST_API_KEY_2 are the same key/)])
  expect(mistakes.join()).not.toContain('first-key')
})

describe('aliases', () => {
  test('are the same setting', () => {
    expect(configFrom({ VAST_AI_API_KEY: 'k' }).providers.vast.accounts[0]?.apiKey.reveal()).toBe('k')
    expect(configFrom({ LAMBDA_LABS_API_KEY: 'k' }).providers.lambda.accounts).toHaveLength(1)
    expect(mistakesOf({ VAST_API_KEY: 'k', VAST_AI_API_KEY: 'k' })).toEqual([])
  })

  test('that differ stop the start, and neither key is printed', () => {
    const mistakes = mistakesOf({ VAST_API_KEY: 'first-key', VAST_AI_API_KEY: 'other-key' })
    expect(mistakes).toEqual([expect.stringMatching(/VAST_API_KEY and VAST_AI_API_KEY/)])
    expect(mistakes.join()).not.toMatch(/first-key|other-key/)
  })
})

test('a second account stands beside the first', () => {
  const { accounts } = configFrom({ VAST_API_KEY: 'a', VAST_API_KEY_2: 'b' }).providers.vast
  expect(accounts.map(({ account, apiKey }) => [account, apiKey.reveal()])).toEqual([
    ['main', 'a'],
    ['second', 'b'],
  ])
})

test('an empty value is a setting that is not set', () => {
  expect(configFrom({ PORT: '', VAST_API_KEY: '' })).toEqual(configFrom({}))
})

test('a base URL is an origin', () => {
  const origin = (text: string) => configFrom({ NOVITA_API_BASE_URL: text }).providers.novita.baseUrl
  expect(origin('http://127.0.0.1:4000/')).toBe('http://127.0.0.1:4000')
  expect(origin('https://API.example')).toBe('https://api.example')
  for (const text of ['api.example', 'ftp://x', 'https://x/v1', 'https://x/?a=1', 'https://x/#a', 'https://me:pw@x']) {
    expect(mistakesOf({ NOVITA_API_BASE_URL: text }), text).toHaveLength(1)
  }
})

test('several ports, and keys for anybody who is not on this machine', () => {
  expect(configFrom({ PORT: '8001, 3000,8080' }).ports).toEqual([8001, 3000, 8080])
  expect(configFrom({ HOST: '0.0.0.0' }).keyless).toBe('off')
  expect(configFrom({ HOST: '0.0.0.0', KEYLESS: 'loopback' }).keyless).toBe('loopback')
  expect(configFrom({ KEYLESS: 'off' }).keyless).toBe('off')
  expect(configFrom({}).keylessFrom).toEqual([])
  expect(configFrom({ KEYLESS_FROM: '172.30.93.1, fd00::1' }).keylessFrom).toEqual(['172.30.93.1', 'fd00::1'])
  expect(() => configFrom({ KEYLESS_FROM: '172.30.93.0/28' })).toThrow('KEYLESS_FROM takes an IP address')
  expect(['127.0.0.1', '127.9.9.9', '::1', '[::1]', 'LOCALHOST'].map(isLoopback)).toEqual([
    true,
    true,
    true,
    true,
    true,
  ])
  expect(['0.0.0.0', '::', '10.0.0.1', '127.0.0.1.example', 'localhost.example'].map(isLoopback)).not.toContain(true)
})

test('.env.example names every setting, and changes nothing when it is used as it stands', () => {
  const text = envExample()
  for (const { name, description, secret, default: usual } of settings) {
    expect(text).toContain(`# ${description}\n`)
    expect(text).toMatch(new RegExp(`^#${name}=`, 'm'))
    if (secret) expect(usual).toBeUndefined()
  }
  const uncommented = text.matchAll(/^#([A-Z0-9_]+)=(.*)$/gm)
  expect(configFrom(Object.fromEntries([...uncommented].map(([, name, value]) => [name, value])))).toEqual(
    configFrom({}),
  )
})

test('a file of ours is made once, for its owner only, and never made anew when it is empty', () => {
  const dir = mkdtempSync(join(tmpdir(), 'gpufleet-config-'))
  const file = join(dir, 'installation-id')
  expect(readOrMake(file, () => 'one')).toBe('one')
  expect(readOrMake(file, () => 'two')).toBe('one')
  expect(statSync(file).mode & 0o777).toBe(0o600)
  writeFileSync(file, '')
  expect(() => readOrMake(file, () => 'three')).toThrow(/backup/)
  expect(readFileSync(file, 'utf8')).toBe('')
  rmSync(dir, { recursive: true })
})

describe('the settings of contract 002', () => {
  test('milliseconds; what is below 1000 counts as seconds', () => {
    expect(configFrom({ INSTANCE_POLL_INTERVAL: '5000' }).novitaPollMs).toBe(5_000)
    expect(configFrom({ INSTANCE_POLL_INTERVAL: '30' }).novitaPollMs).toBe(30_000)
    expect(configFrom({}).novitaPollMs).toBeUndefined()
    expect(configFrom({ INSTANCE_STARTUP_TIMEOUT: '60000' }).novitaFace.startupTimeoutMs).toBe(60_000)
    expect(configFrom({}).novitaFace).toMatchObject({
      startupTimeoutMs: 600_000,
      defaultRegion: 'CN-HK-01',
      defaultGpuCount: 1,
      defaultRootfsGb: 60,
      provider: 'novita',
    })
  })

  test.each([
    ['INSTANCE_POLL_INTERVAL', '4999'],
    ['INSTANCE_POLL_INTERVAL', '300001'],
    ['INSTANCE_STARTUP_TIMEOUT', '59999'],
    ['DEFAULT_GPU_COUNT', '9'],
    ['DEFAULT_ROOTFS_SIZE', '10'],
    ['DEFAULT_REGION', 'Hong Kong'],
    ['WEBHOOK_URL', 'ftp://example.com'],
    ['WEBHOOK_SECRET', 'short'],
    ['NODE_ENV', 'holiday'],
  ])('%s=%s stops the start, by name', (name, value) => {
    expect(() => configFrom({ [name]: value })).toThrow(name)
  })

  test('the profile takes port 3000 and a key of Novita', () => {
    expect(configFrom({ PROFILE: 'novita', NOVITA_API_KEY: 'k' }).ports).toEqual([3000])
    expect(configFrom({ PROFILE: 'novita', NOVITA_API_KEY: 'k', PORT: '80' }).ports).toEqual([80])
    expect(() => configFrom({ PROFILE: 'novita' })).toThrow('NOVITA_API_KEY is required')
    expect(configFrom({}).ports).toEqual([8080])
  })

  test('what would be shown of the webhook is nothing', () => {
    const { values } = configFrom({ WEBHOOK_URL: 'https://example.com/?key=abc', WEBHOOK_SECRET: 'a-secret-of-ours' })
    expect(JSON.stringify([...values])).not.toMatch(/abc|a-secret/)
  })

  test('NODE_ENV is another name for ENVIRONMENT', () => {
    expect(configFrom({ NODE_ENV: 'production' }).production).toBe(true)
    expect(() => configFrom({ NODE_ENV: 'production', ENVIRONMENT: 'test' })).toThrow('keep one')
  })
})
