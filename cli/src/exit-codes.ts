/** What the CLI ends with. Scripts depend on them: `gpufleet --help` and the README list them too. */
export const exitCodes = {
  ok: 0,
  error: 1,
  usage: 2,
  launchFailed: 3,
  notFound: 4,
  notAllowed: 5,
  unreachable: 6,
  unauthorized: 7,
  interrupted: 130,
} as const

/** A child's own code passes through `gpufleet ssh`. */
export type ExitCode = number

export const exitCodesHelp = `Exit codes:
  0    ok
  1    error
  2    wrong usage
  3    launch failed, or nothing on sale fits it
  4    not found
  5    not allowed now, or not possible at this marketplace
  6    server not reachable
  7    not authorized
  130  interrupted (Ctrl-C)`
