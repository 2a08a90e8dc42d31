import type { Operations, Template } from '@gpufleet/sdk/api'
import type { Command } from 'commander'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { wrongUsage } from '../failures.ts'
import { amount, dollars, listedValues, type Port, port, repeated } from '../inputs.ts'
import type { Runner } from '../runner.ts'
import { perHour } from '../text/money.ts'
import { table } from '../text/table.ts'
import { type Context, printJson } from '../world.ts'

type Change = NonNullable<Operations['changeTemplate']['body']>

interface ChangeOptions {
  description?: string
  image?: string
  disk?: number
  gpu?: string[]
  minVram?: number
  maxPrice?: string
  port?: Port[]
  env?: string[]
  model?: string
  vllm?: string[]
}

export function addTemplates(program: Command, run: Runner): void {
  const templates = program.command('templates').summary('launches by name: what a launch leaves out comes from them')
  templates
    .command('list', { isDefault: true })
    .summary('all of them')
    .action(() => run((context) => list(context)))
  templates
    .command('show')
    .summary('one of them')
    .argument('<name>')
    .option('--versions', 'everything that it ever was, newest first')
    .action((name: string, { versions }: { versions?: boolean }) =>
      run((context) => (versions === true ? showVersions(name, context) : show(name, context))),
    )
  withFields(templates.command('create').summary('make one of your own'))
    .argument('<name>', 'lower-case letters, digits, dots, dashes and _')
    .action((name: string, options: ChangeOptions) => run((context) => create(name, options, context)))
  withFields(templates.command('change').summary('make its next version; what is left out stays'))
    .argument('<name>')
    .action((name: string, options: ChangeOptions) => run((context) => change(name, options, context)))
  templates
    .command('delete')
    .alias('rm')
    .summary('delete one of your own; what was launched with it goes on')
    .argument('<name>')
    .action((name: string) => run((context) => remove(name, context)))
}

function withFields(command: Command): Command {
  return command
    .option('--description <text>')
    .option('--image <name>', 'container image')
    .option('--disk <gb>', 'gigabytes of disk', amount)
    .option('--gpu <models>', 'what to rent when a launch does not say', listedValues)
    .option('--min-vram <gb>', 'gigabytes per GPU', amount)
    .option('--max-price <usd>', 'dollars per hour, for everything', dollars)
    .option('--port <port>', 'container port to publish; may be given again', port)
    .option('--env <name=value>', 'environment, kept as secrets; may be given again', repeated)
    .option('--model <name>', 'runs a vLLM server with this model')
    .option('--vllm <name=value>', 'vLLM configuration, such as max_model_len=8192; may be given again', repeated)
}

export async function list(context: Context): Promise<ExitCode> {
  const { client, json, out } = context
  const { data } = await client.listTemplates()
  if (json) printJson(data, context)
  else for (const line of templateTable(data, context)) out(line)
  return exitCodes.ok
}

export async function show(name: string, context: Context): Promise<ExitCode> {
  const { client, json, out } = context
  const { data } = await client.getTemplate(name)
  if (json) printJson(data, context)
  else for (const line of lines(data)) out(line)
  return exitCodes.ok
}

export async function showVersions(name: string, context: Context): Promise<ExitCode> {
  const { client, json, out } = context
  const { data } = await client.listTemplateVersions(name)
  if (json) printJson(data, context)
  else {
    const rows = data.map((one) => [
      String(one.version),
      one.changed_at ?? '-',
      one.changed_by ?? one.origin,
      one.template === null ? 'deleted' : one.template.image,
    ])
    for (const line of table([{ head: 'VERSION' }, { head: 'WHEN' }, { head: 'BY' }, { head: 'IMAGE' }], rows, context))
      out(line)
  }
  return exitCodes.ok
}

export async function create(name: string, options: ChangeOptions, context: Context): Promise<ExitCode> {
  const { client, json, out } = context
  const { data } = await client.createTemplate({ name, ...changeFrom(options) })
  if (json) printJson(data, context)
  else {
    const says = options.gpu !== undefined || options.minVram !== undefined
    const more = says ? '' : ' --gpu …, since it does not say what to rent'
    out(`Made template ${data.name}. Launch it with: gpufleet launch --template ${data.name}${more}`)
  }
  return exitCodes.ok
}

