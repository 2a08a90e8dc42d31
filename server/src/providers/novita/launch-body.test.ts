import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type LaunchOrder, ProviderError } from '../provider.ts'
import { launchBodyFromOrder, type NovitaCreateBody } from './launch-body.ts'
import { anOffer, anOrder, publicKey } from './testing.ts'

const variable = (body: NovitaCreateBody, name: string) => body.envs.find(({ key }) => key === name)?.value

function refusal(changes: Partial<LaunchOrder>): string {
  try {
    launchBodyFromOrder(anOrder(changes))
  } catch (error) {
    if (error instanceof ProviderError && error.kind === 'rejected') return error.message
  }
  throw new Error('it was not rejected')
}

test('everything that is asked for is in the body, and nothing else', () => {
  expect(launchBodyFromOrder(anOrder({ offer: anOffer('spot', {}, 4) }))).toEqual({
    name: 'gf-home-inst_7d0c1a-1',
    productId: '4090.16c62g',
    gpuNum: 4,
    rootfsSize: 100,
    imageUrl: 'docker.io/pytorch/pytorch:2.5.1-cuda12.4-cudnn9-runtime',
    kind: 'gpu',
    billingMode: 'spot',
    clusterId: 'us-ca-6',
    ports: '8888/http',
    envs: [
      { key: 'HF_TOKEN', value: 'hf_very_secret' },
      { key: 'GPUFLEET_LABEL', value: 'gf-home-inst_7d0c1a-1' },
      { key: 'GPUFLEET_GPU_NANOS_PER_HOUR', value: '720000000' },
    ],
  })
})

test('an image without a script keeps its entrypoint and its command; the key goes in by a variable', () => {
  const body = launchBodyFromOrder(anOrder({ sshPublicKey: `${publicKey}\n` }))
  expect(body).not.toHaveProperty('command')
  expect(body).not.toHaveProperty('entrypoint')
  expect(variable(body, 'PUBLIC_KEY')).toBe(publicKey)
  expect(
    variable(launchBodyFromOrder(anOrder({ sshPublicKey: publicKey, environment: { PUBLIC_KEY: 'x' } })), 'PUBLIC_KEY'),
  ).toBe('x')
})

test('nobody can overwrite the variables that we read back', () => {
  const body = launchBodyFromOrder(anOrder({ environment: { GPUFLEET_GPU_NANOS_PER_HOUR: '1', GPUFLEET_LABEL: 'x' } }))
  expect(body.envs).toHaveLength(2)
  expect(variable(body, 'GPUFLEET_GPU_NANOS_PER_HOUR')).toBe('350000000')
})

test('the disk is whole, and not below the least', () => {
  expect(launchBodyFromOrder(anOrder({ diskGb: 4 })).rootfsSize).toBe(10)
  expect(launchBodyFromOrder(anOrder({ diskGb: 70.2 })).rootfsSize).toBe(71)
})

test('registry credentials go along; none are sent where there are none', () => {
  const registryAuth = { server: null, username: 'acme', password: 'p:w' }
  expect(launchBodyFromOrder(anOrder({ registryAuth })).imageAuth).toBe('acme:p:w')
  expect(launchBodyFromOrder(anOrder())).not.toHaveProperty('imageAuth')
  expect(launchBodyFromOrder(anOrder({ ports: [] }))).not.toHaveProperty('ports')
})

