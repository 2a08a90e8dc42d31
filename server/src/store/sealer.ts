import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { fromJsonText, jsonText } from './json.ts'

/** Encrypts what must not be readable in a copy of the database: AES-256-GCM, a fresh nonce each time. */
export interface Sealer {
  seal(value: unknown): string
  /** @throws Error when the text was changed, or was sealed with another key */
  open<T>(sealed: string): T
}

/** @param key 32 bytes */
export function createSealer(key: Uint8Array): Sealer {
  if (key.length !== 32) throw new RangeError('the sealing key takes 32 bytes')
  return {
    seal(value) {
      const nonce = randomBytes(12)
      const cipher = createCipheriv('aes-256-gcm', key, nonce)
      const body = Buffer.concat([cipher.update(jsonText(value), 'utf8'), cipher.final()])
      return `v1.${Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64url')}`
    },
    open<T>(sealed: string): T {
      if (!sealed.startsWith('v1.')) throw new Error('sealed with a version that is not known here')
      const bytes = Buffer.from(sealed.slice(3), 'base64url')
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12))
      decipher.setAuthTag(bytes.subarray(12, 28))
      const text = Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString('utf8')
      return fromJsonText<T>(text)
    },
  }
}
