import { readFileSync, writeFileSync } from 'node:fs'
import { Secret } from '../core/secret.ts'

/** Reads a small file of ours, or makes it once. Only its owner can read it. */
export function readOrMake(file: string, make: () => string): string {
  try {
    const text = readFileSync(file, 'utf8').trim()
    if (text === '')
      throw new Error(`${file} is empty: put its content back from a backup, or remove it to have a new one made`)
    return text
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    const text = make()
    writeFileSync(file, `${text}\n`, { mode: 0o600, flag: 'wx' })
    return text
  }
}

/** The same for a secret, kept as base64. */
export function readOrMakeSecret(file: string, make: () => Uint8Array): Secret {
  return new Secret(readOrMake(file, () => Buffer.from(make()).toString('base64')))
}
