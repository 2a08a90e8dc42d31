/** Plants a mutation into the server while it is loaded. Runs before everything else, as `--import`. */

import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { fileURLToPath } from 'node:url'
import { mutations } from './mutations.ts'

/** @throws Error when there is no such mutation, or its text does not stand where it should */
export function plant(name: string): void {
  const mutation = mutations.find((one) => one.name === name)
  if (mutation === undefined) throw new Error(`no mutation is called ${name}`)
  const url = new URL(`../../${mutation.file}`, import.meta.url).href
  const planted = mutated(readFileSync(fileURLToPath(url), 'utf8'), mutation)
  registerHooks({
    load(loaded, context, next) {
      if (loaded !== url) return next(loaded, context)
      return { format: 'module-typescript', source: planted, shortCircuit: true }
    },
  })
}

export function mutated(source: string, { name, file, replace }: (typeof mutations)[number]): string {
  return replace.reduce((text, [found, becomes]) => {
    const parts = text.split(found)
    if (parts.length !== 2) throw new Error(`${name}: ${file} holds ${parts.length - 1} times: ${found}`)
    return parts.join(becomes)
  }, source)
}
