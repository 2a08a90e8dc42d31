/**
 * How a vLLM server is set up, in the words of contract 000. The same words are its environment on the machine, in capitals.
 */

export type VllmField = keyof typeof vllmFields
export type VllmValue = string | number | boolean
/** What is left out is as `defaultVllm` has it, or up to vLLM. */
export type VllmConfig = Readonly<Partial<Record<VllmField, VllmValue>>>

type Rule =
  | { kind: 'text'; pattern: RegExp; takes: string; default?: string }
  | { kind: 'one_of'; values: readonly string[]; default?: string }
  | { kind: 'whole' | 'number'; least: number; most: number; default?: number }
  | { kind: 'flag'; default?: boolean }

const port = (usual: number): Rule => ({ kind: 'whole', least: 1024, most: 65_535, default: usual })

export const vllmFields = {
  vllm_model_name: {
    kind: 'text',
    pattern: /^[A-Za-z0-9_./:@-]{1,200}$/,
    takes: 'a model as Hugging Face names it, such as Qwen/Qwen3-1.7B',
    default: 'Qwen/Qwen3-1.7B',
  },
  vllm_max_model_len: { kind: 'whole', least: 512, most: 1_048_576, default: 4_096 },
  vllm_host_ip: { kind: 'text', pattern: /^[0-9A-Fa-f.:]{2,45}$/, takes: 'an IP address', default: '0.0.0.0' },
  vllm_port: port(12_434),
  vllm_controller_port: port(12_435),
  vllm_gpu_memory_utilization: { kind: 'number', least: 0.1, most: 1, default: 0.9 },
  vllm_pipeline_parallel_size: { kind: 'whole', least: 1, most: 64, default: 1 },
  vllm_tensor_parallel_size: { kind: 'whole', least: 1, most: 64, default: 1 },
  vllm_dtype: {
    kind: 'one_of',
    values: ['auto', 'half', 'float16', 'bfloat16', 'float', 'float32'],
    default: 'auto',
  },
  vllm_tool_call_parser: { kind: 'one_of', values: ['hermes', 'mistral', 'none'] },
  vllm_trust_remote_code: { kind: 'flag', default: true },
  vllm_enforce_eager: { kind: 'flag', default: false },
  vllm_max_num_seqs: { kind: 'whole', least: 1, most: 65_536 },
  vllm_block_size: { kind: 'whole', least: 1, most: 256, default: 16 },
  vllm_swap_space: { kind: 'number', least: 0, most: 4_096, default: 4 },
  vllm_disable_log_stats: { kind: 'flag', default: false },
} as const satisfies Record<string, Rule>

const names = Object.keys(vllmFields) as VllmField[]

/** Every field that has a default, with it. */
export const defaultVllm: VllmConfig = Object.fromEntries(
  names.flatMap((name) => {
    const rule: Rule = vllmFields[name]
    return rule.default === undefined ? [] : [[name, rule.default]]
  }),
)

/** Later clients of contract 000 say it so. */
const otherNames: Readonly<Record<string, VllmField>> = { vllm_serve_model_name: 'vllm_model_name' }

export function isVllmField(name: string): boolean {
  return nameOf(name) !== undefined
}

/** What is wrong, by field. Fields that are none of vLLM's are somebody else's to judge; null states nothing. */
export function validateVllm(config: Readonly<Record<string, unknown>>): { field: string; problem: string }[] {
  const mistakes = stated(config).flatMap(([given, name, value]) => {
    const problem = problemOf(vllmFields[name], value)
    return problem === undefined ? [] : [{ field: given, problem }]
  })
  const model = config.vllm_model_name ?? undefined
  const served = config.vllm_serve_model_name ?? undefined
  return model !== undefined && served !== undefined && model !== served
    ? [
        ...mistakes,
        { field: 'vllm_serve_model_name', problem: 'differs from vllm_model_name; they are the same thing' },
      ]
    : mistakes
}

/** The vLLM part of something that `validateVllm` finds nothing wrong with. */
export function vllmFrom(config: Readonly<Record<string, unknown>>): VllmConfig {
  return Object.fromEntries(stated(config).map(([, name, value]) => [name, value as VllmValue]))
}

