import { type ErrorCode, GpufleetError, ServerUnreachableError } from '@gpufleet/sdk'
import { flagOf, forTerminal } from './api-words.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'

/** The end of a command that the CLI itself decided on. */
export class CliError extends Error {
  readonly fix: string
  readonly exitCode: ExitCode

  constructor(message: string, fix: string, exitCode: ExitCode = exitCodes.error) {
    super(message)
    this.fix = fix
    this.exitCode = exitCode
  }
}

export function wrongUsage(message: string, fix: string): CliError {
  return new CliError(message, fix, exitCodes.usage)
}

export interface Failure {
  /** What went wrong, line by line. */
  lines: string[]
  fix: string
  code: ErrorCode | 'unreachable' | 'cli'
  exitCode: ExitCode
}

/** What a person reads, and what a script gets. */
export function failureFrom(error: unknown): Failure {
  if (error instanceof CliError) {
    return { lines: [error.message], fix: error.fix, code: 'cli', exitCode: error.exitCode }
  }
  if (error instanceof ServerUnreachableError) {
    return {
      lines: [error.message],
      fix: 'start the server with `npm start`, or say where it is with --url or GPUFLEET_URL',
      code: 'unreachable',
      exitCode: exitCodes.unreachable,
    }
  }
  if (error instanceof GpufleetError) {
    return { lines: linesOf(error), fix: fixOf(error), code: error.code, exitCode: exitCodeOf(error.code) }
  }
  const message = error instanceof Error ? error.message : String(error)
  return {
    lines: [message],
    fix: 'this is a mistake in gpufleet; GPUFLEET_DEBUG=1 shows where',
    code: 'cli',
    exitCode: exitCodes.error,
  }
}

function linesOf(error: GpufleetError): string[] {
  const mistakes = error.code === 'invalid_request' ? error.details.mistakes : undefined
  if (!Array.isArray(mistakes) || mistakes.length === 0) return [forTerminal(error.message)]
  return mistakes.map((mistake: { field: string; problem: string } | string) =>
    typeof mistake === 'string' ? forTerminal(mistake) : `${flagOf(mistake.field)}: ${forTerminal(mistake.problem)}`,
  )
}

function fixOf({ code, fix, status, requestId }: GpufleetError): string {
  switch (code) {
    case 'unauthorized':
      return 'set GPUFLEET_API_KEY to the server’s key: its CONTROL_API_KEY, or what its DATA_DIR/admin.key holds'
    case 'invalid_request':
      return 'correct what is named; --help shows what each option takes'
    case 'provider_refused':
    case 'provider_unreadable':
    case 'provider_unavailable':
      return requestId === null ? fix : `${forTerminal(fix)} (${requestId} in the server’s log)`
    default:
      return status >= 500 && requestId !== null && !fix.includes(requestId)
        ? `${forTerminal(fix)} (${requestId} in the server’s log)`
        : forTerminal(fix)
  }
}

function exitCodeOf(code: ErrorCode): ExitCode {
  switch (code) {
    case 'invalid_request':
    case 'malformed_json':
    case 'body_too_large':
    case 'unknown_gpu':
    case 'unknown_provider':
      return exitCodes.usage
    case 'no_offer':
    case 'offer_gone':
    case 'budget_spent':
      return exitCodes.launchFailed
    case 'not_found':
      return exitCodes.notFound
    case 'not_allowed_now':
    case 'not_possible_here':
      return exitCodes.notAllowed
    case 'unauthorized':
      return exitCodes.unauthorized
    case 'idempotency_key_reused':
    case 'provider_not_configured':
    case 'provider_refused':
    case 'provider_unreadable':
    case 'provider_unavailable':
    case 'no_such_route':
    case 'method_not_allowed':
    case 'too_many_requests':
    case 'internal':
    case 'unexpected_reply':
      return exitCodes.error
  }
  // A code of a newer server.
  return exitCodes.error
}
