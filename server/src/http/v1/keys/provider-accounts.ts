import { z } from 'zod'
import {
  listProviderAccounts,
  type ProviderAccount,
  type ProviderKeyDeps,
  removeProviderKey,
  setProviderKey,
} from '../../../app/provider-keys.ts'
import { publicProviderNames } from '../../../core/providers.ts'
import { Secret } from '../../../core/secret.ts'
import { isoFrom } from '../../../core/time.ts'
import { route } from '../../route.ts'
import { providerFrom } from '../inputs.ts'

const ProviderParams = z.strictObject({ name: z.string().min(1).max(40).describe('A provider: vast_ai, runpod, …') })

const AccountParams = ProviderParams.extend({
  account: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'is 1 to 40 lower-case letters, digits and dashes')
    .describe('What the account is called here.'),
})

const AccountView = z
  .object({
    provider: z.string(),
    account: z.string(),
    source: z.enum(['environment', 'stored']),
    key_ending: z.string().nullable().describe('The last letters of a stored key; the rest is shown nowhere.'),
    set_at: z.iso.datetime().nullable(),
    set_by: z.string().nullable(),
  })
  .meta({ id: 'ProviderAccount' })

export const listProviderAccountsRoute = route({
  operationId: 'listProviderAccounts',
  method: 'GET',
  path: '/api/v1/providers/:name/accounts',
  tag: 'admin',
  access: 'admin',
  summary: 'The accounts that we have keys of at a marketplace.',
  params: ProviderParams,
  reply: { status: 200, message: 'Accounts retrieved successfully', data: z.array(AccountView) },
  errors: [],
  handle: async ({ params, who }, deps: ProviderKeyDeps) => ({
    data: (await listProviderAccounts(providerFrom(params.name), who, deps)).map(accountView),
  }),
})

export const setProviderKeyRoute = route({
  operationId: 'setProviderKey',
  method: 'PUT',
  path: '/api/v1/providers/:name/accounts/:account',
  tag: 'admin',
  access: 'admin',
  summary: 'Store a marketplace’s API key, encrypted. Accounts of the environment are changed there.',
  params: AccountParams,
  body: z
    .strictObject({
      api_key: z.string().regex(/^[\u0021-\u007e]{8,1000}$/, 'is 8 to 1000 printable characters without blanks'),
    })
    .meta({ id: 'ProviderKey' }),
  reply: { status: 200, message: 'Key stored', data: AccountView },
  errors: ['not_allowed_now'],
  async handle({ params, body, who }, deps: ProviderKeyDeps) {
    const name = { provider: providerFrom(params.name), account: params.account }
    return { data: accountView(await setProviderKey(name, new Secret(body.api_key), who, deps)) }
  },
})

export const removeProviderKeyRoute = route({
  operationId: 'removeProviderKey',
  method: 'DELETE',
  path: '/api/v1/providers/:name/accounts/:account',
  tag: 'admin',
  access: 'admin',
  summary: 'Forget a stored key. Refused while machines of that account may be billed.',
  params: AccountParams,
  body: z.strictObject({}).nullish(),
  bodyOptional: true,
  reply: { status: 200, message: 'Key forgotten', data: AccountView },
  errors: ['not_found', 'not_allowed_now'],
  async handle({ params, who }, deps: ProviderKeyDeps) {
    const name = { provider: providerFrom(params.name), account: params.account }
    return { data: accountView({ ...(await removeProviderKey(name, who, deps)), source: 'stored' }) }
  },
})

function accountView(one: ProviderAccount): z.infer<typeof AccountView> {
  return {
    provider: publicProviderNames[one.provider],
    account: one.account,
    source: one.source,
    key_ending: one.ending,
    set_at: one.setAt === null ? null : isoFrom(one.setAt),
    set_by: one.setBy,
  }
}
