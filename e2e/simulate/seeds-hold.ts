import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

/** A process of its own: the globals that a simulation replaces are not the test runner's. */
export function runProgram(file: string, options: readonly string[]): Promise<{ code: number | null; output: string }> {
  const program = fileURLToPath(new URL(file, import.meta.url))
  const child = spawn(process.execPath, [program, ...options])
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk
    })
  }
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, output })))
}

/** Several files of seeds, so that every core has some. */
export function seedsHold({ from, count }: { from: number; count: number }): void {
  test(`in worlds ${from} to ${from + count - 1} nothing is lost, whatever fails and whoever dies`, {
    timeout: 600_000,
  }, async () => {
    const { code, output } = await runProgram('main.ts', ['--from', `${from}`, '--seeds', `${count}`, '--jobs', '1'])
    expect(output).toContain(`${count} seeds from ${from}: all hold`)
    expect(code).toBe(0)
  })
}
