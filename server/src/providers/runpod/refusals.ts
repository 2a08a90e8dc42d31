import { ProviderError } from '../provider.ts'

export const accountKeys =
  "RunPod's account-wide SSH keys can only be replaced as a whole, which would remove other people's: " +
  'give the key with the launch, or add it in the console'

/** @throws ProviderError `rejected`, always */
export function refuse(message: string): never {
  throw new ProviderError('runpod', { kind: 'rejected' }, message)
}

/** Anything else would end in a path. */
export function podIdFrom(externalId: string): string {
  return /^[A-Za-z0-9_-]{1,64}$/.test(externalId) ? externalId : refuse('this is not the id of a RunPod pod')
}
