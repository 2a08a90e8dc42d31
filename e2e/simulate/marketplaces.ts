import { type ProviderName, providerNames } from '../../server/src/core/providers.ts'
import { type Transport, TransportError } from '../../server/src/outbound/transport.ts'
import { clockFrom } from '../../simulators/kit/clock.ts'
import { controlled, type Simulator } from '../../simulators/kit/controlled.ts'
import type { Random } from '../../simulators/kit/random.ts'
import type { SimulatorOptions } from '../../simulators/kit/simulator.ts'
import { createLambda } from '../../simulators/lambda/lambda.ts'
import { createNovita } from '../../simulators/novita/novita.ts'
import { createPaperspace } from '../../simulators/paperspace/paperspace.ts'
import { createRunpod } from '../../simulators/runpod/runpod.ts'
import { createVast } from '../../simulators/vast/vast.ts'
import { type Life, never } from './life.ts'
import type { Timeline } from './timeline.ts'
import type { Trace } from './trace.ts'

const create: Record<ProviderName, (options: SimulatorOptions) => ReturnType<typeof createVast>> = {
  vast: createVast,
  runpod: createRunpod,
  lambda: createLambda,
  paperspace: createPaperspace,
  novita: createNovita,
}

/** A request as it arrived at a marketplace. */
export interface Arrival {
  provider: ProviderName
  method: string
  path: string
  body: string
  /** As the marketplace answered, before anything happened to the answer. */
  status: number
  /** A fault stood on the wire, so the answer may have been its. */
  disturbed: boolean
}

export interface Marketplaces {
  simulators: Partial<Record<ProviderName, Simulator>>
  names: readonly ProviderName[]
  apiKeys: Record<ProviderName, string>
  /** @throws Error what the marketplace says against it */
  order(provider: ProviderName, control: string, body?: unknown): Record<string, unknown>
  /** The network of one process. */
  transportOf(life: Life): Transport
  /** Requests take so much longer on their way, until it is set to zero. */
  wayMs: Record<ProviderName, number>
}

export interface MarketplacesDeps {
  names: readonly ProviderName[]
  seed: number
  random: Random
  timeline: Timeline
  trace: Trace
  arrived(arrival: Arrival): void
}

/** The marketplaces of a world, reached over a network that takes its time. */
export function createMarketplaces({ names, seed, random, timeline, trace, arrived }: MarketplacesDeps): Marketplaces {
  const clock = clockFrom(timeline.now)
  const apiKeys = Object.fromEntries(providerNames.map((name) => [name, `key-${name}-${random.hex(24)}`])) as Record<
    ProviderName,
    string
  >
  const simulators: Marketplaces['simulators'] = {}
  for (const name of names) simulators[name] = controlled(create[name]({ clock, seed, apiKey: apiKeys[name] }), clock)
  const wayMs = Object.fromEntries(providerNames.map((name) => [name, 0])) as Record<ProviderName, number>
  // The same for every request of a seed: our own spacing of calls is not to be undone by the network.
  const usualWayMs = random.int(5, 120)

  function order(provider: ProviderName, control: string, body: unknown = {}) {
    const reply = simulators[provider]?.handle({
      method: 'POST',
      path: `/_control/${control}`,
      query: new URLSearchParams(),
      headers: {},
      body: JSON.stringify(body),
    })
    if (reply === undefined) throw new Error(`${provider} is not in this world`)
    trace.add(`order   ${provider} ${control} ${JSON.stringify(body)} ${reply.status}`)
    if (reply.status !== 200) throw new Error(`${provider} ${control}: ${reply.body}`)
    return JSON.parse(reply.body) as Record<string, unknown>
  }

  function transportOf(life: Life): Transport {
    return async ({ method, url, headers, body = '' }) => {
      const { hostname, pathname, searchParams } = new URL(url)
      const provider = hostname.replace(/\.simulated$/, '') as ProviderName
      const simulator = simulators[provider]
      if (simulator === undefined) throw new TransportError('not_sent', `no such host: ${hostname}`)
      const changes = method !== 'GET'
      if (!life.goesOn('marketplace') || (changes && !life.goesOn('order'))) return never

      // From here on it arrives, whether or not anybody is left to wait for the answer.
      await timeline.sleep(usualWayMs + wayMs[provider])
      const isFaulty = simulator.faults.list().length > 0
      const reply = simulator.handle({
        method,
        path: pathname,
        query: searchParams,
        headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
        body,
      })
      // A page that a front door sends by order counts as a fault.
      const disturbed = isFaulty || reply.body.includes('Error 1015')
      const told = reply.dropped ? 'no answer' : `${reply.status}${reply.delayMs ? ` after ${reply.delayMs} ms` : ''}`
      trace.add(`request ${provider} ${method} ${pathname} ${told}`)
      arrived({ provider, method, path: pathname, body, status: reply.status, disturbed })
      await timeline.sleep((reply.delayMs ?? 0) + usualWayMs)
      if (!life.goesOn('marketplace') || (changes && !life.goesOn('order'))) return never
      if (reply.dropped) throw new TransportError('network', 'the connection broke')
      return { status: reply.status, headers: reply.headers, body: reply.body }
    }
  }

  return { simulators, names, apiKeys, order, transportOf, wayMs }
}
