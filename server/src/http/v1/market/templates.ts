import { z } from 'zod'
import {
  changeTemplate,
  createTemplate,
  deleteTemplate,
  getTemplate,
  listTemplates,
  type TemplateDeps,
  TemplateRefused,
  templateVersions,
} from '../../../app/templates.ts'
import { invalidRequest } from '../../problem.ts'
import { route } from '../../route.ts'
import { NewTemplate, TemplateChange, templateChangeFrom, templateFieldNames, templateFrom } from './templates-input.ts'
import { TemplateVersionView, TemplateView, templateVersionView, templateView } from './templates-view.ts'

const TemplateParams = z.strictObject({ name: z.string().min(1).max(60).describe('The template’s name.') })

export const templatesRoute = route({
  operationId: 'listTemplates',
  method: 'GET',
  path: '/api/v1/templates',
  tag: 'instances',
  access: 'viewer',
  summary: 'Launches by name: what a request leaves out comes from its template.',
  reply: { status: 200, message: 'Templates retrieved successfully', data: z.array(TemplateView) },
  errors: [],
  handle: async (_input, deps: TemplateDeps) => ({ data: (await listTemplates(deps)).map(templateView) }),
})

export const getTemplateRoute = route({
  operationId: 'getTemplate',
  method: 'GET',
  path: '/api/v1/templates/:name',
  tag: 'instances',
  access: 'viewer',
  summary: 'One template, as it is now.',
  params: TemplateParams,
  reply: { status: 200, message: 'Template retrieved', data: TemplateView },
  errors: ['not_found'],
  handle: async ({ params }, deps: TemplateDeps) => ({ data: templateView(await getTemplate(params.name, deps)) }),
})

export const templateVersionsRoute = route({
  operationId: 'listTemplateVersions',
  method: 'GET',
  path: '/api/v1/templates/:name/versions',
  tag: 'instances',
  access: 'viewer',
  summary: 'Everything that a template ever was, newest first.',
  description: 'Also of one that is deleted, so that an instance’s `template.version` always leads somewhere.',
  params: TemplateParams,
  reply: { status: 200, message: 'Versions retrieved', data: z.array(TemplateVersionView) },
  errors: ['not_found'],
  handle: async ({ params }, deps: TemplateDeps) => ({
    data: (await templateVersions(params.name, deps)).map(templateVersionView),
  }),
})

export const createTemplateRoute = route({
  operationId: 'createTemplate',
  method: 'POST',
  path: '/api/v1/templates',
  tag: 'instances',
  access: 'operator',
  allProjects: true,
  summary: 'Make a template of your own.',
  description:
    'Its environment and its start script are secrets: encrypted at rest, shown nowhere, passed only to machines.',
  body: NewTemplate,
  reply: { status: 201, message: 'Template made', data: TemplateView },
  errors: ['not_allowed_now', 'unknown_gpu'],
  handle: async ({ body, who }, deps: TemplateDeps) => ({
    data: templateView(await named(() => createTemplate(templateFrom(body), who, deps))),
  }),
})

export const changeTemplateRoute = route({
  operationId: 'changeTemplate',
  method: 'PUT',
  path: '/api/v1/templates/:name',
  tag: 'instances',
  access: 'operator',
  allProjects: true,
  summary: 'Make a template’s next version. What is left out stays; null takes something away.',
  description: 'Instances keep what they were launched with. What is built in cannot be changed.',
  params: TemplateParams,
  body: TemplateChange,
  reply: { status: 200, message: 'Template changed', data: TemplateView },
  errors: ['not_found', 'not_allowed_now', 'unknown_gpu'],
  async handle({ params, body, who }, deps: TemplateDeps) {
    const change = templateChangeFrom(body)
    if (Object.keys(change).length === 0) throw invalidRequest([{ field: 'body', problem: 'names nothing to change' }])
    return { data: templateView(await named(() => changeTemplate(params.name, change, who, deps))) }
  },
})

export const deleteTemplateRoute = route({
  operationId: 'deleteTemplate',
  method: 'DELETE',
  path: '/api/v1/templates/:name',
  tag: 'instances',
  access: 'operator',
  allProjects: true,
  summary: 'Delete a template. Its versions can still be read, and what was launched with it goes on.',
  params: TemplateParams,
  body: z.strictObject({}).nullish(),
  bodyOptional: true,
  reply: { status: 200, message: 'Template deleted', data: TemplateVersionView },
  errors: ['not_found', 'not_allowed_now'],
  handle: async ({ params, who }, deps: TemplateDeps) => ({
    data: templateVersionView(await deleteTemplate(params.name, who, deps)),
  }),
})

/** A refusal by the names that this face has for the fields. */
async function named<T>(verb: () => Promise<T>): Promise<T> {
  try {
    return await verb()
  } catch (error) {
    if (!(error instanceof TemplateRefused)) throw error
    throw invalidRequest(
      error.mistakes.map(({ field, problem }) => {
        const [first = '', ...rest] = field.split('.')
        return { field: [templateFieldNames[first] ?? first, ...rest].join('.'), problem }
      }),
    )
  }
}
