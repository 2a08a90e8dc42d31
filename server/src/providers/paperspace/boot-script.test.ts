import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { shellQuoted } from '../shell-quoted.ts'
import { bootScriptFrom } from './boot-script.ts'
import { anOrder, publicKey } from './testing.ts'

/** What these would do if they got through is harmless: the tests run them. */
const owned = join(tmpdir(), 'gpufleet-owned')
const nasty = [
  `'; touch ${owned}; '`,
  `'; touch ${owned}`,
  `$(touch ${owned})`,
  `\`touch ${owned}\``,
  'line one\nline two\n',
  `a "b" \\c $HOME \${PATH} !x`,
  '-rf --privileged',
  'ünïcödé ✓',
  '',
]

const folders: string[] = []
afterEach(() => {
  const gotThrough = existsSync(owned)
  rmSync(owned, { force: true })
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
  expect(gotThrough).toBe(false)
})

/** Runs the script with imitations of docker and sudo that write down their words. */
function boot(changes: Parameters<typeof anOrder>[0]) {
  const root = mkdtempSync(join(tmpdir(), 'gpufleet boot '))
  folders.push(root)
  const log = join(root, 'calls')
  const record = `#!/bin/bash\n{ printf '%s\\0' "$(basename "$0")" "$@"; printf '\\1\\0'; } >> '${log}'\n`
  for (const name of ['docker', 'nvidia-ctk', 'chown']) {
    writeFileSync(
      join(root, name),
      name === 'docker' ? `${record}[ "$1" = login ] && cat > '${root}/password'; exit 0\n` : record,
    )
    chmodSync(join(root, name), 0o755)
  }
  // Only root passes the imitated sudo unchanged.
  writeFileSync(join(root, 'sudo'), '#!/bin/bash\nshift; exec "$@"\n')
  chmodSync(join(root, 'sudo'), 0o755)
  const script = bootScriptFrom(anOrder(changes), { root, pauseSeconds: 0 })
  execFileSync('bash', ['-c', script], { env: { PATH: `${root}:${process.env.PATH}` }, stdio: 'pipe' })
  const calls = readFileSync(log, 'utf8')
    .split('\x01\0')
    .filter((call) => call !== '')
    .map((call) => call.split('\0').slice(0, -1))
  const read = (path: string) => readFileSync(join(root, path), 'utf8')
  return { root, read, run: calls.find(([name, verb]) => name === 'docker' && verb === 'run') ?? [], calls }
}

describe('a machine boots with what the user asked for', () => {
  test.each(nasty)('brings a value of a variable through the shell unchanged: %j', (value) => {
    const { run } = boot({ environment: { VALUE: value } })

    expect(run).toContain(`VALUE=${value}`)
    expect(run.at(-1)).toBe('vllm/vllm-openai:latest')
  })

  test.each(nasty.filter((value) => value !== ''))(
    'brings a start script through unchanged, into the container: %j',
    (value) => {
      const { read, run, root } = boot({ onstartScript: `echo ${value}` })

      expect(read('var/lib/gpufleet/onstart')).toBe(`echo ${value}`)
      expect(run).toContain(`${root}/var/lib/gpufleet/onstart:/gpufleet-onstart:ro`)
      expect(run.slice(-3, -1)).toEqual(['vllm/vllm-openai:latest', '-c'])
    },
  )

  test('publishes the ports, and leaves port 22 to the machine', () => {
    const { run } = boot({
      ports: [
        { containerPort: 22, protocol: 'tcp' },
        { containerPort: 8000, protocol: 'http' },
        { containerPort: 9000, protocol: 'udp' },
      ],
    })

    expect(run.filter((_, at) => run[at - 1] === '--publish')).toEqual(['8000:8000/tcp', '9000:9000/udp'])
  })

  test('lets the key in before anything else', () => {
    const { read } = boot({ sshPublicKey: publicKey })

    expect(read('home/paperspace/.ssh/authorized_keys').split('\n')).toContain(publicKey)
  })

  test('logs in to a registry without the password on a command line, and forgets it', () => {
    const password = `p'a"ss $(id) \\`
    const { read, calls, root } = boot({ registryAuth: { server: 'ghcr.io', username: 'me', password } })

    expect(read('password')).toBe(password)
    expect(calls).toContainEqual(['docker', 'login', '--username', 'me', '--password-stdin', 'ghcr.io'])
    expect(calls.flat()).not.toContain(password)
    expect(() => readFileSync(join(root, 'var/lib/gpufleet/docker/config.json'))).toThrow()
  })

  test('uses the image as it is without a start script', () => {
    const { run } = boot({ onstartScript: null })

    expect(run).not.toContain('--entrypoint')
  })
})

describe('what cannot be done is refused with what to do instead', () => {
  test.each([
    [{ sshPublicKey: 'ssh-ed25519 AAAA\nssh-rsa BBBB' }, /SSH public key/],
    [{ image: '--privileged' }, /image/],
    [{ image: 'a b' }, /image/],
    [{ environment: { 'A=B': 'x' } }, /environment variable/],
    [{ environment: { A: 'x\0y' } }, /NUL/],
    [{ ports: [{ containerPort: 0, protocol: 'tcp' as const }] }, /port 0/],
    [{ ports: [{ containerPort: 22, protocol: 'tcp' as const }], sshPublicKey: null }, /port 22/],
    [{ registryAuth: { server: '--help', username: 'a', password: 'b' } }, /registry server/],
  ])('%j', (changes, message) => {
    expect(() => bootScriptFrom(anOrder(changes))).toThrow(message)
  })

  test('names no secret in the refusal', () => {
    expect(() => bootScriptFrom(anOrder({ environment: { 'A B': 'very secret' } }))).toThrow(/^((?!very secret).)*$/)
  })
})

test.each(nasty)('quotes one word: %j', (value) => {
  expect(execFileSync('bash', ['-c', `printf %s ${shellQuoted(value)}`]).toString()).toBe(value)
})

test('quotes what must never be tried', () => {
  expect(shellQuoted("'; rm -rf /")).toBe("''\\''; rm -rf /'")
})
