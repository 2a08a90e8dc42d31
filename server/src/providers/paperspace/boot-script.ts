import { type LaunchOrder, ProviderError } from '../provider.ts'
import { shellQuoted } from '../shell-quoted.ts'
import { portsOf } from './ports.ts'

type Wish = Pick<
  LaunchOrder,
  'image' | 'registryAuth' | 'environment' | 'ports' | 'sshPublicKey' | 'furtherSshKeys' | 'onstartScript'
>

/** The user whom Paperspace makes on its Linux templates. */
export const sshUser = 'paperspace'

/**
 * The script of a machine's first boot: lets the key in, and runs the image under Docker with its variables and ports. It
 * restarts with the machine, so that the script need not run twice.
 *
 * The user's start script runs inside the container and in place of the image's own command, at every start of it, as
 * it does at the marketplaces that rent containers; afterwards the container stays up.
 *
 * Whether Paperspace runs it as root is not documented, so it becomes root by itself. What the user gave is only ever
 * a quoted word, or encoded.
 *
 * @param options other than the defaults only in tests: a folder in place of `/`, and the pause between two tries
 * @throws ProviderError `rejected` with what to do instead
 */
export function bootScriptFrom(wish: Wish, { root = '', pauseSeconds = 10 } = {}): string {
  const inner = [
    `root=${shellQuoted(root)}\npause=${pauseSeconds}\n${prologue}`,
    ...(wish.sshPublicKey === null ? [] : [wish.sshPublicKey, ...(wish.furtherSshKeys ?? [])]).map(keyPart),
    dockerPart,
    wish.registryAuth === null ? null : loginPart(wish.registryAuth),
    runPart(wish),
  ]
  const text = `${inner.filter((part) => part !== null).join('\n\n')}\n`
  return [
    '#!/bin/bash',
    '# Made by gpufleet: the first boot of this machine.',
    'umask 077',
    'gpufleet_boot=$(mktemp)',
    `printf %s ${encoded(text)} | base64 -d > "$gpufleet_boot"`,
    'if [ "$(id -u)" -eq 0 ]; then bash "$gpufleet_boot"; else sudo -n bash "$gpufleet_boot"; fi',
    'gpufleet_status=$?',
    'rm -f "$gpufleet_boot"',
    'exit "$gpufleet_status"',
    '',
  ].join('\n')
}

const prologue = `set -u
umask 077
mkdir -p "$root/var/log" "$root/var/lib/gpufleet"
exec >> "$root/var/log/gpufleet-boot.log" 2>&1
tries() { for _ in 1 2 3 4 5; do "$@" && return 0; sleep "$pause"; done; return 1; }`

const keyLine = /^(sk-)?(ssh|ecdsa)-[A-Za-z0-9@.-]+ [A-Za-z0-9+/]+=*( [^\p{Cc}]*)?$/u

/** First of all, so that somebody can look when the rest fails. */
function keyPart(publicKey: string): string {
  const key = publicKey.trim()
  if (!keyLine.test(key)) {
    throw rejected(
      'the SSH public key is not one line of the form "ssh-ed25519 AAAA… comment": pass the content of the .pub file',
    )
  }
  return `key=${shellQuoted(key)}
ssh_dir="$root/home/${sshUser}/.ssh"
mkdir -p "$ssh_dir" && touch "$ssh_dir/authorized_keys"
grep -qxF -- "$key" "$ssh_dir/authorized_keys" || printf '\\n%s\\n' "$key" >> "$ssh_dir/authorized_keys"
chmod 700 "$ssh_dir" && chmod 600 "$ssh_dir/authorized_keys"
if id ${sshUser} > /dev/null 2>&1; then chown -R ${sshUser}: "$ssh_dir"; fi`
}

