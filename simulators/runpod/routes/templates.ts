/** /v2/templates and the public ones of /v2/catalog/templates. */

import type { SimReply } from '../../kit/simulator.ts'
import { createTemplate, updateTemplate } from '../bodies.ts'
import { containerWith } from '../container.ts'
import { checkContainer } from '../placing.ts'
import { noContent, notFound, ok } from '../problem.ts'
import { bodyOf, type Call, listOf, pageOf } from '../request.ts'
import { newId, type Template, type World } from '../state.ts'

export const publicTemplates: readonly Template[] = [
  official('30zmvf89kd', 'PyTorch 2.8', 'runpod/pytorch:1.0.2-cu1281-torch280-ubuntu2404', 50),
  official('runpod-ubuntu', 'Ubuntu 22.04', 'runpod/base:1.0.2-ubuntu2204', 20),
  { ...official('2lv7ev3wfp', 'vLLM Latest', 'vllm/vllm-openai:latest', 60), startJupyter: false },
]

function official(id: string, name: string, image: string, disk: number): Template {
  return {
    id,
    number: 0,
    name,
    container: {
      image,
      args: '',
      entrypoint: null,
      cmd: null,
      disk,
      ports: ['8888/http', '22/tcp'],
      env: {},
      registry: null,
    },
    persistent: null,
    serverless: false,
    public: true,
    category: 'NVIDIA',
    startSsh: true,
    startJupyter: true,
    allowedCudaVersions: [],
  }
}

interface TemplateBody {
  name?: string
  image?: string
  env?: Record<string, string>
  mounts?: { persistent?: { size: number; path: string } }
  serverless?: boolean
  public?: boolean
  category?: Template['category']
  startSsh?: boolean
  startJupyter?: boolean
  allowedCudaVersions?: string[]
}

export function listTemplates({ world, request }: Call): SimReply {
  const { page, pagination } = pageOf(world, request.query, [...world.state.templates].reverse(), 'template')
  const templates = page.map(templateView)
  return ok(world.state.switches.v2 === 'older' ? { templates } : { templates, pagination })
}

export function listPublicTemplates({ request }: Call): SimReply {
  const source = listOf(request.query, 'source', ['official', 'verified', 'community'])?.[0] ?? 'official'
  return ok({ templates: source === 'official' ? publicTemplates.map(templateView) : [] })
}

export function createTemplateRoute({ world, request }: Call): SimReply {
  const body = bodyOf(request, createTemplate) as TemplateBody
  const blank = official('', '', '', 50)
  const template = changed(
    {
      ...blank,
      container: { ...blank.container, ports: [] },
      public: false,
      id: newId(world, 10),
      number: world.state.made,
    },
    body,
  )
  world.state.templates.push(template)
  return ok(templateView(template), 201)
}

export function getTemplate({ world, id }: Call): SimReply {
  const template = [...world.state.templates, ...publicTemplates].find((one) => one.id === id)
  if (!template) throw notFound()
  return ok(templateView(template))
}

export function patchTemplate({ world, request, id }: Call): SimReply {
  const template = ownTemplate(world, id)
  Object.assign(template, changed(template, bodyOf(request, updateTemplate) as TemplateBody))
  return ok(templateView(template))
}

export function deleteTemplate({ world, id }: Call): SimReply {
  const template = ownTemplate(world, id)
  world.state.templates = world.state.templates.filter((one) => one !== template)
  return noContent()
}

function ownTemplate(world: World, id: string): Template {
  const template = world.state.templates.find((one) => one.id === id)
  if (!template) throw notFound()
  return template
}

function changed(base: Template, body: TemplateBody): Template {
  const container = containerWith(base.container, body, body.env ?? base.container.env)
  checkContainer(container)
  return {
    ...base,
    name: body.name ?? base.name,
    container,
    persistent: body.mounts?.persistent ?? base.persistent,
    serverless: body.serverless ?? base.serverless,
    public: body.public ?? base.public,
    category: body.category ?? base.category,
    startSsh: body.startSsh ?? base.startSsh,
    startJupyter: body.startJupyter ?? base.startJupyter,
    allowedCudaVersions: body.allowedCudaVersions ?? base.allowedCudaVersions,
  }
}

function templateView({ container, ...template }: Template): Record<string, unknown> {
  return {
    id: template.id,
    name: template.name,
    image: container.image,
    args: container.args,
    ...(container.entrypoint || container.cmd
      ? { entrypoint: container.entrypoint ?? [], cmd: container.cmd ?? [] }
      : {}),
    disk: container.disk,
    mounts: template.persistent ? { persistent: template.persistent } : {},
    ports: container.ports,
    env: container.env,
    registry: container.registry,
    serverless: template.serverless,
    public: template.public,
    category: template.category,
    startSsh: template.startSsh,
    startJupyter: template.startJupyter,
    allowedCudaVersions: template.allowedCudaVersions,
  }
}
