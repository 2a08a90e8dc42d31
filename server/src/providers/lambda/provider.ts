import { type Instant, secondMs } from '../../core/time.ts'
import { type LaunchOrder, type Provider, ProviderError, type SshKey } from '../provider.ts'
import type { ProviderDeps } from '../provider-deps.ts'
import { badKey } from './boot-script.ts'
import { createLambdaClient, type LambdaClient } from './client.ts'
import { lambdaDescription, lambdaRateLimits } from './description.ts'
import { launchBodyFromOrder } from './launch-body.ts'
import { isGone, machineFromLambda } from './machines.ts'
import { offersFromLambda, placeFromExternalId } from './offers.ts'
import { lambdaRegionsIn, regionFromLambda } from './regions.ts'
import { accountKey, nameOfKey, publicKeyFrom, registeredKey } from './ssh-keys.ts'
import { thingsFromLambda } from './things.ts'
import type { LambdaInstance, LambdaSshKey } from './wire.ts'

/**
 * A launch has three minutes until nobody expects its machine any more, and two of them belong to the launch call itself.
 * Nothing is rented when the key takes longer than this.
 */
const longestKeyWaitMs = 45 * secondMs

export function createLambdaProvider(deps: ProviderDeps): Provider {
  const client = createLambdaClient(deps)
  const { clock, gpus } = deps
  /** Machines that were active when last looked at, or before. Only for the meter of unhealthy ones; may be lost. */
  let onceActive: ReadonlySet<string> = new Set()

  function machineFrom(instance: LambdaInstance) {
    return machineFromLambda(instance, { wasActive: onceActive.has(instance.id) })
  }

  return {
    name: 'lambda',
    account: deps.account,
    describe: () => lambdaDescription,
    limits: () => Object.values(lambdaRateLimits),

    async searchOffers({ models, markets }, signal) {
      if (!markets.includes('on_demand')) return { offers: [], skipped: {}, sampled: false }
      const types = await client.instanceTypes(signal)
      const reading = { gpus, seenAt: clock.now() }
      const read = Object.entries(types).map(([name, raw]) => offersFromLambda(name, raw, reading))
      const offers = read.flatMap((ofType) => ofType.offers)
      return {
        offers: models.length === 0 ? offers : offers.filter(({ gpu }) => models.includes(gpu.model)),
        skipped: counted(read.flatMap((ofType) => ofType.skipped)),
        sampled: false,
      }
    },

    async quote(offer, order, signal) {
      const place = offer.market === 'on_demand' ? placeFromExternalId(offer.externalId) : undefined
      const types = place === undefined ? {} : await client.instanceTypes(signal)
      const now =
        place !== undefined && Object.hasOwn(types, place.typeName)
          ? offersFromLambda(place.typeName, types[place.typeName], { gpus, seenAt: clock.now() }).offers.find(
              ({ externalId }) => externalId === offer.externalId,
            )
          : undefined
      if (!now?.available || (now.disk.maxGb !== null && now.disk.maxGb < order.diskGb)) {
        throw new ProviderError(
          'lambda',
          { kind: 'no_capacity' },
          `Lambda offer ${offer.externalId} is not on sale now`,
        )
      }
      return now
    },

    async launch(order, signal) {
      // Whatever is wrong with the order shows before a key is registered for it.
      launchBodyFromOrder(order, 'unchosen')
      const keyName = await keyNameFor(order, client, clock, signal)
      const externalId = await client.launch(launchBodyFromOrder(order, keyName), signal)
      return { externalId, pricePerHour: null }
    },

    async look(signal) {
      const instances = await client.instances(signal)
      const at = clock.now()
      const before = onceActive
      onceActive = new Set(
        instances.filter(({ id, status }) => status === 'active' || before.has(id)).map(({ id }) => id),
      )
      return { machines: instances.map(machineFrom), at }
    },

    async lookAt(externalId, signal) {
      const id = lambdaIdFrom(externalId)
      const instance = await client.instance(id, signal)
      const at = clock.now()
      if (instance === null) return { kind: 'absent', at }
      if (instance.id !== id)
        return { kind: 'unknown', at, why: 'Lambda showed another instance than the one asked for' }
      if (isGone(instance)) return { kind: 'absent', at }
      if (instance.status === 'active') onceActive = new Set([...onceActive, id])
      return { kind: 'seen', machine: machineFrom(instance), at }
    },

    async stop() {
      throw rejected('Lambda cannot stop a machine and keep its disk: terminate it instead')
    },

    async start() {
      throw rejected('Lambda cannot start a machine again: launch a new one')
    },

    async restart(externalId, signal) {
      await client.restart(lambdaIdFrom(externalId), signal)
    },

    /** Nothing bills beside a machine: keys are free, and file systems are never made by us. */
    async terminate(externalId, signal) {
      await client.terminate(lambdaIdFrom(externalId), signal)
    },

    lookAround: (signal) => thingsFromLambda(client, signal),

    async endThing({ kind, externalId }, signal) {
      if (kind !== 'file_system') throw rejected(`Lambda sells nothing of the kind ${kind}: see its console`)
      await client.endFileSystem(lambdaIdFrom(externalId), signal)
    },

    /** No endpoint for usage or invoices. @source providers/lambda.md 2.13 */
    async bill() {
      return null
    },

    async changeBid() {
      throw rejected('Lambda takes no bids: its price is fixed')
    },

    async logs() {
      throw rejected('Lambda has no logs: read them on the machine, with `docker logs gpufleet` over SSH')
    },

    async sshKeys(signal) {
      return (await client.sshKeys(signal)).map(sshKeyFromLambda)
    },

    async addSshKey({ name, publicKey }, signal) {
      const key = checkedKey(publicKey)
      if (name === '' || name.length > 64)
        throw rejected('the name of an SSH key must have 1 to 64 characters: shorten it')
      const known = registeredKey(await client.sshKeys(signal), key)
      return sshKeyFromLambda(known ?? (await client.addSshKey({ name, publicKey: key }, signal)))
    },

    async balance() {
      return null
    },

    gpuSpellings(model) {
      const spellings = [...gpus.spellingsOf(model, 'lambda')]
      if (spellings.length === 0) throw new RangeError(`Lambda does not sell ${model}`)
      return spellings
    },

    regionSpellings(region) {
      const names = lambdaRegionsIn(region)
      if (names.length === 0) throw new RangeError(`Lambda has nothing in the region ${region}`)
      return names
    },

    regionFrom(spelling) {
      const region = regionFromLambda(spelling)
      if (region === undefined) throw new RangeError(`no region of ours for the Lambda region ${spelling}`)
      return region
    },
  }
}

