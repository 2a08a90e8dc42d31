import type { AppError } from '../app/errors.ts'
import type { Instant } from '../core/time.ts'
import type { HttpError } from './problem.ts'

export interface FaceRequest {
  id: string
  method: string
  /** Without the query. */
  path: string
  /** When it is answered. */
  at: Instant
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
