import { type LaunchOrder, ProviderError } from '../provider.ts'

export type PortSpec = LaunchOrder['ports'][number]

/**
 * A machine does not tell which ports were published on it, and takes no tags. Its start script keeps them: it is called
 * after the machine's label, and after its ports, `gf-home-inst_7d0c1a-1 8000/http 9000/udp`, so that they are known after a
 * restart of ours as well.
 */
export function scriptNameFrom(label: string, ports: readonly PortSpec[]): string {
  return [label, ...ports.map(({ containerPort, protocol }) => `${containerPort}/${protocol}`)].join(' ')
}

export function portsFromScriptName(name: string): PortSpec[] {
  return name.split(' ').flatMap((word) => {
    const [, port, protocol] = /^(\d{1,5})\/(tcp|udp|http)$/.exec(word) ?? []
    return port && protocol ? [{ containerPort: Number(port), protocol: protocol as PortSpec['protocol'] }] : []
  })
}

/** Port 22 is the machine's own SSH server. */
export function portsOf({ ports, sshPublicKey }: Pick<LaunchOrder, 'ports' | 'sshPublicKey'>): PortSpec[] {
  const found = new Map<string, PortSpec>()
  for (const { containerPort, protocol } of ports) {
    if (!Number.isInteger(containerPort) || containerPort < 1 || containerPort > 65_535) {
      throw rejected(`port ${containerPort} cannot be published: use one between 1 and 65535`)
    }
    if (containerPort === 22 && protocol !== 'udp') {
      if (sshPublicKey !== null) continue
      throw rejected(
        "port 22 of a Paperspace machine is its own SSH server's: give an SSH key, or let the image listen on another port",
      )
    }
    const key = `${containerPort}/${protocol === 'udp' ? 'udp' : 'tcp'}`
    if (!found.has(key) || protocol === 'http') found.set(key, { containerPort, protocol })
  }
  return [...found.values()]
}

function rejected(message: string): ProviderError {
  return new ProviderError('paperspace', { kind: 'rejected' }, message)
}
