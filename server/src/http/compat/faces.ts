import type { Face } from '../face.ts'
import { infraVastFace } from './infra-vast/face.ts'
import { novitaFace } from './novita/face.ts'
import { vastFace } from './vast/face.ts'

/** The dialects of other people's APIs. None owns a path of another. */
export const faces: readonly Face[] = [vastFace, infraVastFace, novitaFace]
