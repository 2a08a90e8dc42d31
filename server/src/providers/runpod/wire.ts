import { z } from 'zod'

/**
 * What RunPod's REST v2 sends: its names, its units.
 *
 * Keys of a pod that are not named here are dropped, `env` above all: it comes back in clear text, with every token in it.
 *
 * @source providers/runpod.md 2.1, 2.2, 2.3, 6 (compiled 2026-11-21); openapi.json of 2026-08-20 with its later patch
 */
const informative = <T extends z.ZodType>(schema: T) => schema.nullish().catch(null)

/** Dollars; kept as it came, so that no float stands between the wire and `nanosFromUsd`. */
const usd = z.union([
  z.number().nonnegative(),
  z
    .string()
    .trim()
    .regex(/^\d+(\.\d+)?$/),
])

/** Where a cloud is not served the price is 0; null would mean the same. */
const listPrice = usd.nullish().transform((price) => price ?? 0)

export const RunpodDataCenter = z.looseObject({ id: z.string().min(1), name: z.string(), availability: z.string() })
export type RunpodDataCenter = z.infer<typeof RunpodDataCenter>

export const RunpodGpuType = z.looseObject({
  id: z.string().min(1),
  name: informative(z.string()),
  pool: informative(z.string()),
  manufacturer: informative(z.string()),
  /** GB per GPU. */
  memory: z.number(),
  secure: z.boolean(),
  community: z.boolean(),
  /** Dollars per hour for a single GPU. */
  price: z.looseObject({ secure: listPrice, community: listPrice }),
  /** GPUs of the largest single machine: a ceiling, not stock. */
  maxCount: z.looseObject({ secure: z.number(), community: z.number() }),
  /** `NONE`, `LOW`, `MEDIUM`, `HIGH`. */
  availability: informative(z.string()),
  /** Left out when there is stock nowhere. Read one by one, so that one odd data centre does not hide the others. */
  dataCenters: z.array(z.unknown()).nullish(),
  /** Left out for AMD. */
  cudaVersions: informative(z.array(z.looseObject({ version: z.string(), available: z.boolean() }))),
})
export type RunpodGpuType = z.infer<typeof RunpodGpuType>

/** Rows are read one by one, so that one odd type does not hide the others. */
export const RunpodGpuTypes = z.looseObject({ gpus: z.array(z.unknown()) })

const rfc3339 = z.string().refine((text) => !Number.isNaN(Date.parse(text)), 'not a time')

const sshEndpoint = z.object({ host: z.string().min(1), port: z.int().positive(), username: z.string().min(1) })

/** Every key inside is optional; `{}` has been seen on a pod that was just made. There is nothing secret in it. */
const runtime = z.looseObject({
  gpus: informative(z.array(z.object({ util: informative(z.number()) }))),
  ports: informative(
    z.array(
      z.object({
        private: z.int(),
        public: informative(z.int()),
        type: z.string(),
        ip: informative(z.string()),
      }),
    ),
  ),
})

/** What a machine that bills is judged by is required: a guess about it is worse than an error. */
export const RunpodPod = z.object({
  id: z.string().min(1),
  name: z.string(),
  /** `PROVISIONING`, `STARTING`, `RUNNING`, `EXITED`, `ERROR`, `TERMINATED`; new words are kept. */
  status: z.string().min(1),
  /** Dollars per hour for the whole pod without its disks. 0 when stopped by the spec, a stale price in practice. */
  cost: usd,
  /** Container disk in GB. */
  disk: z.number().nonnegative(),
  mounts: z.object({
    persistent: z.object({ size: z.number().nonnegative() }).nullish(),
    /** Volumes of the account, which outlive the pod and bill by themselves. */
    network: informative(z.array(z.object({ volumeId: z.string() }))),
  }),
  /** `8888/http`, `22/tcp`. */
  ports: z.array(z.string()),
  /** Missing on CPU pods. */
  gpu: z.object({ id: z.string().min(1), count: z.int().positive() }).nullish(),
  dataCenterId: z.string().nullish(),
  ssh: informative(z.object({ direct: informative(sshEndpoint) })),
  locked: informative(z.boolean()),
  runtime: runtime.nullish(),
  createdAt: rfc3339,
})
export type RunpodPod = z.infer<typeof RunpodPod>

export const RunpodPodPage = z.object({
  pods: z.array(RunpodPod),
  /** Missing on older servers, which send everything at once. */
  pagination: z.object({ nextCursor: z.string().nullable(), hasNextPage: z.boolean() }).nullish(),
})
export type RunpodPodPage = z.infer<typeof RunpodPodPage>

/** The answer to a create: nothing but the id is needed to know that something bills now. */
export const RunpodCreated = z.object({ id: z.string().min(1), cost: informative(usd) })

export const RunpodNetworkVolume = z.object({
  id: z.string().min(1),
  name: informative(z.string()),
  /** GB. */
  size: z.number().nonnegative(),
  dataCenter: informative(z.string()),
  /** `STANDARD`, `HIGH_PERFORMANCE`; new words are kept. */
  type: informative(z.string()),
})
export type RunpodNetworkVolume = z.infer<typeof RunpodNetworkVolume>

/** No pages here. Strict as a whole: a volume that is left out would bill unseen. */
export const RunpodNetworkVolumes = z.object({ networkVolumes: z.array(RunpodNetworkVolume) })

/** Dollars; a correction may be below zero. */
const signedUsd = z.union([
  z.number(),
  z
    .string()
    .trim()
    .regex(/^-?\d+(\.\d+)?$/),
])

const bucket = { startTime: rfc3339, endTime: rfc3339, totalAmount: signedUsd }

export const RunpodPodCharge = z.object({
  ...bucket,
  podId: z.string().min(1),
  gpuAmount: signedUsd,
  cpuAmount: signedUsd,
  diskAmount: signedUsd,
})
export type RunpodPodCharge = z.infer<typeof RunpodPodCharge>

export const RunpodVolumeCharge = z.object({ ...bucket, networkVolumeId: z.string().min(1) })
export type RunpodVolumeCharge = z.infer<typeof RunpodVolumeCharge>

/** `recordCount` is required by the document, and tells a short answer from a whole one. */
const metadata = z.object({ recordCount: z.int() })

/** Strict as a whole: a record that is left out would make the sum too small. */
export const RunpodPodCharges = z.object({ records: z.array(RunpodPodCharge), metadata })
export const RunpodVolumeCharges = z.object({ records: z.array(RunpodVolumeCharge), metadata })

export const RunpodRegistry = z.object({ id: z.string().min(1), name: z.string() })
export const RunpodRegistries = z.object({ registries: z.array(RunpodRegistry) })
