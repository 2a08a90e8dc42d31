import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const src = join(import.meta.dirname, '..')

/** Files that run, without tests. */
function sources(): string[] {
  return readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !/\.test\.ts$|^testing\//.test(file))
    .filter((file) => !file.startsWith('http/fuzz/'))
}

test('only the store opens transactions, and the store reaches no network: so no transaction waits for one', () => {
  const opening = sources().filter((file) => /\.transaction\(\)/.test(readFileSync(join(src, file), 'utf8')))
  expect(opening.length).toBeGreaterThan(5)
  expect(opening.filter((file) => !file.startsWith('store/'))).toEqual([])

  const outside =
    /from '(?:\.\.\/)+(?:outbound|providers|app|reconcile|http)\/|from 'undici'|node:(?:https?|net|dns)|\bfetch\(/
  const reaching = sources()
    .filter((file) => file.startsWith('store/'))
    .filter((file) => outside.test(readFileSync(join(src, file), 'utf8')))
  expect(reaching).toEqual([])
})
