import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { nanosFromUsd } from '../../core/money.ts'
import { bootScript } from './boot-script.ts'
import { deployInputFromOrder } from './graphql-mapping.ts'
import { launchBodyFromOrder } from './launch-body.ts'
import { anOffer, anOrder, failureOf, publicKey } from './testing.ts'

const refused = (changes: Parameters<typeof anOrder>[0]) =>
  failureOf(Promise.resolve().then(() => launchBodyFromOrder(anOrder(changes), null)))

describe('the body of a launch', () => {
  test('is complete, and holds nothing that RunPod does not know', () => {
    expect(launchBodyFromOrder(anOrder(), null)).toEqual({
      name: 'gf-home-inst_7d0c1a-1',
      image: 'vllm/vllm-openai:latest',
      cloud: 'SECURE',
      gpu: { id: 'NVIDIA GeForce RTX 4090', count: 2 },
      dataCenterIds: ['EU-RO-1'],
      disk: 20,
      mounts: { persistent: { size: 80, path: '/workspace' } },
      ports: ['22/tcp', '8000/http'],
      env: { HF_TOKEN: 'hf_very_secret', PUBLIC_KEY: publicKey },
    })
  })

  test('asks for memory by the GPU, rounded up', () => {
    expect(launchBodyFromOrder(anOrder({ minRamGb: 33 }), null).gpu).toMatchObject({ count: 2, minRamPerGpu: 17 })
  })

  test('names no data centre for an offer from anywhere', () => {
    expect(launchBodyFromOrder(anOrder({ offer: anOffer({}, null) }), null)).not.toHaveProperty('dataCenterIds')
  })

  test('opens port 22 only for somebody with a key', () => {
    const body = launchBodyFromOrder(anOrder({ sshPublicKey: null, environment: {} }), null)
    expect(body.ports).toEqual(['8000/http'])
    expect(body.env).toEqual({})
  })

  test('keeps a key that the environment brings', () => {
    const body = launchBodyFromOrder(anOrder({ environment: { PUBLIC_KEY: 'ssh-rsa AAAA other\n' } }), null)
    expect(body.env.PUBLIC_KEY).toBe(`ssh-rsa AAAA other\n${publicKey}`)
  })

  test('names a stored credential', () => {
    expect(launchBodyFromOrder(anOrder(), 'reg_1')).toMatchObject({ registry: 'reg_1' })
  })

  test('is refused where RunPod cannot do it, with a way forward', async () => {
    expect(await refused({ ports: [{ containerPort: 53, protocol: 'udp' }] })).toMatchObject({
      kind: 'rejected',
      message: expect.stringContaining('use tcp'),
    })
    const ports = Array.from({ length: 11 }, (_, n) => ({ containerPort: 8000 + n, protocol: 'http' as const }))
    expect(await refused({ ports })).toMatchObject({ kind: 'rejected', message: expect.stringContaining('10') })
    expect(await refused({ ports: [{ containerPort: 70_001, protocol: 'tcp' }] })).toMatchObject({ kind: 'rejected' })
    expect(await refused({ bidPerHour: nanosFromUsd('0.1') })).toMatchObject({ kind: 'rejected' })
    expect(await refused({ offer: anOffer({ market: 'spot' }) })).toMatchObject({ kind: 'rejected' })
    expect(await refused({ sshPublicKey: 'no key\nat all' })).toMatchObject({ kind: 'rejected' })
  })

  test('is refused above the size that RunPod reads, without showing it', async () => {
    const failure = await refused({ environment: { BIG: `secret${'x'.repeat(103_000)}` } })
    expect(failure).toMatchObject({ kind: 'rejected', message: expect.stringContaining('102400') })
    expect(failure.message).not.toContain('secretx')
  })
})

describe('an onstart script', () => {
  const nasty = [
    "echo 'it''s' > out",
    `printf %s "'; rm -rf / $(echo never) \`echo never\`" > out`,
    'echo one\necho "two $HOME \\ three" # $(touch pwned)',
    '#!/bin/sh\necho "by itself" > out',
    "cat <<'EOF' > out\n'$(x)'\nEOF\n",
  ]

  test('takes the place of the command', () => {
    expect(launchBodyFromOrder(anOrder({ onstartScript: 'echo hi' }), null)).toMatchObject({
      entrypoint: ['/bin/sh', '-c'],
      cmd: [expect.stringContaining("'echo hi'")],
    })
  })

  test.each(nasty)('arrives as it was written: %j', (script) => {
    const folder = mkdtempSync(join(tmpdir(), 'runpod-boot-'))
    const [write] = bootScript(script).split(' > /tmp/gpufleet-onstart.sh')
    execFileSync('/bin/sh', ['-c', `${write} > script`], { cwd: folder })
    expect(readFileSync(join(folder, 'script'), 'utf8')).toBe(script)
  })

  test.each(nasty)('is one piece of shell: %j', (script) => {
    execFileSync('/bin/sh', ['-n', '-c', bootScript(script)])
    expect(bootScript(script)).toMatch(/exec sleep infinity$/)
  })
})

describe('the same by GraphQL', () => {
  test('has no volume, since this adapter cannot stop', () => {
    expect(deployInputFromOrder(anOrder({ offer: anOffer({}, null) }))).toEqual({
      cloudType: 'SECURE',
      gpuTypeId: 'NVIDIA GeForce RTX 4090',
      gpuCount: 2,
      name: 'gf-home-inst_7d0c1a-1',
      imageName: 'vllm/vllm-openai:latest',
      ports: '22/tcp,8000/http',
      env: [
        { key: 'HF_TOKEN', value: 'hf_very_secret' },
        { key: 'PUBLIC_KEY', value: publicKey },
      ],
      containerDiskInGb: 100,
      volumeInGb: 0,
      supportPublicIp: true,
    })
  })

  test('refuses what only REST can do', async () => {
    for (const changes of [
      { onstartScript: 'echo' },
      { registryAuth: { server: null, username: 'me', password: 'secret' } },
    ]) {
      const failure = await failureOf(Promise.resolve().then(() => deployInputFromOrder(anOrder(changes))))
      expect(failure).toMatchObject({ kind: 'rejected', message: expect.stringContaining('RUNPOD_API_VERSION=v2') })
    }
  })
})
