import { z } from 'zod'

/**
 * What RunPod's GraphQL sends. There is no official schema to check against; the names are those of the docs and of
 * production clients, and of recordings of 2025-06 .. 2026-08.
 *
 * @source providers/runpod.md 3 (compiled 2026-11-21)
 */
const informative = <T extends z.ZodType>(schema: T) => schema.nullish().catch(null)

const usd = z.union([
  z.number().nonnegative(),
  z
    .string()
    .trim()
    .regex(/^\d+(\.\d+)?$/),
])
/** May be below zero. */
const signedUsd = z.union([
  z.number(),
  z
    .string()
    .trim()
    .regex(/^-?\d+(\.\d+)?$/),
])

export const GraphqlGpuType = z.looseObject({
  id: z.string().min(1),
  displayName: informative(z.string()),
  /** GB per GPU. */
  memoryInGb: z.number(),
  manufacturer: informative(z.string()),
  maxGpuCount: informative(z.number()),
  /** Without these two nobody can tell a price from a placeholder. */
  secureCloud: z.boolean(),
  communityCloud: z.boolean(),
  /** Dollars per hour for a single GPU; 0.5 or an old price where the cloud is not served. */
  securePrice: informative(usd),
  communityPrice: informative(usd),
  /** For what the query asked; its price is for all `gpuCount` GPUs (recorded 2026-07-18 with 8). */
  lowestPrice: informative(
    z.looseObject({
      uninterruptablePrice: informative(usd),
      minimumBidPrice: informative(usd),
      stockStatus: informative(z.string()),
    }),
  ),
})
export type GraphqlGpuType = z.infer<typeof GraphqlGpuType>

/** Rows are read one by one. */
export const GraphqlGpuTypes = z.looseObject({ gpuTypes: z.array(z.unknown()) })

/** `env`, which holds secrets, is neither asked for nor kept. */
export const GraphqlPod = z
  .object({
    id: z.string().min(1),
    name: z.string().nullish(),
    /** What is wanted: `RUNNING` long before the container runs. */
    desiredStatus: z.string().min(1),
    /** Free text: `Rented by User: Fri Aug 21 …`. */
    lastStatusChange: informative(z.string()),
    costPerHr: usd,
    gpuCount: z.int().nonnegative().nullish(),
    /** `RESERVED`, `INTERRUPTABLE`. */
    podType: informative(z.string()),
    containerDiskInGb: z.number().nonnegative().nullish(),
    volumeInGb: z.number().nonnegative().nullish(),
    /** `8888/http,22/tcp`. */
    ports: informative(z.string()),
    machine: informative(
      z.object({
        gpuDisplayName: informative(z.string()),
        dataCenterId: informative(z.string()),
        // Contract 004 has these here. The first two fill in for the pod's own, the others have no use above.
        gpuCount: informative(z.int().nonnegative()),
        diskInGb: informative(z.number().nonnegative()),
        memoryInGb: informative(z.number()),
        podHostId: informative(z.string()),
      }),
    ),
    runtime: z
      .object({
        ports: informative(
          z.array(
            z.object({
              ip: informative(z.string()),
              isIpPublic: informative(z.boolean()),
              privatePort: z.int(),
              publicPort: informative(z.int()),
              type: z.string(),
            }),
          ),
        ),
      })
      .nullish(),
  })
  .refine(({ gpuCount, machine }) => (gpuCount ?? machine?.gpuCount) != null, { path: ['gpuCount'], error: 'missing' })
export type GraphqlPod = z.infer<typeof GraphqlPod>

export const GraphqlPods = z.object({ myself: z.object({ pods: z.array(GraphqlPod) }) })
export const GraphqlOnePod = z.object({ pod: GraphqlPod.nullable() })
export const GraphqlDeployed = z.object({
  podFindAndDeployOnDemand: z.object({ id: z.string().min(1), costPerHr: informative(usd) }),
})
export const GraphqlBalance = z.object({ myself: z.object({ clientBalance: signedUsd }) })
