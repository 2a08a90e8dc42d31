import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, describe, expect, test } from 'vitest'
import { nanosFromUsd } from '../../core/money.ts'
import { ProviderError } from '../provider.ts'
import { launchBodyFromOrder } from './launch-body.ts'
import { aBid, anOffer, anOrder, publicKey } from './testing.ts'

function refusal(order: Parameters<typeof anOrder>[0]): string {
  try {
    launchBodyFromOrder(anOrder(order))
  } catch (error) {
    if (error instanceof ProviderError && error.kind === 'rejected') return error.message
    throw error
  }
  throw new Error('was accepted')
}

/** Runs an onstart text with another home for root. What is packed is out of reach here, so the key never may be. */
function run(onstart: string | undefined, home: string): string {
  const script = (onstart ?? '').replaceAll('~root', home)
  for (const [, packed] of script.matchAll(/printf %s '([A-Za-z0-9+/=]+)'/g)) {
    expect(gunzipSync(Buffer.from(packed ?? '', 'base64')).toString()).not.toContain('root')
  }
  return execFileSync('bash', ['-c', script], { encoding: 'utf8', cwd: home })
}

const homes: string[] = []
function newHome(): string {
  const home = mkdtempSync(join(tmpdir(), 'vast-onstart-'))
  homes.push(home)
  return home
}
afterAll(() => {
  for (const home of homes) rmSync(home, { recursive: true })
})

const keysIn = (home: string) => readFileSync(join(home, '.ssh/authorized_keys'), 'utf8').split('\n').filter(Boolean)

test('an order on demand', () => {
  const { onstart, ...body } = launchBodyFromOrder(anOrder({ bidPerHour: aBid }))
  expect(body).toEqual({
    client_id: 'me',
    image: 'vllm/vllm-openai:latest',
    disk: 100,
    label: 'gf-home-inst_7d0c1a-1',
    runtype: 'ssh_direct',
    env: { HF_TOKEN: 'hf_very_secret', '-p 8000:8000': '1' },
    target_state: 'running',
    cancel_unavail: true,
  })
  expect(onstart).toContain(publicKey)
  expect(onstart?.endsWith('\nvllm serve $MODEL_ID --port 8000')).toBe(true)
})

describe('the bid', () => {
  const spot = anOffer('spot')

  test('is the price of a spot order', () => {
    expect(launchBodyFromOrder(anOrder({ offer: spot, bidPerHour: aBid })).price).toBe(0.25)
  })

  test('is never missing, zero or out of range', () => {
    expect(refusal({ offer: spot, bidPerHour: null })).toContain('needs a bid')
    for (const usd of ['0', '0.0009', '128.01']) {
      expect(refusal({ offer: spot, bidPerHour: nanosFromUsd(usd) })).toContain('between 0.001 and 128')
    }
  })

  test('is never sent on demand, where it would make the machine interruptible', () => {
    expect(launchBodyFromOrder(anOrder({ bidPerHour: aBid }))).not.toHaveProperty('price')
  })
})

describe('the run type', () => {
  test("keeps the image's entrypoint when nothing asks for SSH", () => {
    const body = launchBodyFromOrder(anOrder({ sshPublicKey: null, onstartScript: null }))
    expect(body.runtype).toBe('args')
    expect(body).not.toHaveProperty('onstart')
  })

  test('is SSH for a key and for an onstart script', () => {
    expect(launchBodyFromOrder(anOrder({ onstartScript: null })).runtype).toBe('ssh_direct')
    expect(launchBodyFromOrder(anOrder({ sshPublicKey: null })).runtype).toBe('ssh_direct')
    expect(launchBodyFromOrder(anOrder({ sshPublicKey: null })).onstart).toBe('vllm serve $MODEL_ID --port 8000')
  })
})

describe('environment', () => {
  test('nasty values travel as they are', () => {
    const environment = { A: "'; rm -rf /", B: '$(reboot)\nsecond line', C: '' }
    expect(launchBodyFromOrder(anOrder({ environment })).env).toMatchObject(environment)
  })

  test('a name cannot smuggle a docker flag', () => {
    for (const name of ['-v /:/host', '-p 22:22', '--privileged', 'A B', 'A=B', '', '1A']) {
      expect(refusal({ environment: { [name]: '1' } })).toContain('rename it')
    }
  })

  test('what is too long is refused without its value', () => {
    const message = refusal({ environment: { TOKEN: 's3cret'.repeat(50) } })
    expect(message).toContain('TOKEN')
    expect(message).not.toContain('s3cret')
    const many = Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`V${n}`, 'x'.repeat(200)]))
    expect(refusal({ environment: many })).toContain('32768')
  })
})