test('what cannot be done is rejected with what to do instead, and without a value', () => {
  const tcp = (containerPort: number) => ({ containerPort, protocol: 'tcp' as const })
  expect(refusal({ ports: [{ containerPort: 53, protocol: 'udp' }] })).toContain('UDP')
  for (const port of [2222, 2223, 2224]) expect(refusal({ ports: [tcp(port)] })).toContain('another port')
  expect(refusal({ ports: [tcp(0)] })).toContain('1 to 65535')
  expect(refusal({ ports: [tcp(80), { containerPort: 80, protocol: 'http' }] })).toContain('either')
  expect(refusal({ ports: Array.from({ length: 16 }, (_, index) => tcp(3000 + index)) })).toContain('at most 15')
  expect(refusal({ diskGb: 1017 })).toContain('1016 GB')
  expect(refusal({ label: 'x'.repeat(256) })).toContain('255')
  expect(refusal({ image: 'x'.repeat(501) })).toContain('500')
  expect(refusal({ environment: { TOKEN: 's3cret'.repeat(700) } })).not.toContain('s3cret')
  expect(refusal({ environment: Object.fromEntries(Array.from({ length: 99 }, (_, i) => [`A${i}`, ''])) })).toContain(
    '100',
  )
  expect(refusal({ sshPublicKey: 'not a key; rm -rf /' })).toContain('.pub')
  expect(refusal({ registryAuth: { server: null, username: 'a:b', password: 'hidden' } })).not.toContain('hidden')
  expect(refusal({ offer: anOffer('on_demand', { externalId: '4090' }) })).toContain('new search')
  expect(launchBodyFromOrder(anOrder({ ports: Array.from({ length: 15 }, (_, i) => tcp(3000 + i)) })).ports).toContain(
    '3014/tcp',
  )
})

test('the start command of a template is the command, and no script can run beside it', () => {
  expect(launchBodyFromOrder(anOrder({ startCommand: '--model a' })).command).toBe('--model a')
  expect(refusal({ startCommand: '--model a', onstartScript: 'echo' })).toContain('one command')
})

describe('with a start script', () => {
  /** Runs the command as a shell would, in a home of its own; what follows the script would wait for ever. */
  function run(body: NovitaCreateBody): { home: string; output: string; code: number } {
    const home = mkdtempSync(join(tmpdir(), 'gpufleet-novita-'))
    const env = {
      PATH: '/usr/local/bin:/usr/bin:/bin',
      HOME: home,
      ...Object.fromEntries(body.envs.map(({ key, value }) => [key, value])),
    }
    try {
      const output = execFileSync('sh', ['-c', body.command ?? ''], { env, cwd: home, timeout: 5_000 })
      return { home, output: output.toString(), code: 0 }
    } catch (error) {
      const { stdout, status } = error as { stdout: Buffer; status: number | null }
      return { home, output: stdout.toString(), code: status ?? -1 }
    }
  }

  /** A script that ends the container, so that the test ends as well. */
  const ending = (script: string) =>
    launchBodyFromOrder(anOrder({ onstartScript: `${script}\nexit 7`, sshPublicKey: publicKey }))

  test.each([
    `'; rm -rf /`,
    'two\nlines',
    '$(touch pwned)',
    '`touch pwned`',
    '"$HOME" \\ %s %% é ☃',
    '!! # * ~ & | > x',
  ])('a nasty text arrives as it is: %j', (nasty) => {
    const { home, output, code } = run(ending(`cat <<'THE_END'\n${nasty}\nTHE_END`))
    expect(output).toBe(`${nasty}\n`)
    expect(code).toBe(7)
    expect(() => statSync(join(home, 'pwned'))).toThrow()
  })

  test('the key is installed for the image’s own SSH server, once and readable by nobody else', () => {
    const { home } = run(ending(':'))
    const file = join(home, '.ssh/authorized_keys')
    expect(readFileSync(file, 'utf8').trim()).toBe(publicKey)
    expect(statSync(file).mode & 0o777).toBe(0o600)
  })

  test('no word of the user is in the command, whose form is not documented', () => {
    const body = ending('echo secret-word')
    expect(body.command).toBe(`sh -c 'eval "$(printf %s "$GPUFLEET_BOOT_1" | base64 -d)"'`)
    expect(JSON.stringify(body)).not.toContain('secret-word')
  })

  test('a script that names its interpreter gets it', () => {
    const body = launchBodyFromOrder(anOrder({ onstartScript: '#!/bin/sh -e\necho "$0"\nfalse\necho never' }))
    const { output, code } = run(body)
    expect(output).toContain('.gpufleet-onstart')
    expect(output).not.toContain('never')
    expect(code).toBe(1)
  })

  test('a long script travels in parts within the limits; one that is too long is rejected', () => {
    const body = ending(`echo ${'x'.repeat(20_000)}`)
    expect(body.envs.every(({ value }) => value.length <= 4_095)).toBe(true)
    expect(run(body).output).toBe(`${'x'.repeat(20_000)}\n`)
    expect(refusal({ onstartScript: 'x'.repeat(400_000) })).toContain('download')
  })
})
