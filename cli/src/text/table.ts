import { stripVTControlCharacters } from 'node:util'
import Table from 'cli-table3'
import type { Colors } from './colors.ts'

export interface Column {
  head: string
  align?: 'left' | 'right'
  /** Left out where the terminal is too narrow, the last such column first. */
  optional?: boolean
}

export interface Paper {
  paint: Colors
  /** undefined: as wide as it takes. */
  terminal: { columns?: number | undefined }
}

const noLines = {
  ...{ top: '', 'top-mid': '', 'top-left': '', 'top-right': '' },
  ...{ bottom: '', 'bottom-mid': '', 'bottom-left': '', 'bottom-right': '' },
  ...{ left: '', 'left-mid': '', mid: '', 'mid-mid': '', right: '', 'right-mid': '' },
  middle: '  ',
}

/** Rows under headings, in aligned columns, one line per row. */
export function table(columns: readonly Column[], rows: readonly string[][], { paint, terminal }: Paper): string[] {
  const kept = columnsThatFit(columns, rows, terminal.columns ?? Number.POSITIVE_INFINITY)
  const made = new Table({
    chars: noLines,
    colAligns: kept.map((at) => columns[at]?.align ?? 'left'),
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0, compact: true },
  })
  made.push(kept.map((at) => paint.dim(columns[at]?.head ?? '')))
  made.push(...rows.map((row) => kept.map((at) => oneLine(row[at] ?? ''))))
  return linesOf(made)
}

/** The positions of the columns to show. */
function columnsThatFit(columns: readonly Column[], rows: readonly string[][], most: number): number[] {
  const widths = columns.map(({ head }, at) =>
    Math.max(head.length, ...rows.map((row) => stripVTControlCharacters(oneLine(row[at] ?? '')).length)),
  )
  const kept = columns.map((_, at) => at)
  const width = () => kept.reduce((sum, at) => sum + (widths[at] ?? 0), 2 * (kept.length - 1))
  while (width() > most) {
    const last = kept.findLastIndex((at) => columns[at]?.optional === true)
    if (last < 0) break
    kept.splice(last, 1)
  }
  return kept
}

function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, ' ')
}

/** Names and values below each other. */
export function facts(pairs: readonly (readonly [string, string | null])[], paint: Colors): string[] {
  const stated = pairs.filter((pair): pair is readonly [string, string] => pair[1] !== null)
  const width = Math.max(...stated.map(([name]) => name.length))
  return stated.map(([name, value]) => `${paint.dim(name.padEnd(width))}  ${value}`)
}

function linesOf(made: { toString(): string }): string[] {
  return made
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
}
