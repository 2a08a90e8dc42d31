/** Runs what each contract's document shows, and holds the answers against what it says about them. */

import { documentOf, expectSame, expectThat } from '../acceptance/lab.ts'
import type { World } from '../world.ts'
import { type Example, examplesOf } from './extract.ts'
import { lacking } from './shape.ts'
import { type Outcome, type Stage, stageOf } from './stage.ts'

/** A product that the examples of one contract are run against. */
export interface Scene {
  world: World
  stage: Stage
}

export async function sceneOf(world: World, headers: Readonly<Record<string, string>> = {}): Promise<Scene> {
  return { world, stage: await stageOf(world, headers) }
}

export const documents = {
  '000': '000-vast-instance-api.ko.md',
  '001': '001-infra-vast-power-api.de.md',
  '002': '002-novita-instance-api.md',
  '003': '003-gpu-cloud-manager-api.md',
} as const

export type DocumentedContract = keyof typeof documents

/**
 * The examples of a contract's document.
 *
 * @throws Error when the document is not at hand
 */
export function examplesFor(contract: DocumentedContract): Example[] {
  const document = documentOf(documents[contract])
  expectThat(document !== undefined, `${documents[contract]} is not at hand`)
  return examplesOf(document)
}

/** Runs one, and says which when it does not do what the document says. */
export async function tryExample(
  { stage }: Scene,
  example: Example,
  {
    status = 200,
    tables = [],
    replaced = {},
  }: { status?: number; tables?: readonly string[]; replaced?: Readonly<Record<string, string>> } = {},
): Promise<Outcome> {
  const outcome = await stage.run(example, replaced)
  const where = `line ${example.line}: ${example.code.split('\n')[0]}`
  expectThat(outcome.exitCode === 0, `${where} ended with ${outcome.exitCode}: ${outcome.output}`)
  if (example.language === 'curl' || example.language === 'request') {
    expectThat(outcome.status === status, `${where} answered ${outcome.status}, not ${status}: ${outcome.output}`)
    expectThat(outcome.body !== undefined, `${where} answered no JSON: ${outcome.output}`)
    if (example.answer !== undefined) expectSame(lacking(outcome.body, example.answer, tables), [], where)
  }
  return outcome
}
