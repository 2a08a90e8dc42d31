import type { ExitCode } from './exit-codes.ts'
import type { Context } from './world.ts'

/** Runs one command with its context; what it answers becomes the exit code. */
export type Runner = (command: (context: Context) => Promise<ExitCode>) => Promise<void>
