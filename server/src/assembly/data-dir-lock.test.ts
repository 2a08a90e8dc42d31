import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ConfigError } from '../config/config.ts'
import { lockDataDir } from './data-dir-lock.ts'

let dataDir: string
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'gpufleet-lock-'))
})
afterEach(() => rmSync(dataDir, { recursive: true, force: true }))

test('a folder is locked once, and again when it was given back', () => {
  const giveBack = lockDataDir(dataDir)
  expect(() => lockDataDir(dataDir)).toThrow(ConfigError)
  giveBack()
  lockDataDir(dataDir)()
})

test('it stays locked when nobody remembers how to give it back', () => {
  lockDataDir(dataDir)
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  for (let times = 0; times < 3; times += 1) collect()
  expect(() => lockDataDir(dataDir)).toThrow(/is in use by another gpufleet/)
})
