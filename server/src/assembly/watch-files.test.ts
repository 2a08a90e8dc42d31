import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { watchFiles } from './watch-files.ts'

let folder: string
let stop = () => {}
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gpufleet-watch-'))
})
afterEach(() => {
  stop()
  rmSync(folder, { recursive: true, force: true })
})

test('a file that is replaced, as editors do, is noticed', async () => {
  const file = join(folder, 'settings.env')
  await new Promise<void>((resolve, reject) => {
    stop = watchFiles([file], resolve, (_, error) => reject(error))
    writeFileSync(`${file}.new`, 'A=1')
    renameSync(`${file}.new`, file)
  })
})

test('a folder that cannot be watched is said, and ends nothing', () => {
  const failed: string[] = []
  const file = join(folder, 'gone', 'settings.env')
  stop = watchFiles(
    [file],
    () => {},
    (name, error) => failed.push(`${name} ${error.message}`),
  )
  expect(failed).toEqual([expect.stringMatching(/settings\.env ENOENT/)])
})
