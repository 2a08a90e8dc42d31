import { ProviderError } from '../provider.ts'

export const runpodClouds = ['SECURE', 'COMMUNITY'] as const
export type RunpodCloud = (typeof runpodClouds)[number]

/** RunPod sells types in data centres, not machines: this is what identifies an offer. */
export interface RunpodPlace {
  gpuId: string
  count: number
  cloud: RunpodCloud
  /** null: wherever there is one. */
  dataCenterId: string | null
}

/** `NVIDIA GeForce RTX 4090|1|SECURE|EU-RO-1`, with `*` for anywhere. */
export function externalIdFrom({ gpuId, count, cloud, dataCenterId }: RunpodPlace): string {
  return `${gpuId}|${count}|${cloud}|${dataCenterId ?? '*'}`
}

/** @throws ProviderError `rejected` for what `externalIdFrom` never writes */
export function placeFromExternalId(externalId: string): RunpodPlace {
  const match = /^([^|]+)\|([1-9]\d{0,2})\|(SECURE|COMMUNITY)\|([^|]+)$/.exec(externalId)
  const [, gpuId, count, cloud, dataCenter] = match ?? []
  if (gpuId === undefined || (cloud !== 'SECURE' && cloud !== 'COMMUNITY') || dataCenter === undefined) {
    throw new ProviderError(
      'runpod',
      { kind: 'rejected' },
      'this is not the handle of a RunPod offer: take one from a search',
    )
  }
  return { gpuId, count: Number(count), cloud, dataCenterId: dataCenter === '*' ? null : dataCenter }
}
