import { z } from 'zod'
import { type SwitchProviderDeps, switchProvider } from '../../../app/switch-provider.ts'
import { publicProviderNames } from '../../../core/providers.ts'
import { route } from '../../route.ts'
import { providerFrom } from '../inputs.ts'

export const switchProviderRoute = route({
  operationId: 'switchProvider',
  method: 'PUT',
  path: '/api/v1/providers/:name',
  tag: 'market',
  access: 'admin',
  summary: 'Switch a provider on or off for new launches and searches.',
  description: 'What runs there is looked after all the same. Kept over restarts, until it is set to null.',
  params: z.strictObject({ name: z.string().min(1).max(40) }),
  body: z.strictObject({ enabled: z.boolean().nullable().describe('null: as the settings say.') }),
  reply: {
    status: 200,
    message: 'Provider switched',
    data: z.object({ provider: z.string(), is_enabled: z.boolean() }),
  },
  errors: ['unknown_provider'],
  async handle({ params, body, who }, deps: SwitchProviderDeps) {
    const provider = providerFrom(params.name)
    await switchProvider(provider, body.enabled, who, deps)
    return { data: { provider: publicProviderNames[provider], is_enabled: deps.isEnabled(provider) } }
  },
})
