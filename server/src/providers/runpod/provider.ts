import type { Provider } from '../provider.ts'
import type { ProviderDeps } from '../provider-deps.ts'
import { createRunpodGraphqlProvider } from './graphql-provider.ts'
import { createRunpodRestProvider } from './rest-provider.ts'

export interface RunpodDeps extends ProviderDeps {
  /** `graphql` is the API that ends early 2027, kept as long as it answers; see README.md. */
  apiVersion: 'v2' | 'graphql'
}

export function createRunpodProvider(deps: RunpodDeps): Provider {
  return deps.apiVersion === 'graphql' ? createRunpodGraphqlProvider(deps) : createRunpodRestProvider(deps)
}
