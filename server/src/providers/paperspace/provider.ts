import { nanosFromUsd } from '../../core/money.ts'
import { hourMs, type Instant } from '../../core/time.ts'
import { type Provider, ProviderError, type ProviderFailure } from '../provider.ts'
import type { ProviderDeps } from '../provider-deps.ts'
import { isCpuLabel, machineTypeNamed, machineTypes } from './catalogue.ts'
import { type ActionAnswer, createPaperspaceClient } from './client.ts'
import { paperspaceDescription, paperspaceRateLimits } from './description.ts'
import { isCapacityText } from './errors.ts'
import { type History, historyFrom, isSettled } from './history.ts'
import { fitFor, machineBodyFromOrder, orderedDisk, orderedPlace, scriptBodyFromOrder } from './launch-body.ts'
import { deletedMachineFrom, machineFromPaperspace } from './machines.ts'
import { externalIdFrom, offerFromPaperspace, type Place } from './offers.ts'
import { type PortSpec, portsFromScriptName, portsOf, scriptNameFrom } from './ports.ts'
import { regionCodesIn, regionFromPaperspace } from './regions.ts'
import { labelsIn, readTemplates, templatesFor } from './templates.ts'
import { templatePrefix, thingsFromPaperspace } from './things.ts'
import type { PaperspaceMachine, PaperspaceScript } from './wire.ts'

