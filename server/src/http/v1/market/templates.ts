import { z } from 'zod'
import { templates } from '../../../core/templates/templates.ts'
import { route } from '../../route.ts'

const TemplateView = z
  .object({
    name: z.string(),
    description: z.string(),
    image: z.string(),
    disk_gb: z.number(),
    ports: z.array(z.object({ container_port: z.int(), protocol: z.enum(['tcp', 'udp', 'http']) })),
    environment: z.record(z.string(), z.string()),
    health: z.object({ path: z.string(), port: z.int(), timeout_s: z.number() }).nullable(),
  })
  .meta({ id: 'Template' })

export const templatesRoute = route({
  operationId: 'listTemplates',
  method: 'GET',
  path: '/api/v1/templates',
  tag: 'instances',
  access: 'viewer',
  summary: 'Launches by name: what a request leaves out comes from its template.',
  reply: { status: 200, message: 'Templates retrieved successfully', data: z.array(TemplateView) },
  errors: [],
  handle: async () => ({
    data: templates.map(({ name, description, image, diskGb, ports, environment, health }) => ({
      name,
      description,
      image,
      disk_gb: diskGb,
      ports: ports.map(({ containerPort, protocol }) => ({ container_port: containerPort, protocol })),
      environment: { ...environment },
      health: health === null ? null : { path: health.path, port: health.port, timeout_s: health.timeoutMs / 1000 },
    })),
  }),
})
