import type { LaunchOrder } from '../provider.ts'

/**
 * What we write on a machine. Tags come back with it and cannot be changed after launch, while its name can.
 *
 * @source providers/lambda.md 2.3: keys at most 55 characters of `^[a-z][a-z0-9-:]+$`, values at most 128
 */
export interface LambdaTag {
  key: string
  value: string
}

type Port = LaunchOrder['ports'][number]

const labelKey = 'gpufleet-label'
const portsKey = 'gpufleet-ports'
/** `65535/http,` is 11 characters: eleven of them fit. */
const portsPerTag = 11

export function tagsFromOrder(label: string, ports: readonly Port[]): LambdaTag[] {
  const tags = [{ key: labelKey, value: label }]
  for (let first = 0; first < ports.length; first += portsPerTag) {
    const value = ports
      .slice(first, first + portsPerTag)
      .map(({ containerPort, protocol }) => `${containerPort}/${protocol}`)
      .join(',')
    tags.push({ key: first === 0 ? portsKey : `${portsKey}-${first / portsPerTag + 1}`, value })
  }
  return tags
}

export function labelFromTags(tags: readonly LambdaTag[] | null | undefined): string | null {
  return tags?.find(({ key }) => key === labelKey)?.value || null
}

export function portsFromTags(tags: readonly LambdaTag[] | null | undefined): Port[] {
  return (tags ?? [])
    .filter(({ key }) => key === portsKey || key.startsWith(`${portsKey}-`))
    .flatMap(({ value }) => value.split(','))
    .flatMap((text) => {
      const [, port, protocol] = /^(\d{1,5})\/(tcp|udp|http)$/.exec(text) ?? []
      return port === undefined ? [] : [{ containerPort: Number(port), protocol: protocol as Port['protocol'] }]
    })
}
