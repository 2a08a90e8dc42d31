import type { GpuModel, GpuModelChange } from '@gpufleet/sdk/api'
import { type Command, Option } from 'commander'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { wrongUsage } from '../failures.ts'
import { amount, repeated } from '../inputs.ts'
import type { Runner } from '../runner.ts'
import { type Context, printJson } from '../world.ts'

interface SetOptions {
  memory?: number
  family?: string
  vendor?: 'nvidia' | 'amd'
  category?: 'consumer' | 'professional' | 'datacenter'
  architecture?: string
  compute?: number
  bandwidth?: number
  fp32?: number
  fp16?: number
  score?: number
  spelling?: string[]
}

export function addGpuModels(program: Command, run: Runner): void {
  const models = program.command('gpu-models').summary('change the catalogue of GPU models while the server runs')
  models
    .command('set')
    .summary('change a model, or add one; what is left out is as the catalogue has it')
    .argument('<name>', 'as `gpufleet gpus` shows it, or a new one')
    .option('--memory <gb>', 'per GPU; needed for a new model', amount)
    .option('--family <name>', 'a wish for the family means all its variants')
    .addOption(new Option('--vendor <name>', 'who makes it').choices(['nvidia', 'amd']))
    .addOption(new Option('--category <name>', 'its kind').choices(['consumer', 'professional', 'datacenter']))
    .option('--architecture <name>', 'such as Hopper')
    .option('--compute <number>', 'CUDA compute capability, such as 8.9', amount)
    .option('--bandwidth <gb/s>', 'of its memory', amount)
    .option('--fp32 <tflops>', 'vector TFLOPS', amount)
    .option('--fp16 <tflops>', 'dense tensor TFLOPS', amount)
    .option('--score <0-150>', 'performance score', amount)
    .option('--spelling <provider=text>', 'what a provider’s offers call it; can be given again', repeated)
    .action((name: string, options: SetOptions) => run((context) => set(name, options, context)))
  models
    .command('reset')
    .summary('take back what was said of a model')
    .argument('<name>', 'as `gpufleet gpus` shows it')
    .action((name: string) => run((context) => reset(name, context)))
}

export async function set(name: string, options: SetOptions, context: Context): Promise<ExitCode> {
  const { client, json, out } = context
  const { data, message } = await client.setGpuModel(name, changeFrom(options))
  if (json) printJson(data, context)
  else out(`${message}: ${inWords(data)}.`)
  return exitCodes.ok
}

export async function reset(name: string, context: Context): Promise<ExitCode> {
  const { client, json, out } = context
  const { data } = await client.removeGpuModel(name)
  if (json) printJson(data, context)
  else out(data === null ? `${name} is not in the catalogue any more.` : `It is as it was: ${inWords(data)}.`)
  return exitCodes.ok
}

function changeFrom(options: SetOptions): GpuModelChange {
  const { memory, compute, bandwidth, fp32, fp16, score, spelling, ...words } = options
  return {
    ...words,
    ...(memory !== undefined && { memory_gb: memory }),
    ...(compute !== undefined && { compute_capability: compute }),
    ...(bandwidth !== undefined && { memory_bandwidth_gbps: bandwidth }),
    ...(fp32 !== undefined && { fp32_tflops: fp32 }),
    ...(fp16 !== undefined && { fp16_tflops: fp16 }),
    ...(score !== undefined && { performance_score: score }),
    ...(spelling !== undefined && { spellings: spellingsFrom(spelling) }),
  }
}

function spellingsFrom(said: readonly string[]): Record<string, string[]> {
  const spellings: Record<string, string[]> = {}
  for (const text of said) {
    const [, provider, words] = /^([^=]+)=(.+)$/.exec(text) ?? []
    if (provider === undefined || words === undefined) {
      throw wrongUsage(`${text} is no spelling`, 'say it like --spelling "runpod=NVIDIA RTX 9000"')
    }
    spellings[provider] = [...(spellings[provider] ?? []), words]
  }
  return spellings
}

function inWords(model: GpuModel): string {
  const score = model.performance_score === null ? 'no score' : `score ${model.performance_score}`
  return `${model.canonical_name}, ${model.memory_gb} GB, ${model.category}, ${score}`
}
