import { shellQuoted } from '../shell-quoted.ts'

/** What runs in place of the image's command, when there is a script to run. Pure text for a POSIX shell. */

/** @source novita.md 2.2: the most characters of one value */
const maxVariableLength = 4_095
const partLength = maxVariableLength - (maxVariableLength % 4)

export interface Boot {
  /** What the create call takes as `command`. Nobody's words are in it, so there is nothing to quote. */
  command: string
  /** What it reads: the script in base64, in as many parts as it takes. */
  variables: Record<string, string>
}

/**
 * The script travels in variables, not in the command: how Novita splits a command is not documented, and it may be 2047
 * characters at most. `sh -c '…'` means the same whether it is split like a shell would, or given to one.
 */
export function bootFrom(script: string): Boot {
  const packed = Buffer.from(script, 'utf8').toString('base64')
  const count = Math.max(Math.ceil(packed.length / partLength), 1)
  const names = Array.from({ length: count }, (_, index) => `GPUFLEET_BOOT_${index + 1}`)
  return {
    command: `sh -c 'eval "$(printf %s "${names.map((name) => `$${name}`).join('')}" | base64 -d)"'`,
    variables: Object.fromEntries(
      names.map((name, index) => [name, packed.slice(index * partLength, (index + 1) * partLength)]),
    ),
  }
}

/**
 * Installs the key, runs the script and keeps the container up afterwards, as the marketplaces with a start script do. A
 * script that fails ends the container with its code, so that the launch fails visibly.
 */
export function bootScript({ publicKeys, onstart }: { publicKeys: readonly string[]; onstart: string }): string {
  return [
    'umask 077',
    'gpufleet_home="$' + '{HOME:-/root}"',
    ...publicKeys.flatMap(keyLines),
    'gpufleet_script="$gpufleet_home/.gpufleet-onstart"',
    `printf '%s\\n' ${shellQuoted(onstart)} > "$gpufleet_script" && chmod 700 "$gpufleet_script"`,
    'umask 022',
    runLine(onstart),
    'gpufleet_code=$?',
    '[ "$gpufleet_code" -eq 0 ] || exit "$gpufleet_code"',
    "trap 'exit 0' TERM INT",
    'while :; do sleep 3600 & wait $!; done',
  ].join('\n')
}

function keyLines(publicKey: string): string[] {
  return [
    `gpufleet_key=${shellQuoted(publicKey)}`,
    'gpufleet_keys="$gpufleet_home/.ssh/authorized_keys"',
    'mkdir -p "$gpufleet_home/.ssh" && chmod 700 "$gpufleet_home/.ssh" && touch "$gpufleet_keys" && chmod 600 "$gpufleet_keys"',
    `grep -qxF -- "$gpufleet_key" "$gpufleet_keys" || printf '\\n%s\\n' "$gpufleet_key" >> "$gpufleet_keys"`,
  ]
}

/** A script that names its interpreter gets it; others get bash where there is one. */
function runLine(onstart: string): string {
  if (onstart.startsWith('#!')) return '"$gpufleet_script"'
  return 'if command -v bash > /dev/null 2>&1; then bash "$gpufleet_script"; else sh "$gpufleet_script"; fi'
}
