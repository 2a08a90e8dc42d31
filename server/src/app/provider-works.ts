import { type ProviderName, publicProviderNames } from '../core/providers.ts'
import { ProviderError, type Providers } from '../providers/provider.ts'
import { AppError } from './errors.ts'

export interface ProviderWorksDeps {
  providers: Providers
  isEnabled: (provider: ProviderName) => boolean
}

/**
 * Asks a marketplace something that only a working key gets an answer to.
 *
 * @throws AppError `provider_unavailable` with the reason when it cannot be used
 */
export async function providerWorks(name: ProviderName, { providers, isEnabled }: ProviderWorksDeps): Promise<void> {
  const provider = providers.find(name)
  const said = publicProviderNames[name]
  if (provider === undefined) throw unusable(`there is no API key for ${said}`, 'set its API key')
  if (!isEnabled(name)) throw unusable(`${said} is switched off here`, 'switch it on again')
  try {
    await provider.balance()
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error
    throw unusable(`${said} cannot be used now: ${error.message}`, 'check the key, or try again in a minute', error)
  }
}

function unusable(message: string, fix: string, cause?: unknown): AppError {
  return new AppError('provider_unavailable', message, { fix, cause })
}
