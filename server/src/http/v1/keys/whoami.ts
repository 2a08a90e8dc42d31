import { z } from 'zod'
import { route } from '../../route.ts'
import { RoleName } from './view.ts'

const WhoamiView = z
  .object({
    kind: z
      .enum(['admin', 'keyless', 'key'])
      .describe('admin: CONTROL_API_KEY; keyless: from the server’s own machine.'),
    key_id: z.string().nullable(),
    name: z.string().describe('What the audit log calls you.'),
    role: RoleName,
    project: z.string().nullable().describe('The only project that you see and change; null: all of them.'),
  })
  .meta({ id: 'Whoami' })

export const whoamiRoute = route({
  operationId: 'whoami',
  method: 'GET',
  path: '/api/v1/whoami',
  tag: 'admin',
  access: 'viewer',
  summary: 'Who you are here, and what you may do.',
  reply: { status: 200, message: 'You are known here', data: WhoamiView },
  errors: [],
  handle: async ({ caller: { kind, id, name, role, project } }) => ({
    data: { kind, key_id: kind === 'key' ? id : null, name, role, project },
  }),
})