export function createPaperspaceProvider(deps: ProviderDeps): Provider {
  const client = createPaperspaceClient(deps)
  const { clock, gpus } = deps
  /**
   * What earlier looks told, to spare calls. Nothing here is needed: after a restart it is read again.
   */
  const memory = new Map<string, Remembered>()

  function remembered(id: string): Remembered {
    const known = memory.get(id) ?? {}
    memory.set(id, known)
    return known
  }

  /**
   * The events of a machine. They are only asked for when its state or its last change differ from the look before, or
   * while something is under way. A look without them is better than none: null where they cannot be read.
   */
  async function historyOf(machine: PaperspaceMachine, signal: AbortSignal | undefined): Promise<History | null> {
    const known = remembered(machine.id)
    const stamp = `${machine.state} ${machine.dtModified ?? ''}`
    const quiet = machine.state === 'off' || machine.state === 'ready'
    if (quiet && known.stamp === stamp && known.history && isSettled(known.history)) return known.history
    try {
      const page = await client.events(machine.id, signal)
      known.history = historyFrom(page.items, !page.hasMore)
      known.stamp = stamp
      return known.history
    } catch (error) {
      if (!(error instanceof ProviderError) || error.kind === 'unauthorized') throw error
      return null
    }
  }

  function remember(machine: PaperspaceMachine): void {
    const known = remembered(machine.id)
    known.label = machine.name
    known.wasOff = machine.state === 'off'
    if (machine.publicIpType === 'static' && machine.publicIp) known.staticIp = machine.publicIp
  }

  /** Which ports were published is only told by the name of the start script: one call for all that are not known yet. */
  async function learnPorts(machines: readonly PaperspaceMachine[], signal: AbortSignal | undefined): Promise<void> {
    const unknown = machines.filter(
      ({ id, name, state }) => state === 'ready' && isOurLabel(name) && remembered(id).ports === undefined,
    )
    if (unknown.length === 0) return
    const scripts = await client.scripts(signal).catch(ignore('unavailable', 'rate_limited', 'rejected'))
    for (const { id, name } of scripts ? unknown : []) {
      const script = scripts?.find((one) => belongsTo(one, { id, label: name }))
      remembered(id).ports = script ? portsFromScriptName(script.name) : []
    }
  }

  async function machineFrom(wire: PaperspaceMachine, signal: AbortSignal | undefined) {
    remember(wire)
    const history = await historyOf(wire, signal)
    return machineFromPaperspace(wire, history, remembered(wire.id).ports ?? [])
  }

  /** One search for templates and availability, so that the same question is asked once. */
  async function fitsByLabel(signal: AbortSignal | undefined) {
    const { templates, unreadable } = readTemplates(await client.templates(signal))
    return { unreadable, labels: labelsIn(templates), fitsOf: (place: Place) => templatesFor(place.type, templates) }
  }

  /**
   * What a machine leaves behind: static addresses go on billing, and a start script holds the user's variables. Only for
   * a machine that is gone. Also removes start scripts of launches that never became a machine.
   */
  async function tidyAfter(id: string, signal: AbortSignal | undefined): Promise<void> {
    const { label, staticIp } = remembered(id)
    for (const { ip, assignedMachineId } of await client.publicIps(signal)) {
      if (assignedMachineId === id || ip === staticIp) await client.releaseIp(ip, signal)
    }
    for (const script of await client.scripts(signal)) {
      const leftOver = belongsTo(script, { id, label }) || isOrphan(script, clock.now())
      if (leftOver && script.dtDeleted == null) await client.deleteScript(script.id, signal)
    }
    memory.delete(id)
  }

  /** @throws ProviderError `not_now` for a machine that is gone or in the wrong state */
  function settleAction(answer: ActionAnswer, action: string, already: ReadonlySet<string>): void {
    switch (answer.kind) {
      case 'gone':
        throw notNow(`Paperspace ${action}: there is no such machine`)
      case 'busy':
        if (already.has(answer.word)) return
        throw answer.error
      case 'accepted':
        throwIfFailed(answer, action)
    }
  }

  /** Reads the state first: an action in the wrong state is an error, and one that is under way need not be repeated. */
  async function act(id: string, action: 'start' | 'stop', signal: AbortSignal | undefined): Promise<void> {
    const machine = await client.one(machineIdFrom(id), signal)
    if (machine === null) throw notNow(`Paperspace ${action}: there is no such machine`)
    if (thereOrOnTheWay[action].has(machine.state)) return
    forgetEvents(id)
    settleAction(await client[action](id, signal), action, thereOrOnTheWay[action])
  }

  function forgetEvents(id: string): void {
    const known = memory.get(id)
    if (known) delete known.stamp
  }

  return {
    name: 'paperspace',
    account: deps.account,
    describe: () => paperspaceDescription,
    limits: () => Object.values(paperspaceRateLimits),

    /** The catalogue, as far as a template takes the type, times regions, each with its availability. */
    async searchOffers({ models, markets, diskGb }, signal) {
      const skipped = new Map<string, number>()
      const skip = (reason: string, times = 1) => skipped.set(reason, (skipped.get(reason) ?? 0) + times)
      const answer = () => ({ offers, skipped: Object.fromEntries(skipped), sampled: false })
      const offers: Awaited<ReturnType<Provider['searchOffers']>>['offers'] = []
      if (!markets.includes('on_demand')) return answer()

      const { fitsOf, labels, unreadable } = await fitsByLabel(signal)
      if (unreadable > 0) skip('unreadable_template', unreadable)
      for (const label of labels) if (!machineTypeNamed(label) && !isCpuLabel(label)) skip('not_in_catalogue')

      let trouble: ProviderError | null = null
      let told = 0
      for (const type of machineTypes.filter(isWanted(models, gpus))) {
        for (const region of type.regions) {
          const fits = fitsOf({ type, region })
          const label = fits[0]?.label
          if (label === undefined) {
            skip('not_in_os_templates')
            continue
          }
          try {
            const available = await client.isAvailable(label, region, signal)
            offers.push(offerFromPaperspace({ type, region }, { available, fits, diskGb, seenAt: clock.now(), gpus }))
            told++
          } catch (error) {
            if (!(error instanceof ProviderError) || !concernsOneType.has(error.kind)) throw error
            trouble = error
            skip('availability_not_told')
          }
        }
      }
      if (trouble && told === 0) throw trouble
      return answer()
    },

    async quote(offer, { diskGb }, signal) {
      const place = orderedPlace(offer)
      const disk = orderedDisk(diskGb)
      const { fitsOf } = await fitsByLabel(signal)
      const fits = fitsOf(place)
      const { label } = fitFor(fits, disk)
      if (!(await client.isAvailable(label, place.region, signal))) {
        const what = `Paperspace has no ${externalIdFrom(place)} now`
        throw new ProviderError('paperspace', { kind: 'no_capacity' }, what)
      }
      return offerFromPaperspace(place, { available: true, fits, diskGb, seenAt: clock.now(), gpus })
    },

    /**
     * The start script first, since a machine can only be given one at its creation. Whether the create worked is told by
     * its event, later: a machine that gets no capacity is created all the same, and `look` shows it as failed.
     */
    async launch(order, signal) {
      const place = orderedPlace(order.offer)
      const disk = orderedDisk(order.diskGb)
      const script = scriptBodyFromOrder(order)
      const { fitsOf } = await fitsByLabel(signal)
      const fits = fitsOf(place)
      fitFor(fits, disk)
      const scriptId = await client.createScript(script, signal)
      const created = await client.launch(machineBodyFromOrder(order, fits, scriptId), signal).catch(async (error) => {
        // Without a machine nobody will ask for its end, and with it for the end of the script.
        if (error instanceof ProviderError && error.kind !== 'outcome_unknown') {
          await client.deleteScript(scriptId).catch(ignoreAll)
        }
        throw error
      })
      const { event, data } = created
      const known = remembered(data.id)
      known.label = order.label
      known.ports = portsOf(order)
      if (event && (event.state === 'error' || event.state === 'cancelled')) {
        const failure: ProviderFailure = { kind: 'outcome_unknown', externalId: data.id }
        const why = event.error?.trim() || event.state
        throw new ProviderError('paperspace', failure, `Paperspace launch: the machine exists, but ${why}`)
      }
      return { externalId: data.id, pricePerHour: data.usageRate == null ? null : nanosFromUsd(data.usageRate) }
    },

    async look(signal) {
      const wires = await client.machines(signal)
      const at = clock.now()
      await learnPorts(wires, signal)
      const machines = new Map<string, Awaited<ReturnType<typeof machineFrom>>>()
      for (const wire of wires) machines.set(wire.id, await machineFrom(wire, signal))
      for (const [id, known] of memory) if (!machines.has(id)) delete known.history
      return { machines: [...machines.values()], at }
    },

    /**
     * A 404 with their body means gone. Then nobody asks for the end of the machine any more, so that what it left behind
     * is removed here. Its events may outlive it and know when it ended, which a list without it cannot tell.
     */
    async lookAt(externalId, signal) {
      const id = machineIdFrom(externalId)
      const wire = await client.one(id, signal)
      const at = clock.now()
      if (wire !== null) {
        if (wire.id !== id)
          return { kind: 'unknown', at, why: 'Paperspace showed another machine than the one asked for' }
        await learnPorts([wire], signal)
        return { kind: 'seen', machine: await machineFrom(wire, signal), at }
      }
      const { label = null, wasOff = false } = memory.get(id) ?? {}
      const page = await client.events(id, signal).catch(ignore('rejected', 'unexpected_reply'))
      await tidyAfter(id, signal).catch(ignore('rejected', 'not_now', 'unexpected_reply'))
      const machine = page ? deletedMachineFrom(id, { label, wasOff }, historyFrom(page.items, !page.hasMore)) : null
      return machine ? { kind: 'seen', machine, at } : { kind: 'absent', at }
    },

    async stop(externalId, signal) {
      await act(externalId, 'stop', signal)
    },

    async start(externalId, signal) {
      await act(externalId, 'start', signal)
    },

    async restart(externalId, signal) {
      const id = machineIdFrom(externalId)
      forgetEvents(id)
      settleAction(await client.restart(id, signal), 'restart', onTheWayUp)
    },

    /** Deletes it in whatever state it is. What it leaves behind goes once it is gone: at the next call, or in `lookAt`. */
    async terminate(externalId, signal) {
      const id = machineIdFrom(externalId)
      const machine = await client.one(id, signal)
      if (machine !== null) {
        remember(machine)
        forgetEvents(id)
        const answer = await client.terminate(id, signal)
        if (answer.kind === 'busy' && !beingDeleted.test(answer.word)) throw answer.error
        if (answer.kind === 'accepted') throwIfFailed(answer, 'terminate')
        if (answer.kind !== 'gone' && (await client.one(id, signal)) !== null) return
      }
      await tidyAfter(id, signal)
    },

    lookAround: (signal) => thingsFromPaperspace(client, signal),

    async endThing({ kind, externalId }, signal) {
      const isTemplate = kind === 'snapshot' && externalId.startsWith(templatePrefix)
      const id = thingIdFrom(isTemplate ? externalId.slice(templatePrefix.length) : externalId)
      if (kind === 'static_ip') return client.releaseIp(id, signal)
      if (kind === 'file_system') return client.deleteSharedDrive(id, signal)
      if (isTemplate) return client.deleteCustomTemplate(id, signal)
      if (kind === 'snapshot') return client.deleteSnapshot(id, signal)
      throw rejected('Paperspace sells no volumes: a disk ends with its machine')
    },

    /** No endpoint for usage or invoices. @source providers/paperspace.md 2.11 */
    async bill() {
      return null
    },

    changeBid: async () => {
      throw rejected('Paperspace has no bids: its machines are rented at list price')
    },

    logs: async () => {
      throw rejected('Paperspace keeps no logs: log in by SSH and run "sudo docker logs gpufleet"')
    },

    sshKeys: async () => {
      throw rejected('Paperspace has no list of SSH keys: give the key with the launch')
    },

    addSshKey: async () => {
      throw rejected('Paperspace has no list of SSH keys: give the key with the launch')
    },

    /** Not told; the key is checked on the way. */
    async balance(signal) {
      await client.checkKey(signal)
      return null
    },

    gpuSpellings(model) {
      const spellings = [...gpus.spellingsOf(model, 'paperspace')]
      if (spellings.length === 0) throw new RangeError(`Paperspace does not sell ${model}`)
      return spellings
    },

    regionSpellings(region) {
      const codes = regionCodesIn(region)
      if (codes.length === 0) throw new RangeError(`Paperspace has no region ${region}`)
      return codes
    },

    regionFrom(spelling) {
      const region = regionFromPaperspace(spelling)
      if (region === undefined) throw new RangeError(`no region of ours for the Paperspace region ${spelling}`)
      return region
    },
  }
}

