import type { AppError } from '../app/errors.ts'
import { faces } from './compat/faces.ts'
import { type HttpError, problemFrom, statusOf } from './problem.ts'

export interface FaceRequest {
  id: string
  method: string
  /** Without the query. */
  path: string
}

export interface FaceAnswer {
  status: number
  body: unknown
}

/**
 * One dialect of HTTP. Its paths are answered in its own shape whoever raised the error: the router, the key check, a rate
 * limit or a verb.
 */
export interface Face {
  owns(path: string): boolean
  problem(error: AppError | HttpError, request: FaceRequest): FaceAnswer
}

const ours: Face = {
  owns: () => true,
  problem: (error, { id }) => ({ status: statusOf[error.code], body: problemFrom(error, id) }),
}

/** The dialect that a path belongs to; `/api/v1` and everything else is ours. */
export function faceOf(path: string): Face {
  return faces.find((face) => face.owns(path)) ?? ours
}
