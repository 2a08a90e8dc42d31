import { describe, expect, test } from 'vitest'
import { launchRequestFrom } from './launch-request.ts'

const key = 'ssh-ed25519 AAAAC3 me@here'

function requestFrom(
  options: Parameters<typeof launchRequestFrom>[0],
  { files = {}, env = {} }: { files?: Record<string, string>; env?: Record<string, string> } = {},
) {
  const request = launchRequestFrom(options, { home: '/home/me', env, readFile: (path) => files[path] })
  return JSON.parse(JSON.stringify(request))
}

test('sends what was said and nothing else', () => {
  expect(requestFrom({})).toEqual({})
  expect(
    requestFrom({ gpu: ['RTX 4090'], maxPrice: '0.5', market: 'any', healthPort: 8000, healthTimeout: 90_500 }),
  ).toEqual({
    gpu_models: ['RTX 4090'],
    max_price_per_hour_usd: '0.5',
    market: 'any',
    health: { port: 8000, timeout_s: 91 },
  })
})

describe('--offer', () => {
  test.each([
    ['vast_30114277:spot', { provider: 'vast', offer_id: '30114277:spot' }],
    ['vast_ai_30114277', { provider: 'vast_ai', offer_id: '30114277' }],
    ['lambda_gpu_1x_a100|us-east-1', { provider: 'lambda', offer_id: 'gpu_1x_a100|us-east-1' }],
  ])('%s names marketplace and offer', (offer, expected) => {
    expect(requestFrom({ offer })).toEqual(expected)
  })

  test('a bare id needs --provider', () => {
    expect(requestFrom({ offer: '123', provider: 'vast' })).toEqual({ provider: 'vast', offer_id: '123' })
    expect(() => requestFrom({ offer: '123' })).toThrow('does not say at which marketplace')
  })
})

describe('--env', () => {
  test('comes from the words, from here and from files; words win', () => {
    expect(
      requestFrom(
        { env: ['A=1=2', 'HF_TOKEN', 'EMPTY='], envFile: ['.env'] },
        { files: { '.env': 'A=file\nB="two words" # note\n' }, env: { HF_TOKEN: 'secret' } },
      ).environment,
    ).toEqual({ A: '1=2', B: 'two words', HF_TOKEN: 'secret', EMPTY: '' })
  })

  test('a name that is not set here is a mistake', () => {
    expect(() => requestFrom({ env: ['HF_TOKEN'] })).toThrow('--env HF_TOKEN: there is no such variable here')
  })
})

describe('the SSH key', () => {
  const files = { '/home/me/.ssh/id_ed25519.pub': `${key}\n`, id_rsa: '-----BEGIN OPENSSH PRIVATE KEY-----\n' }

  test('is the usual one when there is one', () => {
    expect(requestFrom({}, { files }).ssh_public_key).toBe(key)
    expect(requestFrom({ sshKey: false }, { files }).ssh_public_key).toBeUndefined()
    expect(requestFrom({ sshKey: 'mine.pub' }, { files: { 'mine.pub': `# work\n${key}` } }).ssh_public_key).toBe(key)
  })

  test('is never a private one', () => {
    expect(() => requestFrom({ sshKey: 'id_rsa' }, { files })).toThrow('id_rsa is a private key')
  })

  test('has to be where it is said to be', () => {
    expect(() => requestFrom({ sshKey: 'gone.pub' })).toThrow('--ssh-key: there is no file gone.pub')
  })
})

test('a registry’s password comes from the environment, never from the arguments', () => {
  expect(requestFrom({ registryUser: 'me' }, { env: { REGISTRY_PASSWORD: 'pw' } }).registry_auth).toEqual({
    username: 'me',
    password: 'pw',
  })
  expect(() => requestFrom({ registryUser: 'me' })).toThrow('needs a password')
})

test('policies are sent in the units of the API, and only those that were named', () => {
  expect(
    requestFrom({
      onInterruption: 'wait',
      idleTimeout: 30 * 60_000,
      maxLifetime: 8 * 3_600_000,
      budget: '2.5',
      budgetAction: 'terminate',
      onDemandAfter: 600_000,
      bidFactor: 1.5,
      checkpoint: 'save.sh',
      checkpointTimeout: 90_000,
      deadMan: 2 * 3_600_000,
    }).policies,
  ).toEqual({
    on_interruption: 'wait',
    idle_timeout_minutes: 30,
    max_lifetime_hours: 8,
    budget_usd: '2.5',
    budget_action: 'terminate',
    on_demand_after_minutes: 10,
    bid_factor: 1.5,
    checkpoint: { command: 'save.sh', timeout_s: 90 },
    dead_man_hours: 2,
  })
  expect(() => requestFrom({ checkpointTimeout: 1_000 })).toThrow('--checkpoint-timeout needs --checkpoint')
})
