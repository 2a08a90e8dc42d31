import type { Template } from './template.ts'
import { validateVllm, vllmPort } from './vllm.ts'

export interface TemplateMistake {
  /** A field of `Template`, with what is inside it after a dot. */
  field: string
  problem: string
}

const namePattern = /^[a-z0-9][a-z0-9._-]{0,59}$/
const variableName = /^[A-Za-z_][A-Za-z0-9_]{0,126}$/

/** What is wrong with a template beyond the types of its fields. */
export function mistakesIn(template: Template): TemplateMistake[] {
  const mistakes: TemplateMistake[] = []
  const add = (field: string, problem: string) => mistakes.push({ field, problem })

  if (!namePattern.test(template.name)) {
    add('name', 'is 1 to 60 lower-case letters, digits, dots, dashes and _, and begins with a letter or a digit')
  }
  if (!/^[^\s\p{Cc}]{1,500}$/u.test(template.image))
    add('image', 'is an image as docker takes it, such as vllm/vllm-openai:latest')
  if (template.maxPricePerHour !== null && template.maxPricePerHour <= 0n) {
    add('maxPricePerHour', 'nothing is free: take it away, or name a price above 0')
  }
  for (const name of Object.keys(template.environment)) {
    if (!variableName.test(name)) add(`environment.${name}`, 'is a name of letters, digits and _')
  }
  const ports = template.ports.map(
    ({ containerPort, protocol }) => `${containerPort}/${protocol === 'udp' ? 'udp' : 'tcp'}`,
  )
  const twice = ports.filter((port, at) => ports.indexOf(port) !== at)
  if (twice.length > 0) add('ports', `${[...new Set(twice)].join(', ')} is listed twice`)

  const { health, vllm } = template
  const reachable = vllm === null ? ports : [...ports, `${vllmPort(vllm)}/tcp`]
  if (health !== null && !reachable.includes(`${health.port}/tcp`)) {
    add('health.port', `${health.port} is not among ports, so nobody could reach it`)
  }
  if (vllm !== null) {
    mistakes.push(...validateVllm(vllm).map(({ field, problem }) => ({ field: `vllm.${field}`, problem })))
  }
  return mistakes
}
