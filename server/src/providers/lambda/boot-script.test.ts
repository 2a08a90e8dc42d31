import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { type Boot, bootScriptFrom, loginLines, runCommandFrom, userDataFrom } from './boot-script.ts'
import { anOrder, apiKey } from './testing.ts'

const nasty = [
  "'; rm -rf / #",
  'two\nlines\r\nand three',
  '$(reboot) `reboot` $HOME $PATH $((1+1))',
  '"quoted" \'and\' \\backslash\\',
  '-v /:/host --privileged',
  ' spaces around ',
  '!history * ? [a-z] ~ & | ; < >',
  'ünïcödé 🚀',
  '',
]

/** What the shell hands to docker, word by word; nothing but docker can be run. */
function wordsOf(command: string): string[] {
  const script = `docker() { for word in "$@"; do printf '%s\\0' "$word"; done; cat; }; retried() { "$@"; }\n${command}`
  const { stdout, status, stderr } = spawnSync('/bin/bash', ['--norc', '-u', '-c', script], {
    env: { PATH: '/nowhere:/bin:/usr/bin' },
    input: '',
    encoding: 'utf8',
  })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  return stdout.split('\0')
}

function boot(changes: Partial<Boot> = {}): Boot {
  return anOrder(changes)
}

interface CloudConfig {
  write_files: { path: string; permissions: string; owner: string; encoding: string; content: string }[]
  runcmd: string[][]
}

function cloudConfig(userData: string): { config: CloudConfig; files: Record<string, string> } {
  const config = parse(userData) as CloudConfig
  const files = config.write_files.map(({ path, content }) => [path, Buffer.from(content, 'base64').toString()])
  return { config, files: Object.fromEntries(files) }
}

test('the image runs under docker with all GPUs, its environment and its ports', () => {
  expect(wordsOf(runCommandFrom(boot()))).toEqual([
    ...['run', '--detach', '--name', 'gpufleet', '--restart', 'unless-stopped', '--pull', 'never', '--init'],
    ...['--gpus', 'all', '--ipc', 'host', '-p', '8000:8000/tcp', '-p', '5000:5000/udp'],
    ...['--env', 'HF_TOKEN=hf_very_secret', 'vllm/vllm-openai:latest', ''],
  ])
})

test.each(nasty)('%j as an environment value arrives as it is and nowhere else', (value) => {
  const words = wordsOf(runCommandFrom(boot({ environment: { VALUE: value, AFTER: 'x' } })))
  expect(words.filter((_, index) => words[index - 1] === '--env')).toEqual([`VALUE=${value}`, 'AFTER=x'])
  expect(words.slice(-2)).toEqual(['vllm/vllm-openai:latest', ''])
})

test.each(nasty.filter((value) => value !== '' && !/[\r\n]/.test(value)))(
  '%j as a registry password reaches only the input of docker login',
  (password) => {
    const lines = loginLines({ server: 'registry.example.com:5000', username: "o'brien", password })
    expect(wordsOf(lines.join('\n'))).toEqual([
      ...['login', '--username', "o'brien", '--password-stdin', 'registry.example.com:5000', password],
    ])
  },
)

test('the whole script is good shell for every nasty value', () => {
  const script = bootScriptFrom(
    boot({
      environment: Object.fromEntries(nasty.map((value, index) => [`VALUE_${index}`, value])),
      registryAuth: { server: null, username: 'me', password: "'; $(reboot)" },
      onstartScript: 'echo hi',
      sshPublicKey: `ssh-ed25519 AAAAC3Nz '; rm -rf / $(reboot)`,
    }),
  )
  const { status, stderr } = spawnSync('/bin/bash', ['-n'], { input: script, encoding: 'utf8' })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
})

test('the key stands in the file of the login user, quoted', () => {
  const script = bootScriptFrom(boot({ sshPublicKey: `ssh-ed25519 AAAAC3Nz it's me` }))
  expect(script).toContain(`gpufleet_key='ssh-ed25519 AAAAC3Nz it'\\''s me'`)
  expect(script).toContain('keys=~ubuntu/.ssh/authorized_keys')
  expect(bootScriptFrom(boot({ sshPublicKey: null }))).not.toContain('authorized_keys')
})

test('the user data is cloud-config that writes the scripts and runs the first', () => {
  const order = boot({
    onstartScript: "#!/bin/bash\r\necho 'hi'\r\n",
    environment: { TRICK: 'x\n  - path: /etc/passwd' },
  })
  const userData = userDataFrom(order)
  const { config, files } = cloudConfig(userData)

  expect(userData.startsWith('#cloud-config\n')).toBe(true)
  expect(config.write_files).toMatchObject([
    { path: '/var/lib/gpufleet/boot.sh', permissions: '0700', owner: 'root:root', encoding: 'b64' },
    { path: '/var/lib/gpufleet/onstart.sh', permissions: '0755', owner: 'root:root', encoding: 'b64' },
  ])
  expect(config.runcmd).toEqual([['/bin/bash', '/var/lib/gpufleet/boot.sh']])
  expect(files['/var/lib/gpufleet/boot.sh']).toBe(bootScriptFrom(order))
  expect(files['/var/lib/gpufleet/onstart.sh']).toBe("#!/bin/bash\necho 'hi'\n")
})

test('an onstart script runs in the container instead of the entrypoint, and the container stays', () => {
  const words = wordsOf(runCommandFrom(boot({ onstartScript: 'exit 3' })))
  expect(words.slice(-8)).toEqual([
    '--volume',
    '/var/lib/gpufleet/onstart.sh:/gpufleet-onstart.sh:ro',
    '--entrypoint',
    '/bin/sh',
    'vllm/vllm-openai:latest',
    '-c',
    expect.stringMatching(/bash \/gpufleet-onstart\.sh.*exec tail -f \/dev\/null$/),
    '',
  ])
  expect(runCommandFrom(boot({ onstartScript: ' \n' }))).not.toContain('--entrypoint')
})

test("port 22 stays the machine's own, and a port is published once", () => {
  const ports = [22, 8000, 8000].map((containerPort) => ({ containerPort, protocol: 'tcp' as const }))
  const words = wordsOf(runCommandFrom(boot({ ports })))
  expect(words.filter((_, index) => words[index - 1] === '-p')).toEqual(['8000:8000/tcp'])
})

test.each<[string, Partial<Boot>]>([
  ['an image that is an option', { image: '--privileged' }],
  ['an image with a command', { image: 'ubuntu; reboot' }],
  ['an empty image', { image: '' }],
  ['a variable that is no name', { environment: { 'A B': 'x' } }],
  ['a zero byte', { environment: { A: 'x\0y' } }],
  ['a variable longer than Linux takes', { environment: { A: 'x'.repeat(130_000) } }],
  ['a port that is none', { ports: [{ containerPort: 72_299, protocol: 'tcp' }] }],
  ['a key that is none', { sshPublicKey: 'ssh-ed25519 AAAA\nssh-rsa BBBB' }],
  ['a registry that is an option', { registryAuth: { server: '-x', username: 'a', password: 'b' } }],
  ['a password of two lines', { registryAuth: { server: null, username: 'a', password: 'b\nsecret-line' } }],
])('%s is rejected with what to do, without repeating a value', (_, changes) => {
  const attempt = () => bootScriptFrom(boot(changes))
  expect(attempt).toThrow(expect.objectContaining({ kind: 'rejected' }))
  expect(attempt).not.toThrow(/secret-line|x\0y|BBBB|xxxx/)
})

test('our own key for Lambda is nowhere in what the machine gets', () => {
  expect(bootScriptFrom(boot())).not.toContain(apiKey)
})
