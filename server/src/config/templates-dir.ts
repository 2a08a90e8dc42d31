import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { builtInTemplate } from '../core/templates/built-in.ts'
import { templateFromConfig } from '../core/templates/contract-config.ts'
import type { Template } from '../core/templates/template.ts'
import { ConfigError } from './config.ts'

/**
 * The templates that somebody wrote down for this installation: every `.json` file of a folder is one, as
 * `{"name": …, "config": {…}}`.
 *
 * @throws ConfigError that names each file and each mistake in it
 */
export function templatesFrom(folder: string): Template[] {
  let files: string[]
  try {
    files = readdirSync(folder).filter((file) => file.endsWith('.json'))
  } catch (error) {
    throw new ConfigError([`TEMPLATES_DIR ${folder} cannot be read: ${(error as Error).message}`])
  }
  const templates: Template[] = []
  const mistakes: string[] = []
  for (const file of files.sort()) {
    const read = templateIn(join(folder, file))
    mistakes.push(...read.mistakes.map((mistake) => `TEMPLATES_DIR ${join(folder, file)}: ${mistake}`))
    if (read.template === undefined) continue
    const { name } = read.template
    if (templates.some((one) => one.name === name)) {
      mistakes.push(`TEMPLATES_DIR ${join(folder, file)}: another file has a template ${name} already`)
    }
    templates.push(read.template)
  }
  if (mistakes.length > 0) throw new ConfigError(mistakes)
  return templates
}

function templateIn(file: string): { template?: Template; mistakes: string[] } {
  let text: string
  let json: unknown
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    return { mistakes: [`cannot be read: ${(error as Error).message}`] }
  }
  try {
    json = JSON.parse(text)
  } catch (error) {
    return { mistakes: [`is not valid JSON${placeOf((error as Error).message, text)}`] }
  }
  const { name, config, ...rest } = (json ?? {}) as Record<string, unknown>
  if (typeof name !== 'string' || typeof config !== 'object' || config === null || Array.isArray(config)) {
    return { mistakes: ['takes {"name": "…", "config": {…}}'] }
  }
  const unknown = Object.keys(rest).map((key) => `${key}: is not known beside name and config`)
  const { template, mistakes } = templateFromConfig(name, config as Record<string, unknown>)
  const taken = builtInTemplate(name) === undefined ? [] : [`name: ${name} is built in, choose another name`]
  return { template, mistakes: [...taken, ...unknown, ...mistakes.map(({ field, problem }) => `${field}: ${problem}`)] }
}

/** Of the parser's words only the place: the others quote the file, where a token may stand. */
function placeOf(problem: string, text: string): string {
  const [, position] = / in JSON at position (\d+)(?: \(line \d+ column \d+\))?$/.exec(problem) ?? []
  if (position === undefined) return ''
  const lines = text.slice(0, Number(position)).split('\n')
  return `: line ${lines.length}, column ${(lines.at(-1)?.length ?? 0) + 1}`
}
