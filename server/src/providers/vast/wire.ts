import { z } from 'zod'

/**
 * What Vast sends: its names, its units.
 *
 * Facts that a row is useless without are required. Facts that only inform are `informative`: null, absent or of a type we
 * do not expect all read as null, because hosts report them themselves and the recordings hold every kind of gap.
 *
 * Schemas of answers that carry secrets (`instance_api_key`, `api_key`, `jupyter_token`, `extra_env`) name the keys we use
 * and drop the others, so that nothing secret travels past this file.
 *
 * @source providers/vast.md 2.1, 2.3, 2.4, 4.1 to 4.4 (compiled 2026-11-21), recordings of 2026-07-02 .. 2026-08-08
 */
const informative = <T extends z.ZodType>(schema: T) => schema.nullish().catch(null)

const id = z.union([z.int().positive(), z.string().regex(/^[1-9]\d{0,15}$/)]).transform((value) => String(value))

const number = z.union([
  z.number(),
  z
    .string()
    .trim()
    .regex(/^-?\d+(\.\d+)?$/)
    .transform(Number),
])

/** Dollars; kept as it came, so that no float stands between the wire and `nanosFromUsd`. */
const usd = z.union([
  z.number().nonnegative(),
  z
    .string()
    .trim()
    .regex(/^\d+(\.\d+)?$/),
])
/** The account's balance may be below zero. */
const signedUsd = z.union([
  z.number(),
  z
    .string()
    .trim()
    .regex(/^-?\d+(\.\d+)?$/),
])

export const VastOffer = z.looseObject({
  id,
  machine_id: id,
  gpu_name: z.string().trim().min(1),
  num_gpus: z.int().positive(),
  /** MB per GPU. */
  gpu_ram: number.refine((mb) => mb > 0, 'not positive'),
  /** Dollars per hour for the whole offer without disk. */
  dph_base: usd.refine((price) => Number(price) > 0, 'not positive'),
  min_bid: informative(usd),
  /** Dollars per GB and month of 720 hours. */
  storage_cost: usd,
  dph_total: informative(usd),
  is_bid: informative(z.boolean()),
  host_id: informative(z.int()),
  hosting_type: informative(z.int()),
  bundle_id: informative(z.int()),
  gpu_frac: informative(number),
  compute_cap: informative(number),
  cuda_max_good: informative(number),
  driver_version: informative(z.string()),
  dlperf: informative(number),
  total_flops: informative(number),
  score: informative(number),
  cpu_name: informative(z.string()),
  /** Of the whole machine; null or 0 on hosts that report nothing (gpuhunt#84). */
  cpu_cores: informative(number),
  /** The share of this offer. */
  cpu_cores_effective: informative(number),
  /** MB of the whole machine. */
  cpu_ram: informative(number),
  /** GB: how contract 004 names the same; read where `cpu_ram` is missing. */
  ram_amount: informative(number),
  /** GB. */
  disk_space: informative(number),
  disk_name: informative(z.string()),
  disk_bw: informative(number),
  /** Mb/s. */
  inet_up: informative(number),
  inet_down: informative(number),
  /** Dollars per GB. */
  inet_up_cost: informative(usd),
  inet_down_cost: informative(usd),
  public_ipaddr: informative(z.string()),
  static_ip: informative(z.boolean()),
  direct_port_count: informative(z.int()),
  /** `Quebec, CA`, `Czechia, CZ`, `, US` or null. */
  geolocation: informative(z.string()),
  reliability: informative(number),
  reliability2: informative(number),
  verification: informative(z.string()),
  rentable: informative(z.boolean()),
  rented: informative(z.boolean()),
  /** Contract 004's names for `rentable` and `verification`; read beside them. */
  available: informative(z.boolean()),
  verified: informative(z.boolean()),
  external: informative(z.boolean()),
  /** Seconds left. */
  duration: informative(number),
  /** Epoch seconds with decimals. */
  end_date: informative(number),
})
export type VastOffer = z.infer<typeof VastOffer>

/** Rows are read one by one, so that one odd host does not hide the others. */
export const VastSearchAnswer = z.looseObject({
  offers: z.array(z.unknown()),
  truncated: informative(z.boolean()),
})

/**
 * The schemas of Vast call every key of an instance optional; without these six we cannot tell what it does, and guessing
 * about a machine that bills is worse than an error.
 */
