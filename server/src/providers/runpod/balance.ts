import type { Nanos } from '../../core/money.ts'
import { ProviderError } from '../provider.ts'
import type { RunpodGraphqlClient } from './graphql-client.ts'

/** Only GraphQL tells, until it is switched off (410, early 2027) or throttled: then nobody knows, and that is no error. */
export async function balanceOrNull(
  client: Pick<RunpodGraphqlClient, 'balance'>,
  signal: AbortSignal | undefined,
): Promise<Nanos | null> {
  try {
    return await client.balance(signal)
  } catch (error) {
    if (error instanceof ProviderError) return null
    throw error
  }
}
