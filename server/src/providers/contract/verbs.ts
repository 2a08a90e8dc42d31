/** Every verb of the seam that a marketplace can do, ready to be called. */

import { nanosFromUsd } from '../../core/money.ts'
import type { Offer } from '../../core/offers/offer.ts'
import type { Provider } from '../provider.ts'
import type { Beside } from './cases.ts'
import { anOrder, publicKey } from './rig.ts'

export interface Verb {
  name: keyof Provider
  /** `read` may be asked again; `change` may have worked whatever the answer; `launch` costs money. */
  effect: 'read' | 'change' | 'launch'
  run(provider: Provider): Promise<unknown>
}

/** A day that every bill knows by now. */
const billedDay = { from: Date.UTC(2026, 8, 30), until: Date.UTC(2026, 9, 1) }

interface Known {
  offer: Offer
  machine: string
  bidMachine?: string
  beside: Pick<Beside, 'unknown'>
  bill: unknown
}

/**
 * @param machine one that runs
 * @param bidMachine one on the spot market, where bids can be changed
 * @param beside what can be ended beside machines
 * @param bill whether there is one to read
 */
export function verbsOf(provider: Provider, { offer, machine, bidMachine, beside, bill }: Known): Verb[] {
  const { abilities } = provider.describe()
  const query = { models: [], markets: ['on_demand'] as const, diskGb: 50 }
  const newBid = nanosFromUsd('0.9')
  const verbs: (Verb | false)[] = [
    { name: 'searchOffers', effect: 'read', run: (one) => one.searchOffers(query) },
    { name: 'quote', effect: 'read', run: (one) => one.quote(offer, { diskGb: 50 }) },
    { name: 'launch', effect: 'launch', run: (one) => one.launch(anOrder(offer, { label: 'gf-contract-inst_02-1' })) },
    { name: 'look', effect: 'read', run: (one) => one.look() },
    { name: 'lookAt', effect: 'read', run: (one) => one.lookAt(machine) },
    abilities.canStop && { name: 'stop', effect: 'change', run: (one) => one.stop(machine) },
    abilities.canStart && { name: 'start', effect: 'change', run: (one) => one.start(machine) },
    abilities.canRestart && { name: 'restart', effect: 'change', run: (one) => one.restart(machine) },
    { name: 'terminate', effect: 'change', run: (one) => one.terminate(machine) },
    abilities.hasBids && {
      name: 'changeBid',
      effect: 'change',
      run: (one) => one.changeBid(bidMachine ?? machine, newBid),
    },
    abilities.hasLogs && { name: 'logs', effect: 'read', run: (one) => one.logs(machine, { tail: 10 }) },
    abilities.hasSshKeys && { name: 'sshKeys', effect: 'read', run: (one) => one.sshKeys() },
    abilities.hasSshKeys && {
      name: 'addSshKey',
      effect: 'change',
      run: (one) => one.addSshKey({ name: 'contract', publicKey }),
    },
    { name: 'lookAround', effect: 'read', run: (one) => one.lookAround() },
    { name: 'endThing', effect: 'change', run: (one) => one.endThing(beside.unknown) },
    bill !== null && { name: 'bill', effect: 'read', run: (one) => one.bill(billedDay) },
    abilities.hasBalance && { name: 'balance', effect: 'read', run: (one) => one.balance() },
  ]
  return verbs.filter((verb) => verb !== false)
}