/**
 * The name of the one key that Lambda demands for a launch.
 *
 * No trouble here leaves the outcome of the launch unknown: nothing has been rented yet. A pair is never generated, because
 * nobody would hold its private half.
 */
async function keyNameFor(
  order: Pick<LaunchOrder, 'sshPublicKey'>,
  client: LambdaClient,
  clock: ProviderDeps['clock'],
  signal: AbortSignal | undefined,
): Promise<string> {
  const begun: Instant = clock.now()
  const key =
    order.sshPublicKey === null
      ? accountKey(await client.sshKeys(signal))
      : await registered(checkedKey(order.sshPublicKey), client, signal)
  if (key === undefined) {
    throw rejected(
      'Lambda wants an SSH key for every machine; none came with the order, and the account has none of its own: ' +
        'give ssh_public_key, or add a key at https://cloud.lambda.ai/ssh-keys',
    )
  }
  if (clock.now() - begun > longestKeyWaitMs) {
    throw new ProviderError(
      'lambda',
      { kind: 'unavailable' },
      'Lambda launch: the SSH keys took too long, nothing was rented',
    )
  }
  return key.name
}

async function registered(
  publicKey: string,
  client: LambdaClient,
  signal: AbortSignal | undefined,
): Promise<LambdaSshKey> {
  const known = registeredKey(await client.sshKeys(signal), publicKey)
  if (known !== undefined) return known
  try {
    return await client.addSshKey({ name: nameOfKey(publicKey), publicKey }, signal)
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error
    if (!['outcome_unknown', 'not_now', 'rejected'].includes(error.kind)) throw error
    // The answer was lost, or somebody else registered the same key at the same moment.
    const now = registeredKey(await client.sshKeys(signal), publicKey)
    if (now !== undefined) return now
    if (error.kind === 'rejected') throw error
    const message = 'Lambda launch: the SSH key could not be registered, nothing was rented'
    throw new ProviderError('lambda', { kind: 'unavailable' }, message, { cause: error })
  }
}

function checkedKey(text: string): string {
  const key = publicKeyFrom(text)
  if (key === undefined) throw badKey()
  return key
}

/** Ids end in a path, and an empty one would ask for the whole list. */
function lambdaIdFrom(externalId: string): string {
  if (/^[A-Za-z0-9_-]{1,128}$/.test(externalId)) return externalId
  throw rejected('a Lambda id is made of letters and digits: this one is not')
}

function counted(reasons: readonly string[]): Record<string, number> {
  const counts = new Map<string, number>()
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1)
  return Object.fromEntries(counts)
}

function sshKeyFromLambda({ id, name, public_key: publicKey }: LambdaSshKey): SshKey {
  return { id, name, publicKey }
}

function rejected(message: string): ProviderError {
  return new ProviderError('lambda', { kind: 'rejected' }, message)
}
