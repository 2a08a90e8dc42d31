import type { SimRequest } from '../../kit/simulator.ts'
import type { World } from '../state.ts'

export interface Call {
  world: World
  request: SimRequest
  /** A decoded piece of the path by its name in the pattern. */
  param(name: string): string
}

export interface Route {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Relative to `/v1`; `:name` stands for one piece. */
  path: string
  /** Answers without a key. */
  open?: true
  answer(call: Call & { authorized: boolean }): unknown
}
