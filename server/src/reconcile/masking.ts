import type { InstanceSecrets } from '../core/instances/instance.ts'
import { Secret } from '../core/secret.ts'
import { createRedactor } from '../observability/redaction.ts'

/** Shorter lines of a script say nothing that has to be kept, and may be part of any sentence. */
const shortestLine = 12

/**
 * A marketplace's words about a machine without what was passed to it: a host that cannot start a container likes to
 * repeat the whole command, tokens included.
 */
export function masked(
  text: string,
  { environment, registryAuth, onstartScript, startCommand }: InstanceSecrets,
): string {
  const redactor = createRedactor()
  const lines = (onstartScript ?? '').split('\n').map((line) => line.trim())
  const values = [
    ...Object.values(environment),
    ...(registryAuth === null ? [] : [registryAuth.password]),
    ...(onstartScript === null ? [] : [onstartScript]),
    ...(startCommand === undefined ? [] : [startCommand]),
    ...lines.filter((line) => line.length >= shortestLine),
  ]
  for (const value of values) redactor.register(new Secret(value))
  return redactor.text(text)
}
