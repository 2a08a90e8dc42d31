import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ConfigError } from '../config/config.ts'
import { lockDatabase } from './database-lock.ts'

let dataDir: string
let database: string
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'gpufleet-lock-'))
  database = join(dataDir, 'gpufleet.db')
})
afterEach(() => rmSync(dataDir, { recursive: true, force: true }))

test('a database is locked once, and again when it was given back', () => {
  const giveBack = lockDatabase(database)
  expect(() => lockDatabase(database)).toThrow(ConfigError)
  giveBack()
  lockDatabase(database)()
})

test('it stays locked when nobody remembers how to give it back', () => {
  lockDatabase(database)
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  for (let times = 0; times < 3; times += 1) collect()
  expect(() => lockDatabase(database)).toThrow(/is in use by another gpufleet/)
})