interface Remembered {
  label?: string
  /** Whether it was off when last seen, which its events do not always tell. */
  wasOff?: boolean
  staticIp?: string
  ports?: readonly PortSpec[]
  history?: History
  /** What the machine showed when its events were read. */
  stamp?: string
}

const onTheWayUp: ReadonlySet<string> = new Set(['starting', 'restarting', 'provisioning'])

const thereOrOnTheWay: Record<'start' | 'stop', ReadonlySet<string>> = {
  start: new Set([...onTheWayUp, 'serviceready', 'ready', 'running', 'started', 'on']),
  stop: new Set(['off', 'stopping', 'stopped']),
}

const beingDeleted = /^(?:deactivat|delet|terminat|remov)/

/** Trouble that does not say anything about the next type. */
const concernsOneType: ReadonlySet<ProviderFailure['kind']> = new Set(['rejected', 'unavailable', 'unexpected_reply'])

/** An action can fail within the 200 that accepts it. */
function throwIfFailed({ event }: Extract<ActionAnswer, { kind: 'accepted' }>, action: string): void {
  if (event?.state !== 'error' && event?.state !== 'cancelled') return
  const why = event.error?.trim() || event.state
  const kind = isCapacityText(why) ? 'no_capacity' : 'not_now'
  throw new ProviderError('paperspace', { kind }, `Paperspace ${action}: ${why}`)
}

