import type { Face } from '../../face.ts'
import { statusOf } from '../../problem.ts'

const prefix = '/api/vast'

/** Contract 000: every error is a sentence under `detail`. It knows no conflicts: what cannot be done is a bad request. */
export const vastFace: Face = {
  owns: (path) => path === prefix || path.startsWith(`${prefix}/`),
  problem(error) {
    const status = statusOf[error.code]
    return { status: status === 409 ? 400 : status, body: { detail: error.message } }
  },
}
