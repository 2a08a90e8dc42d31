import { z } from 'zod'

/**
 * What Paperspace sends: its names, its units. Keys that we need must be there, though some may be null; all others may
 * come and go. Words of closed sets are read as plain text, so that a new one is not an error.
 *
 * @source providers/paperspace.md 2 to 4 and specs/paperspace.openapi.json (version "1")
 */
const informative = <T extends z.ZodType>(schema: T) => schema.nullish().catch(null)

const id = z.string().min(1)

/** ISO 8601 with milliseconds, as milliseconds since 1970. */
const instant = z
  .string()
  .transform((text) => Date.parse(text))
  .refine((ms) => Number.isFinite(ms), 'not a date')

/** Kept as it came, so that no float stands between the wire and `nanosFromUsd`. */
const usd = z.union([
  z.number().nonnegative(),
  z
    .string()
    .trim()
    .regex(/^\d+(\.\d+)?$/),
])

/** int64: some encoders write it as text. */
const count = z.union([z.number(), z.string().regex(/^\d+$/).transform(Number)])

export const PaperspaceMachine = z.looseObject({
  id,
  name: z.string(),
  state: z.string(),
  machineType: z.string(),
  region: z.string().nullable(),
  publicIp: z.string().nullable(),
  publicIpType: informative(z.string()),
  /** Dollars per hour for GPUs, CPUs and memory. */
  usageRate: usd.nullable(),
  /** Bytes. */
  storageTotal: count.nullable(),
  accelerators: informative(z.array(z.looseObject({ name: z.string(), count: informative(z.number()) }))),
  dtCreated: instant,
  dtModified: informative(z.string()),
  dtDeleted: instant.nullish(),
})
export type PaperspaceMachine = z.infer<typeof PaperspaceMachine>

export const PaperspaceEvent = z.looseObject({
  id,
  name: z.string(),
  /** `new`, `in progress`, `done`, `error`, `cancelled`. */
  state: z.string(),
  machineId: z.string().nullish(),
  dtCreated: instant,
  dtStarted: instant.nullish(),
  dtFinished: instant.nullish(),
  error: z.string().nullish(),
})
export type PaperspaceEvent = z.infer<typeof PaperspaceEvent>

/** The answer to a create: of the machine only what tells that it exists, and at which rate. */
export const PaperspaceCreated = z.looseObject({
  event: informative(PaperspaceEvent),
  data: z.looseObject({ id, usageRate: informative(usd) }),
})

/** The answer to start, stop, restart and delete. What counts is the next look, so only trouble is read. */
export const PaperspaceChanged = z.looseObject({ event: informative(PaperspaceEvent) })

/** `nextPage` is documented as null, and missing, on the last page. */
function page<T extends z.ZodType>(item: T) {
  return z.looseObject({ hasMore: z.boolean(), nextPage: z.string().nullish(), items: z.array(item) })
}

export const PaperspaceMachinePage = page(PaperspaceMachine)
export const PaperspaceEventPage = page(PaperspaceEvent)

/** Templates are read one by one, so that one odd row does not hide the others. */
export const PaperspaceTemplatePage = page(z.unknown())
export const PaperspaceTemplate = z.looseObject({
  id,
  name: z.string(),
  agentType: informative(z.string()),
  operatingSystemLabel: informative(z.string()),
  defaultSizeGb: informative(count),
  availableMachineTypes: z.array(z.looseObject({ machineTypeLabel: z.string(), isAvailable: z.boolean() })),
})
export type PaperspaceTemplate = z.infer<typeof PaperspaceTemplate>

/** The text of a script is never sent back, and would be dropped here if it were. */
export const PaperspaceScript = z.object({
  id,
  name: z.string(),
  assignedMachineIds: z.array(z.string()).nullish(),
  dtCreated: instant,
  dtDeleted: z.string().nullish(),
})
export type PaperspaceScript = z.infer<typeof PaperspaceScript>
export const PaperspaceScriptPage = page(PaperspaceScript)
export const PaperspaceScriptCreated = z.object({ id })

export const PaperspacePublicIp = z.looseObject({
  ip: z.string().min(1),
  assignedMachineId: z.string().nullish(),
  region: informative(z.string()),
  dtCreated: informative(instant),
})
export type PaperspacePublicIp = z.infer<typeof PaperspacePublicIp>
export const PaperspacePublicIpPage = page(PaperspacePublicIp)

/** Login and password of the share are dropped. */
export const PaperspaceSharedDrive = z.object({
  id,
  name: informative(z.string()),
  /** Bytes. */
  size: informative(count),
  region: informative(z.string()),
  dtCreated: informative(instant),
  dtDeleted: z.string().nullish(),
})
export type PaperspaceSharedDrive = z.infer<typeof PaperspaceSharedDrive>
export const PaperspaceSharedDrivePage = page(PaperspaceSharedDrive)

export const PaperspaceSnapshot = z.object({ id, name: informative(z.string()), machineId: informative(z.string()) })
export type PaperspaceSnapshot = z.infer<typeof PaperspaceSnapshot>
export const PaperspaceSnapshotPage = page(PaperspaceSnapshot)

/** A template that a customer made of a machine's disk. */
export const PaperspaceCustomTemplate = z.object({
  id,
  name: informative(z.string()),
  region: informative(z.string()),
  /** GB. */
  defaultSizeGb: informative(count),
  dtCreated: informative(instant),
  dtDeleted: z.string().nullish(),
})
export type PaperspaceCustomTemplate = z.infer<typeof PaperspaceCustomTemplate>
export const PaperspaceCustomTemplatePage = page(PaperspaceCustomTemplate)

export const PaperspaceAvailability = z.looseObject({ available: z.boolean() })

/** null: the key is bad. Names and addresses of people are dropped. */
export const PaperspaceSession = z.object({ team: informative(z.object({ id })) }).nullable()