export const VastInstance = z.object({
  id,
  machine_id: id,
  actual_status: z.string().nullable(),
  intended_status: z.string().nullable(),
  cur_state: z.string().nullable(),
  next_state: z.string().nullable(),
  status_msg: informative(z.string()),
  label: informative(z.string()),
  is_bid: informative(z.boolean()),
  gpu_name: informative(z.string()),
  num_gpus: informative(z.int().positive()),
  geolocation: informative(z.string()),
  dph_base: informative(usd),
  dph_total: informative(usd),
  min_bid: informative(usd),
  storage_cost: informative(usd),
  storage_total_cost: informative(usd),
  disk_space: informative(number),
  /** Epoch seconds with decimals: the start of the contract. */
  start_date: informative(number),
  image_runtype: informative(z.string()),
  /** Can carry a line break at its end. */
  public_ipaddr: informative(z.string()),
  ssh_host: informative(z.string()),
  ssh_port: informative(number),
  /** `{"8000/tcp": [{"HostIp": "0.0.0.0", "HostPort": "40219"}]}`; anything else means that there are none yet. */
  ports: informative(
    z.record(z.string(), informative(z.array(z.object({ HostPort: informative(z.union([z.string(), z.number()])) })))),
  ),
  gpu_util: informative(number),
})
export type VastInstance = z.infer<typeof VastInstance>

export const VastInstancePage = z.object({
  instances: z.array(VastInstance),
  instances_found: informative(z.int()),
  total_instances: informative(z.int()),
  next_token: z.string().nullish(),
})
export type VastInstancePage = z.infer<typeof VastInstancePage>

/** A plural key with a single object; null is a destroyed instance, or one of somebody else. */
export const VastSingleInstance = z.object({ instances: VastInstance.nullable() })

/** The answer also holds `instance_api_key`, which nobody here needs. */
export const VastCreated = z.object({ success: informative(z.boolean()), new_contract: id })

export const VastAccount = z.object({ balance: informative(signedUsd), credit: informative(signedUsd) })

/**
 * Storage that is rented apart from instances. The official client reads `label` as its name; of `instances` the document
 * says no more than that they are objects.
 */
export const VastVolume = z.object({
  id,
  label: informative(z.string()),
  /** GB. */
  disk_space: informative(number),
  /** Dollars per hour for the whole volume. */
  storage_total_cost: informative(usd),
  /** Epoch seconds with decimals. */
  start_date: informative(number),
  geolocation: informative(z.string()),
  instances: informative(z.array(z.union([id, z.object({ id }).transform((instance) => instance.id)]))),
})
export type VastVolume = z.infer<typeof VastVolume>

/** Strict as a whole: a volume that is left out would bill unseen. */
export const VastVolumes = z.object({ volumes: z.array(VastVolume) })

/** Epoch seconds; dollars, rounded to three decimals. */
const VastChargeItem = z.object({ start: number, end: number, type: z.string(), amount: signedUsd })

export const VastCharge = z.object({
  start: number,
  end: number,
  type: z.string(),
  /** `instance-27453221`, `volume-20118481` */
  source: informative(z.string()),
  amount: signedUsd,
  metadata: informative(z.object({ label: informative(z.string()) })),
  items: informative(z.array(VastChargeItem)),
})
export type VastCharge = z.infer<typeof VastCharge>

/** Strict as a whole: a row that is left out would make the sum too small. */
export const VastChargePage = z.object({
  results: z.array(VastCharge),
  count: informative(z.int()),
  total: informative(z.int()),
  next_token: z.string().nullish(),
})
export type VastChargePage = z.infer<typeof VastChargePage>

export const VastLogsRequested = z.object({ result_url: z.url() })

const sshKey = z
  .object({ id, key: informative(z.string()), public_key: informative(z.string()), deleted_at: z.unknown().optional() })
  .refine((row) => row.key || row.public_key, 'neither key nor public_key')
  .transform((row) => ({ id: row.id, publicKey: row.key || row.public_key || '', deleted: Boolean(row.deleted_at) }))

/** Most callers see an array, some an object around it. The list says `key`, the answer to a create `public_key`. */
export const VastSshKeys = z.union([
  z.array(sshKey),
  z.object({ ssh_keys: z.array(sshKey) }).transform((o) => o.ssh_keys),
])
export const VastSshKeyCreated = z.object({ key: sshKey })
