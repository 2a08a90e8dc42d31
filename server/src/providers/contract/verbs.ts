/** Every verb of the seam that a marketplace can do, ready to be called. */

import { nanosFromUsd } from '../../core/money.ts'
import type { Offer } from '../../core/offers/offer.ts'
import type { Provider } from '../provider.ts'
import { anOrder, publicKey } from './rig.ts'

export interface Verb {
  name: keyof Provider
  /** `read` may be asked again; `change` may have worked whatever the answer; `launch` costs money. */
  effect: 'read' | 'change' | 'launch'
  run(provider: Provider): Promise<unknown>
}

/** @param machine one that runs  @param bidMachine one on the spot market, where bids can be changed */
export function verbsOf(
  provider: Provider,
  { offer, machine, bidMachine }: { offer: Offer; machine: string; bidMachine?: string },
): Verb[] {
  const { abilities } = provider.describe()
  const query = { models: [], markets: ['on_demand'] as const, diskGb: 50 }
  const bid = nanosFromUsd('0.9')
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
      run: (one) => one.changeBid(bidMachine ?? machine, bid),
    },
    abilities.hasLogs && { name: 'logs', effect: 'read', run: (one) => one.logs(machine, { tail: 10 }) },
    abilities.hasSshKeys && { name: 'sshKeys', effect: 'read', run: (one) => one.sshKeys() },
    abilities.hasSshKeys && {
      name: 'addSshKey',
      effect: 'change',
      run: (one) => one.addSshKey({ name: 'contract', publicKey }),
    },
    abilities.hasBalance && { name: 'balance', effect: 'read', run: (one) => one.balance() },
  ]
  return verbs.filter((verb) => verb !== false)
}
