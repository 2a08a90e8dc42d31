import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, test } from 'vitest'
import { createLab, referenceDir } from '../acceptance/lab.ts'
import { tryExamples000 } from './contract-000.ts'
import { sceneOf001, tryExamples001 } from './contract-001.ts'
import { tryExamples002 } from './contract-002.ts'
import { marketOf, tryCurl003, tryPython003 } from './contract-003.ts'
import { sceneOf } from './contracts.ts'

const present = existsSync(join(referenceDir, 'contracts'))
const lab = createLab()
afterEach(() => lab.endCheck())

describe.skipIf(!present)(`the examples of the contracts' documents (${referenceDir}/contracts)`, () => {
  test('contract 000', async () => {
    await tryExamples000(await sceneOf(await lab.world({ providers: ['vast'] })))
  })

  test('contract 001', async () => {
    await tryExamples001(await sceneOf001(lab))
  })

  test('S002-42 contract 002', async () => {
    await tryExamples002(await sceneOf(await lab.world({ providers: ['novita'] })))
  })

  test('contract 003: curl', async () => {
    const scene = await sceneOf(await lab.world())
    await marketOf(scene)
    await tryCurl003(scene)
  })

  test('S003-60 contract 003: the Python client', async () => {
    const scene = await sceneOf(await lab.world())
    await marketOf(scene)
    await tryPython003(scene)
  })
})
