import { json } from '../../kit/controlled.ts'
import {
  bodyOf,
  type Call,
  contains,
  envsIn,
  type Fields,
  fieldsIn,
  listIn,
  pageOf,
  portFrom,
  type Route,
  textIn,
  wholeIn,
  wordIn,
} from '../call.ts'
import { invalid, refuse } from '../replies.ts'
import { type Template, unixSeconds, type World } from '../state.ts'
import { templateView } from '../views-v1.ts'

const base = '/gpu-instance/openapi/v1'

export const templateRoutes: Route[] = [
  { method: 'GET', path: `${base}/templates`, answer: list },
  { method: 'GET', path: `${base}/template`, answer: read },
  { method: 'POST', path: `${base}/template/create`, answer: create },
  { method: 'POST', path: `${base}/template/delete`, answer: remove },
]

/** The list is under the singular `template`, like the single one. */
function list(call: Call) {
  const { world, query } = call
  const mine = query.get('isMyCommunity') === 'true'
  const channels = query.getAll('channel').filter((channel) => channel !== '')
  const found = world.state.templates
    .filter((template) => (mine ? template.mine : template.channel !== 'private'))
    .filter((template) => channels.length === 0 || channels.includes(template.channel))
    .filter((template) => contains(template.name, query.get('name')))
    .filter((template) => !query.get('type') || template.type === query.get('type'))
  const { items, total } = pageOf(call, found)
  return json(200, { template: items.map((template) => templateView(world, template)), total })
}

function read(call: Call) {
  return json(200, { template: templateView(call.world, find(call.world, call.query.get('templateId') ?? '')) })
}

function create(call: Call) {
  const { world } = call
  const given = fieldsIn(bodyOf(call).template)
  const template: Template = {
    id: String(107_000 + world.state.serial),
    name: textIn(given, 'name', { min: 1, max: 255 }),
    readme: textIn(given, 'readme', { max: 100_000 }),
    type: wordIn(given, 'type', ['instance', 'serverless'] as const),
    channel: wordIn(given, 'channel', ['private', 'official', 'community'] as const, 'private'),
    image: textIn(given, 'image', { min: 1, max: 500 }),
    imageAuth: textIn(given, 'imageAuth', { max: 255 }),
    startCommand: textIn(given, 'startCommand', { max: 2047 }),
    rootfsSize: wholeIn(given, 'rootfsSize', { min: 10, max: 6144 }),
    volumes: listIn(given, 'volumes', 30).map((volume) => ({
      type: textIn(volume, 'type', { max: 63 }),
      size: wholeIn(volume, 'size', { min: 0, max: 100_000 }),
      mountPath: textIn(volume, 'mountPath', { max: 4095 }),
    })),
    ports: listIn(given, 'ports', 15).map(portsIn),
    envs: envsIn(given),
    tools: listIn(given, 'tools', 15).map((tool) => ({
      name: textIn(tool, 'name', { min: 1, max: 255 }),
      describe: textIn(tool, 'describe', { max: 1000 }),
      port: portFrom(tool.port, tool.type).port,
      type: portFrom(tool.port, tool.type).type,
    })),
    createdAt: unixSeconds(world.clock.now()),
    mine: true,
  }
  world.state.serial += 1
  world.state.templates.push(template)
  return json(200, { templateId: template.id })
}

function portsIn(entry: Fields): { type: string; ports: number[] } {
  if (!Array.isArray(entry.ports)) return invalid('ports must be a list')
  if (entry.ports.length > 10) invalid('at most 10 ports per entry')
  return {
    type: wordIn(entry, 'type', ['http', 'tcp'] as const),
    ports: entry.ports.map((port) => portFrom(port, entry.type).port),
  }
}

function remove(call: Call) {
  const { world } = call
  const template = find(world, textIn(bodyOf(call), 'templateId', { min: 1, max: 255 }))
  if (!template.mine) refuse('FORBIDDEN')
  world.state.templates = world.state.templates.filter((other) => other !== template)
  return json(200, { templateId: template.id })
}

function find(world: World, id: string): Template {
  return world.state.templates.find((template) => template.id === id) ?? refuse('TEMPLATE_NOT_FOUND')
}
