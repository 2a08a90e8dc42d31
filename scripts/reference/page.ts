import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export const root = join(import.meta.dirname, '../..')

/** The line that says where a page comes from. */
export function madeFrom(...sources: readonly string[]): string {
  return `<!-- Made from ${sources.join(', ')} by \`npm run generate\`. Do not edit. -->`
}

export function rows(head: readonly string[], body: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...body.map(line)].join('\n')
}

/**
 * What the comment beside each word of a list says: `'ready', // it is up`.
 *
 * @throws when one has no comment
 */
export function commented(source: string, words: readonly string[]): (readonly [word: string, meaning: string])[] {
  const text = readFileSync(join(root, source), 'utf8')
  return words.map((word) => {
    const meaning = new RegExp(`^ {2}'${word}', // (.+)$`, 'm').exec(text)?.[1]
    if (meaning === undefined) throw new Error(`${source}: '${word}' needs a comment that says what it means`)
    return [word, meaning]
  })
}
