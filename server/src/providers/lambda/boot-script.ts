import { type LaunchOrder, ProviderError } from '../provider.ts'
import { shellQuoted } from '../shell-quoted.ts'
import { publicKeyFrom } from './ssh-keys.ts'

export type Boot = Pick<
  LaunchOrder,
  'image' | 'registryAuth' | 'environment' | 'ports' | 'sshPublicKey' | 'furtherSshKeys' | 'onstartScript'
>

/** The container on the machine: `docker logs gpufleet` over SSH. */
const container = 'gpufleet'
const folder = '/var/lib/gpufleet'
const bootPath = `${folder}/boot.sh`
const onstartPath = `${folder}/onstart.sh`
const onstartPathInside = '/gpufleet-onstart.sh'

/** The longest single argument Linux passes to a program (128 KiB), less some room for the name. */
const maxEntryBytes = 120_000

/**
 * cloud-init user data: writes the scripts and runs one of them, once, as root. File contents travel as base64, so that no
 * value can break out of the YAML.
 *
 * @throws ProviderError `rejected` with what to do instead
 */
export function userDataFrom(boot: Boot): string {
  const onstart = onstartFrom(boot)
  return [
    '#cloud-config',
    'write_files:',
    ...fileLines(bootPath, '0700', bootScriptFrom(boot)),
    // Readable for the user that the image names.
    ...(onstart === null ? [] : fileLines(onstartPath, '0755', onstart)),
    'runcmd:',
    `  - [/bin/bash, ${bootPath}]`,
    '',
  ].join('\n')
}

/**
 * Installs the key, makes Docker ready for the GPUs, pulls the image and starts it.
 *
 * Docker and NVIDIA's toolkit are on Lambda's stock images, though not always set up for each other; the cgroupfs driver
 * keeps the GPUs in the container when systemd reloads.
 *
 * @source providers/lambda.md 5: dstackai/dstack#1357, #2603, #2877
 * @throws ProviderError `rejected` with what to do instead
 */
export function bootScriptFrom(boot: Boot): string {
  return [
    '#!/bin/bash',
    '# Written by gpufleet. Runs once, as root. What it does is in /var/log/gpufleet-boot.log.',
    'set -u',
    'umask 077',
    'exec >>/var/log/gpufleet-boot.log 2>&1',
    'export DEBIAN_FRONTEND=noninteractive',
    `note() { printf '%s %s\\n' "$(date -u +%FT%TZ)" "$*"; }`,
    `retried() { local try; for try in 1 2 3 4 5; do "$@" && return 0; note "failed, try $try: $1"; sleep 15; done; return 1; }`,
    `install_package() { retried apt-get -o DPkg::Lock::Timeout=600 update; retried apt-get -o DPkg::Lock::Timeout=600 install -y "$1"; }`,
    '',
    ...keyLines(boot.sshPublicKey),
    ...(boot.sshPublicKey === null ? [] : (boot.furtherSshKeys ?? [])).flatMap(keyLines),
    "note 'preparing docker'",
    'command -v docker >/dev/null || install_package docker.io',
    'command -v nvidia-ctk >/dev/null || install_package nvidia-container-toolkit',
    'nvidia-ctk runtime configure --runtime=docker',
    'mkdir -p /etc/docker',
    "python3 - <<'PY'",
    'import json, os',
    "path = '/etc/docker/daemon.json'",
    'config = json.load(open(path)) if os.path.exists(path) else {}',
    "others = [option for option in config.get('exec-opts', []) if not option.startswith('native.cgroupdriver=')]",
    "config['exec-opts'] = others + ['native.cgroupdriver=cgroupfs']",
    "json.dump(config, open(path, 'w'), indent=2)",
    'PY',
    'chmod 644 /etc/docker/daemon.json',
    'systemctl restart docker',
    'for try in $(seq 60); do docker info >/dev/null 2>&1 && break; sleep 2; done',
    'usermod -aG docker ubuntu',
    'for try in $(seq 60); do nvidia-smi -L && break; sleep 5; done',
    '',
    "note 'pulling the image'",
    'DOCKER_CONFIG="$(mktemp -d)"',
    'export DOCKER_CONFIG',
    ...loginLines(boot.registryAuth),
    `retried docker pull --quiet ${imageFrom(boot.image)}`,
    '',
    "note 'starting the container'",
    `docker rm --force ${container} >/dev/null 2>&1`,
    `${runCommandFrom(boot)} && note 'started' || note 'the container did not start'`,
    'rm -rf "$DOCKER_CONFIG"',
    '# Environment and registry password are in here.',
    `rm -f ${bootPath}`,
    '',
  ].join('\n')
}

/**
 * The container sees all GPUs and the shared memory of the machine, which is ours alone, and comes back after a restart.
 *
 * With an onstart script it does what containers do elsewhere: the script runs instead of the image's entrypoint, at every
 * start, and the container stays when the script ends.
 */
