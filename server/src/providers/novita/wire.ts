/**
 * What Novita's v1 sends: their names, their units. Numbers may be texts anywhere (novita.md 7.1), enum words may be new or
 * empty, unknown fields are left out. What we cannot do without has to be there.
 *
 * `z.object` drops what is not named here. That is meant: answers carry SSH and terminal passwords and log addresses.
 */
import { z } from 'zod'

/** A number, or a text that holds one. */
const numeric = z.union([z.number(), z.string().regex(/^\s*-?\d+(\.\d+)?\s*$/)]).transform(Number)

/** As `numeric`, and absent, null or empty is null. */
const maybeNumeric = z
  .union([numeric, z.literal('')])
  .nullish()
  .transform((value) => (value === '' || value === undefined ? null : value))

/** An amount as digits, never as a float: money is made from the text. */
const digits = z
  .union([z.number(), z.string().regex(/^\s*-?\d+(\.\d+)?\s*$/)])
  .transform((value) => String(value).trim())

const maybeDigits = z
  .union([digits, z.literal('')])
  .nullish()
  .transform((value) => (value === '' || value === undefined ? null : value))

const maybeText = z
  .string()
  .nullish()
  .transform((text) => text ?? '')

const id = z
  .union([z.string(), z.number()])
  .transform((value) => String(value))
  .pipe(z.string().min(1))

/** Rows are read one by one: an unreadable offer must not hide the others. */
export const NovitaRows = z.looseObject({ data: z.array(z.unknown()) })

export const NovitaCluster = z.object({
  id,
  /** `US-CA-06 (California)` */
  name: maybeText,
})
export type NovitaCluster = z.infer<typeof NovitaCluster>

export const NovitaProduct = z.object({
  id,
  /** `RTX 4090 24GB` */
  name: z.string().min(1),
  /** Cores, GB and GB; per GPU. */
  cpuPerGpu: maybeNumeric,
  memoryPerGpu: maybeNumeric,
  diskPerGpu: maybeNumeric,
  availableDeploy: z.boolean(),
  /** `none`, `low`, `normal`, `high` */
  inventoryState: maybeText,
  /** GB, for the create call. */
  minRootFS: maybeNumeric,
  maxRootFS: maybeNumeric,
  /** 1/100000 dollar per GPU and hour, as digits. */
  price: maybeDigits,
  spotPrice: maybeDigits,
  monthlyPrice: z
    .array(z.object({ price: maybeDigits, month: maybeNumeric }))
    .nullish()
    .transform((prices) => prices ?? []),
  /** `onDemand`, `monthly`, `spot` */
  billingMethods: z.array(z.string()),
  /** Display names such as `US-CA-06 (California)`; bare codes before October 2025. */
  regions: z
    .array(z.string())
    .nullish()
    .transform((regions) => regions ?? []),
})
export type NovitaProduct = z.infer<typeof NovitaProduct>

export const NovitaPortMapping = z.object({ port: maybeNumeric, endpoint: maybeText, type: maybeText })
export type NovitaPortMapping = z.infer<typeof NovitaPortMapping>

export const NovitaInstance = z.object({
  id,
  name: maybeText,
  status: z.string().min(1),
  clusterId: maybeText,
  clusterName: maybeText,
  productId: maybeText,
  productName: maybeText,
  gpuNum: maybeNumeric,
  /** GB. Needed for the disk's price. */
  rootfsSize: numeric,
  /** `onDemand`, `monthly`, `spot`; empty has been seen. */
  billingMode: maybeText,
  spotStatus: maybeText,
  /** Unix seconds; 0, empty and absent mean never. */
  spotReclaimTime: maybeNumeric,
  createdAt: maybeNumeric,
  lastStartedAt: maybeNumeric,
  lastStoppedAt: maybeNumeric,
  statusError: z
    .object({ state: maybeText, message: maybeText })
    .nullish()
    .transform((error) => error ?? { state: '', message: '' }),
  portMappings: z
    .array(NovitaPortMapping)
    .nullish()
    .transform((mappings) => mappings ?? []),
  envs: z
    .array(z.object({ key: maybeText, value: maybeText }))
    .nullish()
    .transform((envs) => envs ?? []),
  /** Network volumes bill by themselves; local ones are part of the instance and have no id. */
  volumeMounts: z
    .array(z.object({ type: maybeText, id: maybeText }))
    .nullish()
    .catch(null)
    .transform((mounts) => mounts ?? []),
  /** Only in the answer for one instance. The password is left where it is. */
  connectComponentSSH: z.object({ sshCommand: maybeText, command: maybeText }).nullish(),
  /** On older pages. */
  sshCommand: maybeText,
})
export type NovitaInstance = z.infer<typeof NovitaInstance>

/** Strict as a whole: a machine that is left out would look as if it were gone. */
export const NovitaInstancePage = z.object({ instances: z.array(NovitaInstance), total: numeric })
export type NovitaInstancePage = z.infer<typeof NovitaInstancePage>

export const NovitaCreated = z.looseObject({ id })

/** 1/10000 dollar, unlike prices. */
/** @source novita.md 4, "v1 template": the answer is wrapped, the id has a capital letter */
export const NovitaTemplate = z.object({
  Id: id,
  name: maybeText,
  image: z.string().min(1),
  /** The id of a registry login. */
  imageAuth: maybeText,
  startCommand: maybeText,
  rootfsSize: maybeNumeric,
  ports: z.array(z.object({ type: z.string(), ports: z.array(numeric) })).nullish(),
  envs: z.array(z.object({ key: z.string(), value: z.string() })).nullish(),
})
export type NovitaTemplate = z.infer<typeof NovitaTemplate>

export const NovitaTemplateAnswer = z.looseObject({ template: NovitaTemplate })

export const NovitaRegistryAuth = z.object({ id, username: maybeText, password: maybeText })
export type NovitaRegistryAuth = z.infer<typeof NovitaRegistryAuth>

export const NovitaRegistryAuths = z.looseObject({ data: z.array(NovitaRegistryAuth) })

export const NovitaBalance = z.looseObject({ availableBalance: digits })

export const NovitaStorage = z.object({
  storageId: id,
  storageName: maybeText,
  /** GB. */
  storageSize: maybeNumeric,
  clusterId: maybeText,
  clusterName: maybeText,
})
export type NovitaStorage = z.infer<typeof NovitaStorage>

/** Strict as a whole: storage that is left out would bill unseen. */
export const NovitaStoragePage = z.object({ data: z.array(NovitaStorage), total: numeric })
export type NovitaStoragePage = z.infer<typeof NovitaStoragePage>

export const NovitaBill = z.object({
  /** The instance. */
  ownerID: maybeText,
  /** Unix seconds. */
  startTime: maybeNumeric,
  endTime: maybeNumeric,
  billingMethod: maybeText,
  category: maybeText,
  productId: maybeText,
  productName: maybeText,
  /** Cards × time. */
  billNum0: maybeDigits,
  basePrice0: maybeDigits,
  discountPrice0: maybeDigits,
  amount: digits,
  voucherAmount: maybeDigits,
  payAmount: maybeDigits,
  /** What amounts are divided by. */
  pricePrecision: maybeDigits,
})
export type NovitaBill = z.infer<typeof NovitaBill>

/** Strict as a whole: a bill that is left out would make the sum too small. */
export const NovitaBills = z.looseObject({ bills: z.array(NovitaBill) })
