import type { BilledThing } from '../core/billed-thing.ts'
import type { Machine, Phase } from '../core/instances/machine.ts'
import { type Nanos, noMoney, usdText } from '../core/money.ts'
import { anOffer } from '../core/offers/an-offer.ts'
import type { Offer } from '../core/offers/offer.ts'
import type { ProviderName } from '../core/providers.ts'
import { type Clock, minuteMs, secondMs } from '../core/time.ts'
import {
  type Abilities,
  type LaunchOrder,
  type Provider,
  ProviderError,
  type ProviderFailure,
} from '../providers/provider.ts'
import { aMachine, aReading } from './builders.ts'

export interface FakeProvider extends Provider {
  /** Every call, in order: `launch gf-…-1`, `terminate m-1`, `look`. */
  readonly calls: string[]
  readonly machines: Map<string, Machine>
  /** Runs before the call; what it throws, the caller gets. Set and unset by tests. */
  before: Partial<
    Record<
      'launch' | 'look' | 'lookAt' | 'stop' | 'start' | 'terminate' | 'quote' | 'search' | 'endThing' | 'changeBid',
      Script
    >
  >
  /** Runs after a machine was made, before the answer: what it throws is a lost reply. */
  afterMade: Script | undefined
  offers: Offer[]
  /** What it bills beside machines. */
  things: BilledThing[]
  /** Whether a termination works at once. Otherwise the machine stays until the test removes it. */
  obeys: boolean
  setPhase(externalId: string, phase: Phase): void
}

type Script = (what: string, order?: LaunchOrder) => void | Promise<void>

export interface FakeOptions {
  clock: Clock
  name?: ProviderName
  abilities?: Partial<Abilities>
  offers?: Offer[]
  /** What the created machine is said to cost. */
  machinePrice?: Nanos | null
}

/** A marketplace as simple as it can be: what is launched runs at once, what is ended is gone at once. */
export function fakeProvider({
  clock,
  name = 'vast',
  abilities,
  offers,
  machinePrice = null,
}: FakeOptions): FakeProvider {
  const machines = new Map<string, Machine>()
  const calls: string[] = []
  let made = 0

  async function called(verb: keyof FakeProvider['before'], what = '', order?: LaunchOrder): Promise<void> {
    calls.push(`${verb} ${what}`.trim())
    await fake.before[verb]?.(what, order)
  }
  const unused = async (): Promise<never> => {
    throw new Error('not part of this fake')
  }

  const fake: FakeProvider = {
    name,
    account: 'main',
    calls,
    machines,
    before: {},
    afterMade: undefined,
    offers: offers ?? [anOffer({ provider: name })],
    things: [],
    obeys: true,
    setPhase(externalId, phase) {
      const machine = machines.get(externalId)
      if (machine === undefined) throw new Error(`there is no machine ${externalId}`)
      machines.set(externalId, withPhase(machine, phase))
    },

    describe: () => ({
      name,
      displayName: name,
      website: '',
      apiVersion: 'fake',
      abilities: { ...usualAbilities, ...abilities },
      billing: { stepMs: 1, minimumMs: 0, startsWhen: 'running', stopped: 'disk' },
      regions: ['us-west'],
      features: [],
    }),
    limits: () => [],
    async searchOffers() {
      await called('search')
      return { offers: fake.offers, skipped: {}, sampled: false }
    },
    async quote(offer) {
      await called('quote', offer.externalId)
      const now = fake.offers.find((one) => one.externalId === offer.externalId && one.market === offer.market)
      if (now === undefined) throw failure(name, { kind: 'no_capacity' }, 'it is gone')
      return now
    },
    async launch(order) {
      await called('launch', order.label, order)
      made += 1
      const externalId = `${name}-${made}`
      const machine = aMachine({
        externalId,
        label: order.label,
        market: order.offer.market,
        pricePerHour: machinePrice ?? order.bidPerHour,
        ...(order.sshPublicKey !== null && { ssh: { host: `${externalId}.example.com`, port: 22, user: 'root' } }),
      })
      machines.set(externalId, withPhase(machine, 'running'))
      await fake.afterMade?.(externalId, order)
      return { externalId, pricePerHour: machinePrice }
    },
    async look() {
      await called('look')
      return { machines: [...machines.values()], at: clock.now() }
    },
    async lookAt(externalId) {
      await called('lookAt', externalId)
      const machine = machines.get(externalId)
      return machine === undefined ? { kind: 'absent', at: clock.now() } : { kind: 'seen', machine, at: clock.now() }
    },
    async stop(externalId) {
      await called('stop', externalId)
      if (fake.obeys) fake.setPhase(externalId, 'stopped')
    },
    async start(externalId) {
      await called('start', externalId)
      if (fake.obeys) fake.setPhase(externalId, 'running')
    },
    async terminate(externalId) {
      await called('terminate', externalId)
      if (fake.obeys) machines.delete(externalId)
    },
    lookAround: async () => fake.things,
    async endThing({ externalId }) {
      await called('endThing', externalId)
      fake.things = fake.things.filter((one) => one.externalId !== externalId)
    },
    bill: async () => null,
    restart: unused,
    async changeBid(externalId, bidPerHour) {
      await called('changeBid', `${externalId} ${usdText(bidPerHour, 4)}`)
      const machine = machines.get(externalId)
      if (machine === undefined) throw failure(name, { kind: 'rejected' }, 'there is no such machine')
      machines.set(externalId, { ...machine, pricePerHour: bidPerHour })
      if (fake.obeys && bidPerHour >= (machine.lowestBid ?? noMoney)) fake.setPhase(externalId, 'running')
    },
    logs: unused,
    sshKeys: unused,
    addSshKey: unused,
    balance: async () => null,
    gpuSpellings: (model) => [model],
    regionSpellings: (region) => [region],
    regionFrom: (spelling) => spelling,
  }
  return fake
}

export function failure(provider: ProviderName, kind: ProviderFailure, message = kind.kind as string): ProviderError {
  return new ProviderError(provider, kind, message)
}

function withPhase(machine: Machine, phase: Phase): Machine {
  const state = phase === 'running' ? 'on' : phase === 'unclear' ? 'unclear' : 'off'
  return { ...machine, phase, providerStatus: phase, meters: [aReading({ state })] }
}

const usualAbilities: Abilities = {
  canStop: true,
  canStart: true,
  canRestart: true,
  hasSpot: true,
  hasBids: false,
  hasLogs: false,
  hasBalance: false,
  hasSshKeys: false,
  reportsUtilisation: false,
  runs: 'container',
  ports: 'mapped',
  udpPorts: true,
  diskSurvives: { stop: true, interruption: true },
  noticeMs: null,
  deadMan: { possible: false, why: 'A pretended machine has no key of its own.' },
  listLagMs: 30 * secondMs,
  looksForAbsence: 2,
  startDeadlineMs: 10 * minuteMs,
  endDeadlineMs: 5 * minuteMs,
  lookEveryMs: 10 * secondMs,
  refreshEveryMs: 5 * minuteMs,
  search: 'whole',
  maxLabelLength: 60,
}
