import type { Face } from '../../face.ts'
import { statusOf } from '../../problem.ts'

const prefixes = ['/api/instances', '/api/metrics', '/api/cache', '/health']

export const novitaFace: Face = {
  owns: (path) => prefixes.some((prefix) => path === prefix || path.startsWith(`${prefix}/`)),
  problem: (error, { id }) => ({
    status: statusOf[error.code],
    body: { error: { code: error.code.toUpperCase(), message: error.message, requestId: id } },
  }),
}
