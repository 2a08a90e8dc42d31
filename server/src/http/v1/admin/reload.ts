import { z } from 'zod'
import { type ReloadDeps, reloadSettings } from '../../../app/reload-settings.ts'
import { route } from '../../route.ts'

export const reloadRoute = route({
  operationId: 'reloadSettings',
  method: 'POST',
  path: '/api/v1/admin/reload',
  tag: 'admin',
  access: 'admin',
  summary: 'Take over provider keys, flags and the GPU catalogue as they are set now.',
  description:
    'Reads ENV_FILE and GPU_MODELS_FILE again, as SIGHUP and a change of those files do. Wrong settings are refused with each mistake named, and change nothing.',
  body: z.strictObject({}).nullish(),
  bodyOptional: true,
  reply: {
    status: 200,
    message: 'Settings reloaded',
    data: z
      .object({
        changed: z.array(z.string()).describe('Settings that count from now on.'),
        need_restart: z.array(z.string()).describe('Settings that are different, and count after a restart.'),
        gpu_models: z.int().describe('How many GPU models came from GPU_MODELS_FILE.'),
      })
      .meta({ id: 'ReloadReport' }),
  },
  errors: [],
  async handle({ who }, deps: ReloadDeps) {
    const { taken, needRestart, gpuModels } = await reloadSettings(who, deps)
    return { data: { changed: [...taken], need_restart: [...needRestart], gpu_models: gpuModels } }
  },
})
