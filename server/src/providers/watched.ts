import { type Provider, ProviderError } from './provider.ts'

/** Hears how the calls of an account end. */
export interface Watcher {
  answered(provider: Provider, verb: string): void
  failed(provider: Provider, verb: string, error: ProviderError): void
}

const asksTheMarketplace = [
  'searchOffers',
  'quote',
  'launch',
  'look',
  'lookAt',
  'stop',
  'start',
  'restart',
  'terminate',
  'lookAround',
  'endThing',
  'bill',
  'changeBid',
  'logs',
  'sshKeys',
  'addSshKey',
  'balance',
  'template',
] as const satisfies readonly (keyof Provider)[]

type Verb = (...given: never[]) => Promise<unknown>

/** The same account, whose calls somebody hears of. What they answer and throw stays as it is. */
export function watched(provider: Provider, watcher: Watcher): Provider {
  const heard = (verb: (typeof asksTheMarketplace)[number]) => {
    const ask = provider[verb] as Verb
    return async (...given: never[]) => {
      try {
        const answer = await ask.apply(provider, given)
        watcher.answered(provider, verb)
        return answer
      } catch (error) {
        if (error instanceof ProviderError) watcher.failed(provider, verb, error)
        throw error
      }
    }
  }
  const verbs = asksTheMarketplace.filter((verb) => provider[verb] !== undefined)
  return { ...provider, ...Object.fromEntries(verbs.map((verb) => [verb, heard(verb)])) } as Provider
}