export async function change(name: string, options: ChangeOptions, context: Context): Promise<ExitCode> {
  const { client, json, out } = context
  const asked = changeFrom(options)
  if (Object.keys(asked).length === 0) throw wrongUsage('what is to change?', 'name at least one option; see --help')
  // The API replaces the whole of it, and here single values are named.
  const known = asked.vllm === undefined ? null : (await client.getTemplate(name)).data.vllm
  const { data } = await client.changeTemplate(name, { ...asked, ...(known && { vllm: { ...known, ...asked.vllm } }) })
  if (json) printJson(data, context)
  else out(`Template ${data.name} is now version ${data.version}. What runs keeps what it was launched with.`)
  return exitCodes.ok
}

export async function remove(name: string, context: Context): Promise<ExitCode> {
  const { client, json, out } = context
  const { data } = await client.deleteTemplate(name)
  if (json) printJson(data, context)
  else out(`Deleted template ${data.name}. What was launched with it goes on.`)
  return exitCodes.ok
}

function changeFrom(options: ChangeOptions): Change {
  const { description, image, disk, gpu, minVram, maxPrice, port: ports, env, model, vllm = [] } = options
  const configuration = Object.fromEntries(
    [...(model === undefined ? [] : [`model_name=${model}`]), ...vllm].map((text) => {
      const [name, value] = pair(text, '--vllm')
      return [name.startsWith('vllm_') ? name : `vllm_${name}`, valueFrom(value)]
    }),
  )
  return {
    ...(description !== undefined && { description }),
    ...(image !== undefined && { image }),
    ...(disk !== undefined && { disk_gb: disk }),
    ...(gpu !== undefined && { gpu_models: gpu }),
    ...(minVram !== undefined && { min_vram_gb: minVram }),
    ...(maxPrice !== undefined && { max_price_per_hour_usd: maxPrice }),
    ...(ports !== undefined && {
      ports: ports.map(({ container_port, protocol = 'tcp' }) => ({ container_port, protocol })),
    }),
    ...(env !== undefined && { environment: Object.fromEntries(env.map((text) => pair(text, '--env'))) }),
    ...(Object.keys(configuration).length > 0 && { vllm: configuration }),
  }
}

function pair(text: string, option: string): [string, string] {
  const at = text.indexOf('=')
  if (at < 1) throw wrongUsage(`${text} is no name=value`, `say ${option} name=value`)
  return [text.slice(0, at), text.slice(at + 1)]
}

function valueFrom(text: string): string | number | boolean {
  if (text === 'true' || text === 'false') return text === 'true'
  return /^-?\d{1,12}(\.\d{1,12})?$/.test(text) ? Number(text) : text
}

function templateTable(templates: readonly Template[], context: Context): string[] {
  return table(
    [
      { head: 'NAME' },
      { head: 'VERSION', align: 'right' },
      { head: 'FROM' },
      { head: 'RENTS' },
      { head: 'UP TO', align: 'right' },
      { head: 'DESCRIPTION', optional: true },
    ],
    templates.map((one) => [
      one.name,
      String(one.version),
      one.origin.replace('_', ' '),
      wish(one),
      one.max_price_per_hour_usd === null ? '-' : perHour(one.max_price_per_hour_usd),
      one.description,
    ]),
    context,
  )
}

function wish({ gpu_models: models, min_vram_gb: vram }: Template): string {
  const parts = [...(models.length > 0 ? [models.join(', ')] : []), ...(vram === null ? [] : [`${vram} GB or more`])]
  return parts.length === 0 ? '-' : parts.join('; ')
}

function lines(template: Template): string[] {
  const { vllm, ports, environment } = template
  return [
    `${template.name} (version ${template.version}, ${template.origin.replace('_', ' ')})`,
    ...(template.description === '' ? [] : [template.description]),
    `image       ${template.image}`,
    `disk        ${template.disk_gb} GB`,
    `rents       ${wish(template)}`,
    ...(template.max_price_per_hour_usd === null ? [] : [`up to       ${perHour(template.max_price_per_hour_usd)}`]),
    ...(ports.length === 0 ? [] : [`ports       ${ports.map((one) => one.container_port).join(', ')}`]),
    ...(vllm === null ? [] : Object.entries(vllm).map(([name, value]) => `vLLM        ${name}=${value}`)),
    ...Object.entries(vllm === null ? environment : {}).map(([name, value]) => `environment ${name}=${value}`),
  ]
}
