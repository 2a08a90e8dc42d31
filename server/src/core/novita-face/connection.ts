import type { Launch } from '../instances/instance.ts'

export interface PortMapping {
  port: number
  endpoint: string
  type: string
}

export interface ConnectionDetails {
  ssh?: string
  jupyter?: string
  webTerminal?: string
}

/** Ports that say what listens there. */
const purposes: ReadonlyMap<number, string> = new Map([
  [22, 'ssh'],
  [8888, 'jupyter'],
  [7681, 'webTerminal'],
])

type Addresses = Pick<Launch, 'ssh' | 'endpoints'>

export function portMappingsOf({ endpoints }: Addresses): PortMapping[] {
  return endpoints.map((one) => ({
    port: one.containerPort,
    endpoint: one.url ?? `${one.containerPort === 22 ? 'ssh' : one.protocol}://${one.host}:${one.port}`,
    type: purposes.get(one.containerPort) ?? one.protocol,
  }))
}

/** How a person gets in; null while there is no way. */
export function connectionDetailsOf(launch: Addresses): ConnectionDetails | null {
  const { ssh, endpoints } = launch
  const at = (port: number) => {
    const found = endpoints.find(({ containerPort }) => containerPort === port)
    return found === undefined ? undefined : (found.url ?? `http://${found.host}:${found.port}`)
  }
  const [jupyter, webTerminal] = [at(8888), at(7681)]
  const details: ConnectionDetails = {
    ...(ssh !== null && { ssh: `ssh ${ssh.port === 22 ? '' : `-p ${ssh.port} `}${ssh.user}@${ssh.host}` }),
    ...(jupyter !== undefined && { jupyter }),
    ...(webTerminal !== undefined && { webTerminal }),
  }
  return Object.keys(details).length === 0 ? null : details
}
