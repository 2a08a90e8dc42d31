import { type LaunchOrder, ProviderError } from '../provider.ts'
import { bootCommand } from './boot-script.ts'
import { containerDiskGb, volumeGbFor, volumePath } from './disks.ts'
import { placeFromExternalId, type RunpodCloud } from './places.ts'

/** The body of `POST /v2/pods`. Keys it does not know are refused with 422. */
export interface RunpodLaunchBody {
  name: string
  image: string
  cloud: RunpodCloud
  gpu: { id: string; count: number; minRamPerGpu?: number }
  dataCenterIds?: string[]
  disk: number
  mounts: { persistent: { size: number; path: string } }
  ports: string[]
  env: Record<string, string>
  registry?: string
  entrypoint?: string[]
  cmd?: string[]
}

/** @source providers/runpod.md 1.1, 2.2 */
const maxBodyBytes = 102_400
const maxHttpPorts = 10

/**
 * @param registryId the stored credential for `order.registryAuth`, which is never sent inline
 * @throws ProviderError `rejected` with what to do instead
 */
export function launchBodyFromOrder(order: LaunchOrder, registryId: string | null): RunpodLaunchBody {
  refuseSpot(order)
  const { gpuId, count, cloud, dataCenterId } = placeFromExternalId(order.offer.externalId)
  const body: RunpodLaunchBody = {
    name: order.label,
    image: order.image,
    cloud,
    gpu: {
      id: gpuId,
      count,
      ...(order.minRamGb !== undefined && { minRamPerGpu: Math.max(1, Math.ceil(order.minRamGb / count)) }),
    },
    // Called a preference, and enforced.
    ...(dataCenterId === null ? {} : { dataCenterIds: [dataCenterId] }),
    disk: containerDiskGb,
    mounts: { persistent: { size: volumeGbFor(order.diskGb), path: volumePath } },
    ports: portsFrom(order),
    env: environmentFrom(order),
    ...(registryId === null ? {} : { registry: registryId }),
    ...(order.onstartScript === null ? {} : bootCommand(order.onstartScript)),
  }
  if (Buffer.byteLength(JSON.stringify(body)) > maxBodyBytes) {
    throw rejected(
      `environment and onstart script together are longer than the ${maxBodyBytes} bytes RunPod takes: ` +
        'put the script into the image, or let a short one download it',
    )
  }
  return body
}

export function refuseSpot({ offer, bidPerHour }: Pick<LaunchOrder, 'offer' | 'bidPerHour'>): void {
  if (offer.market === 'spot' || bidPerHour !== null) {
    throw rejected('RunPod has no spot market any more: rent on demand, without a bid')
  }
}

/** Port 22 is opened only where somebody holds a key to it. */
export function portsFrom({ ports, sshPublicKey }: Pick<LaunchOrder, 'ports' | 'sshPublicKey'>): string[] {
  const texts = new Set<string>(sshPublicKey === null ? [] : ['22/tcp'])
  for (const { containerPort, protocol } of ports) {
    if (protocol === 'udp') throw rejected(`RunPod publishes no UDP ports (${containerPort}/udp): use tcp or http`)
    if (!Number.isInteger(containerPort) || containerPort < 1 || containerPort > 65_535) {
      throw rejected(`port ${containerPort} cannot be published: use one between 1 and 65535`)
    }
    texts.add(`${containerPort}/${protocol}`)
  }
  const http = [...texts].filter((text) => text.endsWith('/http')).length
  if (http > maxHttpPorts) {
    throw rejected(`RunPod publishes at most ${maxHttpPorts} http ports and ${http} are asked: publish some as tcp`)
  }
  return [...texts]
}

const keyLine = /^(sk-)?(ssh|ecdsa)-[^\s]+ [A-Za-z0-9+/]+=*( [^\p{Cc}]*)?$/u

/**
 * The key travels as `PUBLIC_KEY`, which RunPod's official images give to their sshd. The account's key list is left alone,
 * and `startSsh` with it, which would let every key of the account in.
 */
export function environmentFrom({
  environment,
  sshPublicKey,
  furtherSshKeys = [],
}: Pick<LaunchOrder, 'environment' | 'sshPublicKey' | 'furtherSshKeys'>): Record<string, string> {
  if (sshPublicKey === null) return { ...environment }
  const keys = [sshPublicKey, ...furtherSshKeys].map((key) => key.trim())
  if (!keys.every((key) => keyLine.test(key))) {
    throw rejected(
      'the SSH public key is not one line of the form "ssh-ed25519 AAAA… comment": pass the content of the .pub file',
    )
  }
  const { PUBLIC_KEY: own } = environment
  return { ...environment, PUBLIC_KEY: [...(own ? [own.trimEnd()] : []), ...keys].join('\n') }
}

function rejected(message: string): ProviderError {
  return new ProviderError('runpod', { kind: 'rejected' }, message)
}