function isWanted(models: readonly string[], gpus: ProviderDeps['gpus']) {
  return ({ gpuLabel, vramGb }: (typeof machineTypes)[number]): boolean =>
    models.length === 0 || models.includes(gpus.recognise(gpuLabel, { provider: 'paperspace', memoryGb: vramGb }).model)
}

function isOurLabel(name: string): boolean {
  return name.startsWith('gf-')
}

function belongsTo(script: PaperspaceScript, { id, label }: { id: string; label?: string | undefined }): boolean {
  if (script.assignedMachineIds?.includes(id)) return true
  return label !== undefined && label !== '' && script.name === scriptNameFrom(label, portsFromScriptName(script.name))
}

/**
 * Of a launch whose machine never came to be, or is gone. Our scripts run once, so that one which is an hour old does
 * nothing any more.
 */
function isOrphan({ name, assignedMachineIds, dtCreated }: PaperspaceScript, now: Instant): boolean {
  return isOurLabel(name) && (assignedMachineIds ?? []).length === 0 && now - dtCreated > hourMs
}

/** Ids end in a path, so that nothing but an id gets through. */
function machineIdFrom(externalId: string): string {
  if (/^[A-Za-z0-9_-]{1,64}$/.test(externalId)) return externalId
  throw rejected('a Paperspace id is made of letters and digits: this one is not')
}

/** As for machines, and addresses; `..` would leave the path. */
function thingIdFrom(externalId: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9:._-]{0,63}$/.test(externalId)) return externalId
  throw rejected('this is not the id of an address, a drive or a snapshot of Paperspace')
}

function ignore(...kinds: ProviderFailure['kind'][]): (error: unknown) => undefined {
  return (error) => {
    if (error instanceof ProviderError && kinds.includes(error.kind)) return undefined
    throw error
  }
}

function ignoreAll(): void {}

function notNow(message: string): ProviderError {
  return new ProviderError('paperspace', { kind: 'not_now' }, message)
}

function rejected(message: string): ProviderError {
  return new ProviderError('paperspace', { kind: 'rejected' }, message)
}
