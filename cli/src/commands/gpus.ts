import type { Command } from 'commander'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import type { Runner } from '../runner.ts'
import { table } from '../text/table.ts'
import { type Context, printJson } from '../world.ts'

export function addGpus(program: Command, run: Runner): void {
  program
    .command('gpus')
    .summary('the GPU models there are, with their figures')
    .argument('[name]', 'only those with this in their name')
    .action((name: string | undefined) => run((context) => gpus(name, context)))
}

export async function gpus(name: string | undefined, context: Context): Promise<ExitCode> {
  const { client, json, out, err } = context
  const { data } = await client.listGpuModels()
  const wanted = plain(name ?? '')
  const found = Object.entries(data).filter(([, model]) =>
    plain(`${model.canonical_name} ${model.family}`).includes(wanted),
  )
  if (json) {
    printJson(Object.fromEntries(found), context)
    return exitCodes.ok
  }
  if (found.length === 0) {
    err(`No GPU is known whose name has ${name} in it; \`gpufleet gpus\` lists all.`)
    return exitCodes.notFound
  }
  const lines = table(
    [
      { head: 'GPU' },
      { head: 'VRAM', align: 'right' },
      { head: 'FAMILY' },
      { head: 'ARCHITECTURE' },
      { head: 'KIND' },
      { head: 'FP16 TFLOPS', align: 'right' },
      { head: 'GB/S', align: 'right' },
      { head: 'SCORE', align: 'right' },
    ],
    found.map(([, model]) => [
      model.canonical_name,
      `${model.memory_gb} GB`,
      model.family,
      model.architecture,
      model.category,
      numberOrDash(model.fp16_tflops),
      numberOrDash(model.memory_bandwidth_gbps),
      numberOrDash(model.performance_score),
    ]),
    context,
  )
  for (const line of lines) out(line)
  return exitCodes.ok
}

/** `rtx4090` finds RTX 4090. */
function plain(text: string): string {
  return text.toLowerCase().replace(/[\s_-]/g, '')
}

function numberOrDash(value: number | null): string {
  return value === null ? '-' : String(Math.round(value))
}
