import { z } from 'zod'

/**
 * What Lambda sends: its names, its units.
 *
 * What a row is useless without is required. What only informs is `informative`: absent, null or of an unexpected type all
 * read as null. Instances and keys are read by the keys we use and the others are dropped, so that `jupyter_token`,
 * `jupyter_url` and `private_key` do not travel past this file.
 *
 * @source providers/lambda.md 2.1, 2.3, 2.4, 2.9, 3 and specs/lambda.openapi.json 1.10.0 (compiled 2026-11-21)
 */
const informative = <T extends z.ZodType>(schema: T) => schema.nullish().catch(null)

const text = z.string().min(1)
/** US cents per hour for the whole machine. Whole numbers so far; a fraction would not change how we read them. */
const cents = z.number().nonnegative()

/** The success envelope. Lists are checked per element by whoever reads them. */
export const LambdaInstanceTypes = z.object({ data: z.record(z.string(), z.unknown()) })

export const LambdaRegion = z.looseObject({ name: text, description: informative(z.string()) })
export type LambdaRegion = z.infer<typeof LambdaRegion>

export const LambdaInstanceTypeEntry = z.looseObject({
  instance_type: z.looseObject({
    description: z.string(),
    /** `H100 (80 GB SXM5)` */
    gpu_description: z.string(),
    price_cents_per_hour: cents.positive(),
    specs: z.looseObject({
      vcpus: z.int().nonnegative(),
      memory_gib: z.number().nonnegative(),
      storage_gib: z.number().nonnegative(),
      /** 0 for CPU types. */
      gpus: z.int().nonnegative(),
    }),
    /** `x86_64` or `arm64`; only in newer revisions of the document. */
    architecture: informative(z.string()),
  }),
  /** May be empty: it exists and cannot be rented now. */
  regions_with_capacity_available: z.array(z.unknown()),
})
export type LambdaInstanceTypeEntry = z.infer<typeof LambdaInstanceTypeEntry>

export const LambdaInstance = z.object({
  id: text,
  /** `booting`, `active`, `unhealthy`, `terminating`, `terminated`, `preempted`, and words we have not met. */
  status: text,
  name: informative(z.string()),
  /** Absent while booting. */
  ip: informative(text),
  region: z.object({ name: text }),
  instance_type: z.object({
    name: text,
    price_cents_per_hour: cents,
    specs: z.object({ gpus: z.int().nonnegative() }),
  }),
  tags: informative(z.array(z.object({ key: z.string(), value: z.string() }))),
  file_system_names: informative(z.array(z.string())),
})
export type LambdaInstance = z.infer<typeof LambdaInstance>

/** One unreadable row makes the list unreadable: a shorter fleet would look like a lost machine. */
export const LambdaInstances = z.object({ data: z.array(LambdaInstance) })
export const LambdaSingleInstance = z.object({ data: LambdaInstance })

export const LambdaFileSystem = z.object({
  id: text,
  name: text,
  region: z.object({ name: text }),
  is_in_use: informative(z.boolean()),
  /** ISO 8601. */
  created: informative(z.string()),
  bytes_used: informative(z.number().nonnegative()),
})
export type LambdaFileSystem = z.infer<typeof LambdaFileSystem>

/** Strict as a whole: a file system that is left out would bill unseen. */
export const LambdaFileSystems = z.object({ data: z.array(LambdaFileSystem) })
export const LambdaFileSystemsDeleted = z.object({ data: z.object({ deleted_ids: z.array(z.string()) }) })

export const LambdaLaunched = z.object({ data: z.object({ instance_ids: z.array(text).min(1) }) })

export const LambdaSshKey = z.object({ id: text, name: text, public_key: text })
export type LambdaSshKey = z.infer<typeof LambdaSshKey>
export const LambdaSshKeys = z.object({ data: z.array(LambdaSshKey) })
export const LambdaSshKeyAdded = z.object({ data: LambdaSshKey })

/** Of a restart or a termination only the envelope matters: the next look tells what became of it. */
export const LambdaAccepted = z.object({ data: z.looseObject({}) })
