import { type LaunchOrder, ProviderError } from '../provider.ts'
import { bootFrom, bootScript } from './boot-script.ts'
import { handleFrom, leastDiskGb, mostDiskGb, mostPorts } from './offers.ts'

/** The body of `POST /gpu/instance/create`. `month` is never sent: it would make the machine prepaid. */
export interface NovitaCreateBody {
  name: string
  productId: string
  gpuNum: number
  rootfsSize: number
  imageUrl: string
  kind: 'gpu'
  billingMode: 'onDemand' | 'spot'
  clusterId: string
  ports?: string
  envs: { key: string; value: string }[]
  command?: string
  imageAuth?: string
}

/** Repeats the name, so that a machine can be told by it. */
const labelVariable = 'GPUFLEET_LABEL'

/**
 * The agreed price of the GPUs in nano-dollars per hour. An instance shows its variables but no price, so this is how the
 * rate is still known after a restart of ours. No secret.
 */
export const rateVariable = 'GPUFLEET_GPU_NANOS_PER_HOUR'

/** A common convention of images with an SSH server, which add it to `authorized_keys`. There is no key API. */
const keyVariable = 'PUBLIC_KEY'

/** @source novita.md 2.2 */
const most = { name: 255, image: 500, envs: 100, envKey: 511, envValue: 4_095, imageAuth: 10_239, command: 2_047 }
const reservedPorts = { from: 2222, to: 2224 }

/**
 * What we ask for. The image's entrypoint is never replaced; its command only when there is a script to run.
 *
 * @throws ProviderError `rejected` with what to do instead
 */
export function launchBodyFromOrder(order: LaunchOrder): NovitaCreateBody {
  const handle = handleFrom(order.offer.externalId)
  if (handle === undefined) throw rejected('this is not a Novita offer: choose one from a new search')
  if (order.label.length > most.name) throw rejected(`a name on Novita has at most ${most.name} characters: shorten it`)
  if (order.image.length < 1 || order.image.length > most.image) {
    throw rejected(`an image on Novita has 1 to ${most.image} characters: use a shorter reference`)
  }
  const publicKeys = publicKeysFrom(order)
  const { onstartScript: onstart } = order
  const boot = onstart === null ? null : bootFrom(bootScript({ publicKeys, onstart }))
  if (boot && boot.command.length > most.command) throw tooMuch()
  const { startCommand } = order
  if (startCommand !== undefined && boot !== null) {
    throw rejected('Novita runs one command: leave the start script out, or choose a template without a start command')
  }
  if (startCommand !== undefined && startCommand.length > most.command) throw tooMuch()
  const ports = portsFrom(order.ports)
  return {
    name: order.label,
    productId: handle.productId,
    gpuNum: handle.gpuNum,
    rootfsSize: diskFrom(order),
    imageUrl: order.image,
    kind: 'gpu',
    billingMode: order.offer.market === 'spot' ? 'spot' : 'onDemand',
    clusterId: handle.clusterId,
    ...(ports === '' ? {} : { ports }),
    envs: variablesFrom(order, publicKeys, boot?.variables ?? {}),
    ...(boot === null ? {} : { command: boot.command }),
    ...(startCommand === undefined ? {} : { command: startCommand }),
    ...(order.registryAuth === null ? {} : { imageAuth: imageAuthFrom(order.registryAuth) }),
  }
}

function diskFrom({ diskGb, offer }: LaunchOrder): number {
  const size = Math.ceil(Math.max(diskGb, offer.disk.minGb, leastDiskGb))
  const limit = Math.min(offer.disk.maxGb ?? mostDiskGb, mostDiskGb)
  if (size > limit) throw rejected(`this Novita offer has at most ${limit} GB of disk: ask for less or choose another`)
  return size
}

function portsFrom(ports: LaunchOrder['ports']): string {
  const asked = new Map<number, string>()
  for (const { containerPort: port, protocol } of ports) {
    if (protocol === 'udp') {
      throw rejected(`Novita publishes no UDP ports: leave port ${port} out, or choose another marketplace`)
    }
    if (!Number.isInteger(port) || port < 1 || port > 65_535) throw rejected(`${port} is not a port: use 1 to 65535`)
    if (port >= reservedPorts.from && port <= reservedPorts.to) {
      throw rejected(`Novita keeps ports 2222 to 2224 for itself: let the image listen on another port than ${port}`)
    }
    if ((asked.get(port) ?? protocol) !== protocol) {
      throw rejected(`Novita publishes a port once: ask for port ${port} either as http or as tcp`)
    }
    asked.set(port, protocol)
  }
  if (asked.size > mostPorts) throw rejected(`Novita publishes at most ${mostPorts} ports: ask for fewer`)
  return [...asked].map(([port, protocol]) => `${port}/${protocol}`).join(',')
}

/** Ours win over variables of the same name, except for the key: an image may want another one there. */
function variablesFrom(
  order: LaunchOrder,
  publicKeys: readonly string[],
  boot: Record<string, string>,
): NovitaCreateBody['envs'] {
  const variables: Record<string, string> = {
    ...(publicKeys.length === 0 ? {} : { [keyVariable]: publicKeys.join('\n') }),
    ...order.environment,
    ...boot,
    [labelVariable]: order.label,
    [rateVariable]: String(order.offer.pricePerHour),
  }
  const envs = Object.entries(variables).map(([key, value]) => ({ key, value }))
  for (const { key, value } of envs) {
    if (key === '' || key.length > most.envKey || /[=\0]/.test(key)) {
      throw rejected(`a variable on Novita has a name of 1 to ${most.envKey} characters without "=": rename it`)
    }
    if (value.length > most.envValue) {
      throw rejected(`a variable on Novita has at most ${most.envValue} characters: shorten ${key}`)
    }
  }
  if (envs.length > most.envs) throw tooMuch()
  return envs
}

function publicKeysFrom({ sshPublicKey, furtherSshKeys = [] }: LaunchOrder): string[] {
  return sshPublicKey === null ? [] : [sshPublicKey, ...furtherSshKeys].map(publicKeyFrom)
}

function publicKeyFrom(text: string): string {
  const key = text.trim()
  if (!/^(ssh|ecdsa|sk)-[a-z0-9@.-]+ [A-Za-z0-9+/]{40,}={0,3}( [^\r\n]*)?$/.test(key)) {
    throw rejected(
      'the SSH public key is not one line of the form "ssh-ed25519 AAAA… comment": pass the content of the .pub file',
    )
  }
  return key
}

/** For the registry that the image names: there is no field for another one. */
function imageAuthFrom({ username, password }: NonNullable<LaunchOrder['registryAuth']>): string {
  if (username.includes(':')) {
    throw rejected('Novita takes registry credentials as user:password: the user name must not hold a colon')
  }
  const auth = `${username}:${password}`
  if (auth.length > most.imageAuth) {
    throw rejected(`registry credentials on Novita have at most ${most.imageAuth} characters: use a shorter token`)
  }
  return auth
}

function tooMuch(): ProviderError {
  return rejected(
    `Novita takes at most ${most.envs} variables of ${most.envValue} characters, and the start script travels in them: use fewer variables, or let a short script download the long one`,
  )
}

function rejected(message: string): ProviderError {
  return new ProviderError('novita', { kind: 'rejected' }, message)
}
