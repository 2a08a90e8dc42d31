import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { Secret } from '../core/secret.ts'
import { ConfigError } from './config.ts'

export interface SecretsKeySource {
  secretsKey: Secret | undefined
  secretsKeyFile: string | undefined
  /** Program and arguments. */
  secretsKeyCommand: readonly string[] | undefined
}

const commandMs = 15_000

/**
 * The key that seals secrets at rest, from where the settings say that it is.
 *
 * @returns undefined when they say nothing
 * @throws ConfigError that never quotes what was read
 */
export function secretsKeyFrom({
  secretsKey,
  secretsKeyFile,
  secretsKeyCommand,
}: SecretsKeySource): Secret | undefined {
  if (secretsKey !== undefined) return secretsKey
  if (secretsKeyFile !== undefined) return checked(contentOf(secretsKeyFile), 'SECRETS_KEY_FILE')
  if (secretsKeyCommand !== undefined) return checked(outputOf(secretsKeyCommand), 'SECRETS_KEY_COMMAND')
  return undefined
}

function contentOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new ConfigError([`SECRETS_KEY_FILE ${file} cannot be read (${(error as NodeJS.ErrnoException).code})`])
  }
}

/** Without a shell: nothing in the words is expanded. What it writes to its error output goes to ours. */
function outputOf([program = '', ...args]: readonly string[]): string {
  try {
    return execFileSync(program, args, {
      encoding: 'utf8',
      timeout: commandMs,
      maxBuffer: 64 * 1024,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
  } catch (error) {
    const { code, status, signal } = error as NodeJS.ErrnoException & { status?: number | null; signal?: string | null }
    const why = code === 'ETIMEDOUT' ? `no end within ${commandMs / 1000} s` : (code ?? signal ?? `exit code ${status}`)
    throw new ConfigError([`SECRETS_KEY_COMMAND ${program} failed: ${why}`])
  }
}

function checked(text: string, name: string): Secret {
  const key = text.trim()
  if (Buffer.from(key, 'base64').length === 32) return new Secret(key)
  throw new ConfigError([`${name} gives no 32 bytes in base64`])
}
