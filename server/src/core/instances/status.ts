/** Where an instance is in its life. See ARCHITECTURE.md for the picture. */
export const statuses = [
  'requested', // written down, nothing rented
  'launching', // asked a marketplace for a machine; its answer is not settled yet
  'starting', // a machine is ours and comes up
  'running', // it is up; the health check has not passed yet
  'ready', // the health check passed, or none was asked for
  'interrupted', // the marketplace took the machine
  'stopping', // the marketplace was asked to stop it
  'stopped', // disk kept, storage may be billed
  'terminating', // its end was asked for; only the marketplace can confirm it
  'terminated', // every machine that it had is gone
  'failed', // nothing more is tried
] as const
export type Status = (typeof statuses)[number]

/** Why a status was entered: a closed set, with what a person should know. */
export const reasons = {
  asked: 'the caller asked for it',
  cancelled: 'it was ended before anything was rented',
  plan_made: 'an offer was chosen',
  machine_rented: 'the marketplace accepted the launch',
  machine_adopted: 'a machine with this launch’s label was found',
  adopted: 'a machine that this database did not know was taken over',
  outcome_unknown: 'the marketplace’s answer was lost; looking for the machine by its label',
  no_capacity: 'somebody was quicker; trying the next offer',
  price_rose: 'the price rose above the cap; trying the next offer',
  launch_rejected: 'the marketplace refused the request; trying the next offer',
  provider_unavailable: 'the marketplace did not answer or refused our key; trying the next offer',
  never_happened: 'the launch left no machine behind; trying again',
  start_failed: 'the machine failed to start; trying the next offer',
  start_deadline: 'the machine did not start in time; trying the next offer',
  health_deadline: 'the health check did not pass in time; trying the next offer',
  no_offer_left: 'no offer is left that fits the request',
  nothing_on_sale: 'nothing on sale fits now; it is tried again',
  restarting: 'the machine was up and comes up again',
  machine_up: 'the machine is up; it is ready once it can be reached, and answers where a health check was asked for',
  health_passed: 'the health check passed',
  no_health_check: 'the machine is up and no health check was asked for',
  provider_silent: 'the marketplace does not answer; nothing is concluded from that',
  interrupted: 'the marketplace took the machine back',
  no_spot_in_time: 'no spot machine came back in time; an on-demand one will do',
  machine_lost: 'the machine is gone and nobody asked for it',
  stopped_outside: 'the machine was stopped, but not by us',
  started_outside: 'the machine was started, but not by us',
  machine_stopped: 'the machine is stopped; its disk is kept',
  machine_gone: 'the marketplace confirmed the end',
  restored: 'it came back with a backup, and no machine of it is left; nothing was rented anew',
  cannot_start: 'the marketplace has no free GPU for this machine now',
  idle_too_long: 'nobody used it for as long as its idle policy allows',
  lease_over: 'its maximum lifetime is over',
  budget_spent: 'a budget that pays for it is spent',
} as const
export type Because = keyof typeof reasons

/** Our own policies stopped or ended it. */
export function isByPolicy(because: Because): because is 'idle_too_long' | 'lease_over' | 'budget_spent' {
  return because === 'idle_too_long' || because === 'lease_over' || because === 'budget_spent'
}

/** Nothing follows any more for the user. Machines of a failed instance may still be on their way to their end. */
export const finalStatuses: ReadonlySet<Status> = new Set(['terminated', 'failed'])

export type InstanceAction = 'start' | 'stop' | 'restart' | 'terminate'

/**
 * What is allowed when. A verb that is missing for a status is a conflict; the text says why and what to do.
 * `terminate` is always allowed and always harmless.
 */
const allowed: Record<InstanceAction, ReadonlySet<Status>> = {
  start: new Set(['stopped']),
  stop: new Set(['starting', 'running', 'ready']),
  restart: new Set(['running', 'ready']),
  terminate: new Set(statuses),
}

export function isAllowed(action: InstanceAction, status: Status): boolean {
  return allowed[action].has(status)
}

export function allowedStatuses(action: InstanceAction): readonly Status[] {
  return statuses.filter((status) => allowed[action].has(status))
}
