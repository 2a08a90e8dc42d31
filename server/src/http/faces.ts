import { infraVastFace } from './compat/infra-vast/face.ts'
import { novitaFace } from './compat/novita/face.ts'
import { vastFace } from './compat/vast/face.ts'
import type { Face } from './face.ts'
import { problemFrom, statusOf } from './problem.ts'

/** Other people's dialects. None owns a path of another. */
const compat: readonly Face[] = [vastFace, infraVastFace, novitaFace]

const ours: Face = {
  owns: () => true,
  problem: (error, { id }) => ({ status: statusOf[error.code], body: problemFrom(error, id) }),
}

/** The dialect that a path belongs to; `/api/v1` and everything else is ours. */
export function faceOf(path: string): Face {
  return compat.find((face) => face.owns(path)) ?? ours
}
