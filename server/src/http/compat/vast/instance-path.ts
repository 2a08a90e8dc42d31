import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import { AppError, appErrorFrom } from '../../../app/errors.ts'
import { type Caller, whoFrom } from '../../access.ts'
import { HttpError } from '../../problem.ts'
import { OneWord } from '../../v1/inputs.ts'

export const instancesPath = '/api/vast/instances'
export const onePath = `${instancesPath}/:instance_id`

export const InstancePath = z.strictObject({ instance_id: OneWord })

export function instanceIdIn({ params }: FastifyRequest): string {
  return (params as z.infer<typeof InstancePath>).instance_id
}

/** Runs a verb about the instance that the path names; that there is none is said in the contract's language. */
export async function aboutInstance<T>(
  request: FastifyRequest & { caller: Caller },
  run: (id: string, who: ReturnType<typeof whoFrom>) => Promise<T>,
): Promise<T> {
  const id = instanceIdIn(request)
  try {
    return await run(id, whoFrom(request.caller))
  } catch (raised) {
    const error = appErrorFrom(raised)
    if (!(error instanceof AppError) || error.code !== 'not_found') throw error
    throw new HttpError('not_found', `인스턴스 '${id}'을 찾을 수 없습니다`, error.fix)
  }
}
