import type { Face } from '../../face.ts'
import { statusOf } from '../../problem.ts'

const prefix = '/infra/vast'

export const infraVastFace: Face = {
  owns: (path) => path === prefix || path.startsWith(`${prefix}/`),
  problem: (error) => ({ status: statusOf[error.code], body: { detail: error.message } }),
}