/** `VLLM_MODEL_NAME` and so on, defaults included. */
export function vllmEnvironment(config: VllmConfig): Record<string, string> {
  const whole: VllmConfig = { ...defaultVllm, ...config }
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = whole[name]
      return value === undefined ? [] : [[name.toUpperCase(), String(value)]]
    }),
  )
}

/**
 * The disk of a vLLM server where nobody says otherwise: the weights of a model of 32 billion parameters at two bytes each,
 * and some room; our figure. Contract 000 searches with it too, so that the price that is shown is the price that is rented.
 */
export const vllmDiskGb = 100

export function vllmPort(config: VllmConfig): number {
  return Number(config.vllm_port ?? defaultVllm.vllm_port)
}

/**
 * Starts vLLM as its environment says; what it prints is in the machine's log and in a file.
 *
 * vLLM itself reads VLLM_PORT and VLLM_HOST_IP for the talk between its own processes, so they do not get to it.
 *
 * @source docs.vllm.ai/en/latest/configuration/env_vars.html: "VLLM_PORT and VLLM_HOST_IP set the port and ip for vLLM's
 *         internal usage. It is not the port and ip for the API server." VLLM_SWAP_SPACE is for images with a script of
 *         their own: since 0.18 vLLM refuses --swap-space (vllm-project/vllm#36216, 2026-03).
 */
export const vllmStartScript = `#!/bin/bash
set -- --host "$VLLM_HOST_IP" --port "$VLLM_PORT" --max-model-len "$VLLM_MAX_MODEL_LEN" \\
  --gpu-memory-utilization "$VLLM_GPU_MEMORY_UTILIZATION" --dtype "$VLLM_DTYPE" \\
  --pipeline-parallel-size "$VLLM_PIPELINE_PARALLEL_SIZE" --tensor-parallel-size "$VLLM_TENSOR_PARALLEL_SIZE"
[ "$VLLM_BLOCK_SIZE" = 16 ] || set -- "$@" --block-size "$VLLM_BLOCK_SIZE"
[ "$VLLM_TRUST_REMOTE_CODE" = true ] && set -- "$@" --trust-remote-code
[ "$VLLM_ENFORCE_EAGER" = true ] && set -- "$@" --enforce-eager
[ "$VLLM_DISABLE_LOG_STATS" = true ] && set -- "$@" --disable-log-stats
[ -n "$VLLM_MAX_NUM_SEQS" ] && set -- "$@" --max-num-seqs "$VLLM_MAX_NUM_SEQS"
case "$VLLM_TOOL_CALL_PARSER" in
  '' | none) ;;
  *) set -- "$@" --enable-auto-tool-choice --tool-call-parser "$VLLM_TOOL_CALL_PARSER" ;;
esac
env -u VLLM_PORT -u VLLM_HOST_IP vllm serve "$VLLM_MODEL_NAME" "$@" 2>&1 | tee -a /tmp/vllm.log
`

function stated(config: Readonly<Record<string, unknown>>): [given: string, name: VllmField, value: unknown][] {
  return Object.entries(config).flatMap(([given, value]): [string, VllmField, unknown][] => {
    const name = nameOf(given)
    return value === null || value === undefined || name === undefined ? [] : [[given, name, value]]
  })
}

function nameOf(given: string): VllmField | undefined {
  if (Object.hasOwn(vllmFields, given)) return given as VllmField
  return Object.hasOwn(otherNames, given) ? otherNames[given] : undefined
}

function problemOf(rule: Rule, value: unknown): string | undefined {
  switch (rule.kind) {
    case 'text':
      return typeof value === 'string' && rule.pattern.test(value) ? undefined : `takes ${rule.takes}`
    case 'one_of':
      return rule.values.includes(value as string) ? undefined : `takes one of ${rule.values.join(', ')}`
    case 'flag':
      return typeof value === 'boolean' ? undefined : 'takes true or false'
    case 'whole':
    case 'number': {
      const isOne = typeof value === 'number' && (rule.kind === 'number' || Number.isInteger(value))
      if (isOne && value >= rule.least && value <= rule.most) return undefined
      return `takes a ${rule.kind === 'whole' ? 'whole number' : 'number'} from ${rule.least} to ${rule.most}`
    }
  }
}
