/** The five simulated marketplaces, listening on free ports of 127.0.0.1, with somebody who hears every order at the moment it arrives. */

import { type ProviderName, providerNames } from '../../server/src/core/providers.ts'
import { flowingClock } from '../../simulators/kit/clock.ts'
import { controlled, type Simulator } from '../../simulators/kit/controlled.ts'
import { type Listening, listen } from '../../simulators/kit/listen.ts'
import type { Random } from '../../simulators/kit/random.ts'
import type { MachineReport, SimReply, SimRequest, SimulatorOptions } from '../../simulators/kit/simulator.ts'
import { createLambda } from '../../simulators/lambda/lambda.ts'
import { createNovita } from '../../simulators/novita/novita.ts'
import { createPaperspace } from '../../simulators/paperspace/paperspace.ts'
import { createRunpod } from '../../simulators/runpod/runpod.ts'
import { createVast } from '../../simulators/vast/vast.ts'

export interface Markets {
  /** What the server is told, so that it finds them. */
  settings: Record<string, string>
  simulators: Record<ProviderName, Simulator>
  /** Machines that somebody else made with the same accounts. */
  foreign: ReadonlyMap<ProviderName, ReadonlySet<string>>
  keys: readonly string[]
  /** Every machine that is or was ours, by marketplace. */
  ours(): (MachineReport & { provider: ProviderName })[]
  order(provider: ProviderName, control: string, body?: unknown): Record<string, unknown>
  close(): Promise<void>
}

export interface MarketsOptions {
  /** Whose keys the server gets. */
  providers: readonly ProviderName[]
  seed: number
  random: Random
  /** Loading, lag and drift are so much faster than life. */
  speed: number
  /** Called when a request that changes something has arrived, before it is carried out and once more after. */
  onOrder?: (provider: ProviderName, when: 'before' | 'after', request: SimRequest, reply?: SimReply) => void
}

const create: Record<ProviderName, (options: SimulatorOptions) => ReturnType<typeof createVast>> = {
  vast: createVast,
  runpod: createRunpod,
  lambda: createLambda,
  paperspace: createPaperspace,
  novita: createNovita,
}

export async function listeningMarkets({ providers, seed, random, speed, onOrder }: MarketsOptions): Promise<Markets> {
  const clock = flowingClock({ speed })
  const keys = Object.fromEntries(providerNames.map((name) => [name, `key-${name}-${random.hex(24)}`]))
  const simulators = Object.fromEntries(
    providerNames.map((name) => [name, controlled(create[name]({ clock, seed, apiKey: keys[name] ?? '' }), clock)]),
  ) as Record<ProviderName, Simulator>

  const listeners: Listening[] = []
  const settings: Record<string, string> = {}
  for (const name of providerNames) {
    const simulator = simulators[name]
    const handle = (request: SimRequest): SimReply => {
      if (!isOrder(request)) return simulator.handle(request)
      onOrder?.(name, 'before', request)
      const reply = simulator.handle(request)
      onOrder?.(name, 'after', request, reply)
      return reply
    }
    const listener = await listen({ ...simulator, handle }, 0)
    listeners.push(listener)
    if (!providers.includes(name)) continue
    settings[`${name.toUpperCase()}_API_KEY`] = keys[name] ?? ''
    settings[`${name.toUpperCase()}_API_BASE_URL`] = listener.url
  }

  const order: Markets['order'] = (provider, control, body = {}) => {
    const reply = simulators[provider].handle({
      method: 'POST',
      path: `/_control/${control}`,
      query: new URLSearchParams(),
      headers: {},
      body: JSON.stringify(body),
    })
    if (reply.status !== 200) throw new Error(`${provider} ${control}: ${reply.body}`)
    return JSON.parse(reply.body) as Record<string, unknown>
  }

  const foreign = new Map<ProviderName, Set<string>>()
  for (const name of providerNames) {
    const made = ['my notebook', 'gf-otherfleet-0123456789abcdef-1', null].map((label) =>
      String(order(name, 'foreign-machine', { label }).machine),
    )
    foreign.set(name, new Set(made))
  }

  return {
    settings,
    simulators,
    foreign,
    keys: Object.values(keys),
    order,
    ours: () =>
      providerNames.flatMap((provider) =>
        simulators[provider].marketplace
          .machines()
          .filter(({ id }) => foreign.get(provider)?.has(id) !== true)
          .map((machine) => ({ ...machine, provider })),
      ),
    async close() {
      await Promise.all(listeners.map((one) => one.close()))
    },
  }
}

/** Vast is searched with POST, too. */
function isOrder({ method, path }: SimRequest): boolean {
  return method !== 'GET' && !path.startsWith('/_control') && !path.includes('/bundles')
}