describe('ports', () => {
  test('are docker flags, each once; SSH publishes its own', () => {
    const ports = [
      { containerPort: 8000, protocol: 'http' },
      { containerPort: 8000, protocol: 'tcp' },
      { containerPort: 5000, protocol: 'udp' },
      { containerPort: 22, protocol: 'tcp' },
    ] as const
    const flags = { '-p 8000:8000': '1', '-p 5000:5000/udp': '1' }
    expect(launchBodyFromOrder(anOrder({ ports, environment: {} })).env).toEqual(flags)
    const bare = anOrder({ ports, environment: {}, sshPublicKey: null, onstartScript: null })
    expect(launchBodyFromOrder(bare).env).toEqual({ ...flags, '-p 22:22': '1' })
  })

  test('are refused where the machine has too few', () => {
    expect(refusal({ offer: anOffer('on_demand', { maxPorts: 0 }) })).toContain('choose an offer with more')
    const ports = Array.from({ length: 65 }, (_, n) => ({ containerPort: 8000 + n, protocol: 'tcp' as const }))
    expect(refusal({ ports })).toContain('at most 64 ports')
    expect(refusal({ ports: [{ containerPort: 70_000, protocol: 'tcp' }] })).toContain('between 1 and 65535')
  })
})

describe('registry credentials', () => {
  test('go into one line', () => {
    const registryAuth = { server: 'ghcr.io', username: 'me', password: 'token' }
    expect(launchBodyFromOrder(anOrder({ registryAuth })).image_login).toBe('-u me -p token ghcr.io')
    const hub = { ...registryAuth, server: null }
    expect(launchBodyFromOrder(anOrder({ registryAuth: hub })).image_login).toBe('-u me -p token docker.io')
  })

  test('that would break the line are refused without being shown', () => {
    for (const password of ['pass word', "it's", '', 'a"b', 'new\nline']) {
      const message = refusal({ registryAuth: { server: 'ghcr.io', username: 'me', password } })
      if (password) expect(message).not.toContain(password)
    }
  })
})

test('a disk below the smallest is asked for as the smallest', () => {
  expect(launchBodyFromOrder(anOrder({ diskGb: 5 })).disk).toBe(8)
})

describe('the onstart text', () => {
  test('lets the key in once, however often the machine starts, and then runs the script', () => {
    const home = newHome()
    const { onstart } = launchBodyFromOrder(anOrder({ onstartScript: 'echo started' }))
    expect(run(onstart, home)).toBe('started\n')
    run(onstart, home)
    expect(keysIn(home)).toEqual([publicKey])
  })

  test("leaves the account's keys in place", () => {
    const home = newHome()
    run(`mkdir -p ~root/.ssh; printf 'ssh-rsa AAAA theirs' > ~root/.ssh/authorized_keys`, home)
    run(launchBodyFromOrder(anOrder({ onstartScript: null })).onstart, home)
    expect(keysIn(home)).toEqual(['ssh-rsa AAAA theirs', publicKey])
  })

  test('a nasty comment in a key stays a comment', () => {
    const home = newHome()
    const nasty = `ssh-ed25519 AAAAC3Nz '; touch pwned; echo '$(touch pwned)\`touch pwned\` "x" \\`
    run(launchBodyFromOrder(anOrder({ sshPublicKey: nasty, onstartScript: null })).onstart, home)
    expect(existsSync(join(home, 'pwned'))).toBe(false)
    expect(keysIn(home)).toEqual([nasty])
  })

  test('what is not one public key is refused', () => {
    for (const key of ['', 'hello', `${publicKey}\nssh-rsa AAAA other`, '-----BEGIN OPENSSH PRIVATE KEY-----']) {
      expect(refusal({ sshPublicKey: key })).toContain('not one line')
    }
  })

  test('is packed when it is long, and does the same', () => {
    const home = newHome()
    const long = `${'# a long explanation\n'.repeat(500)}echo "it's $((40 + 2))"`
    const { onstart } = launchBodyFromOrder(anOrder({ onstartScript: long }))
    expect(Buffer.byteLength(onstart ?? '')).toBeLessThanOrEqual(4_048)
    expect(run(onstart, home)).toBe("it's 42\n")
    expect(keysIn(home)).toEqual([publicKey])
  })

  test('is refused when even packing does not help', () => {
    const noise = Array.from({ length: 4_000 }, (_, n) => (n * 2_654_435_761).toString(36)).join('')
    expect(refusal({ onstartScript: noise })).toContain('even compressed')
  })
})