/** ML-in-a-Box has both; a plain Ubuntu has neither. */
const dockerPart = `export DEBIAN_FRONTEND=noninteractive
if ! command -v docker > /dev/null; then
  tries apt-get update && tries apt-get install -y docker.io
fi
if ! command -v nvidia-ctk > /dev/null && ! command -v nvidia-container-cli > /dev/null; then
  list=https://nvidia.github.io/libnvidia-container
  tries curl -fsSL "$list/gpgkey" -o /etc/apt/keyrings/nvidia-container-toolkit.asc
  chmod 644 /etc/apt/keyrings/nvidia-container-toolkit.asc
  echo "deb [signed-by=/etc/apt/keyrings/nvidia-container-toolkit.asc] $list/stable/deb/\\$(ARCH) /" \\
    > /etc/apt/sources.list.d/nvidia-container-toolkit.list
  chmod 644 /etc/apt/sources.list.d/nvidia-container-toolkit.list
  tries apt-get update && tries apt-get install -y nvidia-container-toolkit
  nvidia-ctk runtime configure --runtime=docker && systemctl restart docker
fi
tries docker info > /dev/null`

/** Docker keeps the login in a file: in one of our own, which goes when the image is there. */
function loginPart({ server, username, password }: NonNullable<LaunchOrder['registryAuth']>): string {
  if (server !== null && !/^[A-Za-z0-9][A-Za-z0-9.:/_-]*$/.test(server)) {
    throw rejected('the registry server is not a name such as "ghcr.io": correct it')
  }
  const words = ['--username', username, '--password-stdin', ...(server === null ? [] : [server])]
  return `export DOCKER_CONFIG="$root/var/lib/gpufleet/docker"
mkdir -p "$DOCKER_CONFIG"
registry_password=${shellQuoted(password)}
login() { printf %s "$registry_password" | docker login ${words.map(shellQuoted).join(' ')}; }
tries login`
}

function runPart(wish: Wish): string {
  const flags = [
    ...['--detach', '--name', 'gpufleet', '--restart', 'unless-stopped', '--gpus', 'all', '--ipc', 'host'],
    ...portsOf(wish).flatMap(({ containerPort, protocol }) => [
      '--publish',
      `${containerPort}:${containerPort}/${protocol === 'udp' ? 'udp' : 'tcp'}`,
    ]),
    ...variablesFrom(wish.environment).flatMap(([name, value]) => ['--env', `${name}=${value}`]),
  ]
  const onstart = wish.onstartScript === null || wish.onstartScript.trim() === '' ? null : wish.onstartScript
  const file = '"$root/var/lib/gpufleet/onstart"'
  const before = onstart === null ? [] : [`printf %s ${encoded(onstart)} | base64 -d > ${file}`, `chmod 755 ${file}`]
  const words = [
    ...flags.map(shellQuoted),
    ...(onstart === null ? [] : ['--volume', `${file}:/gpufleet-onstart:ro`, '--entrypoint', '/bin/sh']),
    shellQuoted(imageFrom(wish.image)),
    ...(onstart === null ? [] : ['-c', shellQuoted(inContainer)]),
  ]
  return [
    `tries docker pull ${shellQuoted(imageFrom(wish.image))}`,
    ...(wish.registryAuth === null ? [] : ['rm -rf -- "$DOCKER_CONFIG"']),
    ...before,
    'docker rm -f gpufleet > /dev/null 2>&1',
    `docker run ${words.join(' ')}`,
  ].join('\n')
}

const inContainer =
  'if command -v bash > /dev/null; then bash /gpufleet-onstart; else sh /gpufleet-onstart; fi; exec sleep infinity'

/** A name with a dash in front would be read as a flag. */
function imageFrom(image: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._:/@-]*$/.test(image)) return image
  throw rejected('the image is not a name such as "vllm/vllm-openai:latest": correct it')
}

function variablesFrom(environment: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries(environment).map(([name, value]) => {
    if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return [name, value]
    throw rejected('an environment variable has a name with other characters than letters, digits and _: rename it')
  })
}

/** Letters, digits, `+`, `/` and `=` only, so that it needs no quotes. */
function encoded(text: string): string {
  return Buffer.from(text).toString('base64')
}

function rejected(message: string): ProviderError {
  return new ProviderError('paperspace', { kind: 'rejected' }, message)
}
