import type { Client } from '@gpufleet/sdk'
import type { Colors } from './text/colors.ts'

/** Everything outside that a command can touch, so that its tests need no process. */
export interface World {
  env: Readonly<Record<string, string | undefined>>
  home: string
  fetch: typeof globalThis.fetch
  /** One line to standard output, and to standard error. */
  out(line: string): void
  err(line: string): void
  terminal: {
    input: boolean
    output: boolean
    errors: boolean
    /** The width of standard output where it is a terminal. */
    columns?: number | undefined
  }
  now(): number
  newKey(): string
  /** Answers what was typed; '' at the end of the input. */
  ask(question: string): Promise<string>
  /** undefined when there is no such file. */
  readFile(path: string): string | undefined
  /** Writes a file piece by piece. What is not whole in the end is not left behind under its name. */
  writeFile(path: string, pieces: AsyncIterable<Uint8Array>): Promise<void>
  /** Runs a program in this terminal, without a shell, and answers its exit code. */
  run(program: string, args: readonly string[]): Promise<number>
  /** Aborted by Ctrl-C. */
  interrupted: AbortSignal
}

/** What a command works with. */
export interface Context extends World {
  client: Client
  /** Print what the API answered, for machines. */
  json: boolean
  /** Colours of standard output. */
  paint: Colors
  warn(text: string): void
}

/** Prints the API's own data, for machines. */
export function printJson(value: unknown, { out }: Pick<World, 'out'>): void {
  out(JSON.stringify(value, null, 2))
}
