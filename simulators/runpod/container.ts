import { badRequest } from './problem.ts'
import type { Container } from './state.ts'

export interface ContainerBody {
  image?: string
  args?: string
  entrypoint?: string[]
  cmd?: string[]
  disk?: number
  env?: Record<string, string>
  ports?: string[]
  registry?: string | null
}

/** The container with the fields that a body gives; `args` may be JSON for `entrypoint` and `cmd`, and must agree. */
export function containerWith(base: Container, body: ContainerBody, env: Record<string, string>): Container {
  const container: Container = {
    image: body.image ?? base.image,
    ...startFrom(base, body),
    disk: body.disk ?? base.disk,
    ports: body.ports ?? base.ports,
    env,
    registry: body.registry === undefined ? base.registry : body.registry,
  }
  return container
}

function startFrom(base: Container, body: ContainerBody): Pick<Container, 'args' | 'entrypoint' | 'cmd'> {
  const { args, entrypoint, cmd } = body
  if (args === undefined && entrypoint === undefined && cmd === undefined)
    return { args: base.args, entrypoint: base.entrypoint, cmd: base.cmd }
  const fromArgs = args === undefined ? null : jsonArgs(args)
  if (entrypoint === undefined && cmd === undefined) {
    return fromArgs ? startOf(fromArgs.entrypoint, fromArgs.cmd) : { args: args ?? '', entrypoint: null, cmd: null }
  }
  const given = startOf(entrypoint ?? [], cmd ?? [])
  if (args !== undefined) {
    const same = fromArgs
      ? startOf(fromArgs.entrypoint, fromArgs.cmd).args === given.args
      : (entrypoint ?? []).length === 0 && (cmd ?? []).join(' ') === args
    if (!same) throw badRequest('args conflicts with entrypoint/cmd')
  }
  return given
}

function startOf(entrypoint: string[], cmd: string[]): Pick<Container, 'args' | 'entrypoint' | 'cmd'> {
  const said = { ...(entrypoint.length ? { entrypoint } : {}), ...(cmd.length ? { cmd } : {}) }
  return { args: Object.keys(said).length ? JSON.stringify(said) : '', entrypoint, cmd }
}

function jsonArgs(args: string): { entrypoint: string[]; cmd: string[] } | null {
  if (!args.trimStart().startsWith('{')) return null
  try {
    const parsed = JSON.parse(args) as { entrypoint?: string[]; cmd?: string[] }
    return { entrypoint: parsed.entrypoint ?? [], cmd: parsed.cmd ?? [] }
  } catch {
    return null
  }
}