export function runCommandFrom(boot: Boot): string {
  const onstart = onstartFrom(boot) !== null
  return [
    `docker run --detach --name ${container} --restart unless-stopped --pull never --init --gpus all --ipc host`,
    ...publishFlags(boot.ports),
    ...environmentFlags(boot.environment),
    ...(onstart ? [`--volume ${onstartPath}:${onstartPathInside}:ro`, '--entrypoint /bin/sh'] : []),
    imageFrom(boot.image),
    ...(onstart ? ['-c', shellQuoted(onstartCommand)] : []),
  ].join(' ')
}

const onstartCommand =
  `if command -v bash >/dev/null 2>&1; then bash ${onstartPathInside}; else sh ${onstartPathInside}; fi; ` +
  'echo "onstart script ended with $?"; exec tail -f /dev/null'

/** A command that takes the password from its input, so that it is in no list of processes. */
export function loginLines(auth: Boot['registryAuth']): string[] {
  if (auth === null) return []
  const { server, username, password } = auth
  if (server !== null && !/^[A-Za-z0-9][A-Za-z0-9./:_-]*$/.test(server)) {
    throw rejected('the registry server is not a host name: give it as in registry.example.com:5000')
  }
  if ([username, password].some((part) => part === '' || /[\0\r\n]/.test(part)) || username.startsWith('-')) {
    throw rejected('registry credentials must be one line each and not empty: use an access token')
  }
  const target = server === null ? '' : ` ${shellQuoted(server)}`
  return [
    `registry_login() { printf %s ${shellQuoted(password)} | docker login --username ${shellQuoted(username)} --password-stdin${target}; }`,
    'retried registry_login',
  ]
}

/** Lambda puts the registered key there too; whoever comes first, it stands there once. */
function keyLines(publicKey: string | null): string[] {
  if (publicKey === null) return []
  const key = publicKeyFrom(publicKey)
  if (key === undefined) throw badKey()
  return [
    "note 'installing the key'",
    `gpufleet_key=${shellQuoted(key)}`,
    'keys=~ubuntu/.ssh/authorized_keys',
    'install -d -m 700 -o ubuntu -g ubuntu ~ubuntu/.ssh',
    'touch "$keys" && chmod 600 "$keys" && chown ubuntu:ubuntu "$keys"',
    'grep -qxF -- "$gpufleet_key" "$keys" || printf \'\\n%s\\n\' "$gpufleet_key" >> "$keys"',
    '',
  ]
}

/** Port 22 is the machine's own: SSH is there already. */
function publishFlags(ports: Boot['ports']): string[] {
  const flags = new Set<string>()
  for (const { containerPort, protocol } of ports) {
    if (!Number.isInteger(containerPort) || containerPort < 1 || containerPort > 65_535) {
      throw rejected(`port ${containerPort} cannot be published: use one between 1 and 65535`)
    }
    const transport = protocol === 'udp' ? 'udp' : 'tcp'
    if (containerPort === 22 && transport === 'tcp') continue
    flags.add(`-p ${containerPort}:${containerPort}/${transport}`)
  }
  return [...flags]
}

function environmentFlags(environment: Boot['environment']): string[] {
  return Object.entries(environment).map(([name, value]) => {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
      throw rejected('an environment variable has a name with other characters than letters, digits and _: rename it')
    }
    if (value.includes('\0')) throw rejected(`environment variable ${name} holds a zero byte: encode it, as base64`)
    if (Buffer.byteLength(value) > maxEntryBytes) {
      throw rejected(
        `environment variable ${name} is longer than ${maxEntryBytes} bytes: ` +
          'set it in the onstart script, or read it from a file',
      )
    }
    return `--env ${shellQuoted(`${name}=${value}`)}`
  })
}

/** Line ends of a browser's text field would end up in the commands. */
function onstartFrom({ onstartScript }: Pick<Boot, 'onstartScript'>): string | null {
  const script = onstartScript?.replaceAll('\r\n', '\n') ?? ''
  return script.trim() === '' ? null : script
}

function imageFrom(image: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._/:@-]*$/.test(image)) return shellQuoted(image)
  throw rejected('the image is not a name as docker takes it: give it as in registry.example.com/team/image:tag')
}

function fileLines(path: string, permissions: string, content: string): string[] {
  return [
    `  - path: ${path}`,
    `    permissions: '${permissions}'`,
    '    owner: root:root',
    '    encoding: b64',
    `    content: ${Buffer.from(content).toString('base64')}`,
  ]
}

export function badKey(): ProviderError {
  return rejected(
    'the SSH public key is not one line of the form "ssh-ed25519 AAAA… comment": pass the content of the .pub file',
  )
}

function rejected(message: string): ProviderError {
  return new ProviderError('lambda', { kind: 'rejected' }, message)
}
