import { notFound } from '../errors.ts'
import { requiredQuery } from '../input.ts'
import { machineTypeFrom, regionFrom, saysAvailable } from '../market.ts'
import { page } from '../paging.ts'
import type { EventRecord, World } from '../state.ts'
import { templates, templateView } from '../templates.ts'
import { eventView, iso } from '../views.ts'
import { nameFits } from './machines.ts'
import type { Call, Route } from './route.ts'

export const catalogueRoutes: readonly Route[] = [
  { method: 'GET', path: '/auth/session', open: true, answer: session },
  { method: 'GET', path: '/machine-availability', answer: availability },
  { method: 'GET', path: '/os-templates', answer: listTemplates },
  { method: 'GET', path: '/machine-events', answer: listEvents },
  { method: 'GET', path: '/machine-events/:id', answer: getEvent },
]

/** The one answer for which a bad key is not an error. */
function session({ world, authorized }: Call & { authorized: boolean }) {
  if (!authorized) return null
  const since = iso(Date.parse('2024-01-08T09:30:00.000Z'))
  return {
    user: {
      firstName: 'Sim',
      lastName: 'Paperspace',
      email: 'sim@example.com',
      dtCreated: since,
      dtConfirmed: since,
      teamMemberships: [
        {
          team: { name: 'sim', id: 'tesim0001', namespace: 'tsim0001', isUserTeam: true, dtCreated: since },
          isOwner: true,
          isAdmin: true,
        },
      ],
      isPhoneVerified: true,
      isPasswordAuthEnabled: true,
      isQrCodeBasedMfaEnabled: false,
      isQrCodeBasedMfaConfirmed: false,
      id: 'usim00001',
      analyticsId: 1,
      metadata: {},
    },
    team: {
      namespace: 'tsim0001',
      isPrivate: true,
      maxMachines: world.state.orders.maxMachines,
      id: 'tesim0001',
      analyticsId: 1,
    },
  }
}

/** A known type in a region that does not have it answers false; an unknown label is refused. Both are guesses. */
function availability({ world, request }: Call) {
  const [label = '', region = ''] = requiredQuery(request.query, 'machineType', 'region')
  return { available: saysAvailable(world, machineTypeFrom(label), regionFrom(region)) }
}

function listTemplates({ world, request }: Call) {
  const name = request.query.get('name')
  return page(world, request.query, {
    items: templates.filter((each) => nameFits(world, each.name, name)),
    orderings: { name: (each) => each.name },
    view: templateView,
  })
}

function listEvents({ world, request }: Call) {
  const machineId = request.query.get('machineId')
  return page(world, request.query, {
    items: world.state.events.filter(
      (event) => (machineId === null || event.machineId === machineId) && isKept(world, event),
    ),
    orderings: { dtCreated: (event) => event.createdAt },
    view: (event) => eventView(world, event),
  })
}

function getEvent(call: Call) {
  const event = call.world.state.events.find((each) => each.id === call.param('id'))
  if (!event || !isKept(call.world, event)) throw notFound()
  return eventView(call.world, event)
}

/** Whether the events of a deleted machine stay is not established; they do unless a control says otherwise. */
function isKept(world: World, event: EventRecord): boolean {
  if (!world.state.orders.eventsVanish) return true
  return world.state.machines.some((machine) => machine.id === event.machineId && machine.deletedAt === null)
}
