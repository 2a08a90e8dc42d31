/** Rules and rulesets. Nothing here lets or stops traffic; in us-south-1 nothing would in the real cloud either. */

import type { SimClock } from '../../kit/clock.ts'
import type { SimRequest } from '../../kit/simulator.ts'
import { regionNamed } from '../catalogue.ts'
import { withChance } from '../chance.ts'
import { invalidParameters, quotaExceeded, rulesetInUse, rulesetMissing } from '../errors.ts'
import { type Body, bodyOf, optionalObjects, optionalText, text } from '../input.ts'
import type { FirewallRule, LambdaState, Ruleset } from '../state.ts'
import { rulesetUsers, rulesetView } from '../views.ts'
import { audit } from './audit-events.ts'

export const listRules = (state: LambdaState) => state.globalRules

/** Replaces the whole list; the request is wrapped in `data` like an answer. */
export function replaceRules(state: LambdaState, request: SimRequest) {
  state.globalRules = rules(bodyOf(request), 'data')
  return state.globalRules
}

export const listRulesets = (state: LambdaState) => state.rulesets.map((ruleset) => rulesetView(state, ruleset))

export function createRuleset(state: LambdaState, request: SimRequest, clock: SimClock) {
  const body = bodyOf(request)
  const name = text(body, 'name', { max: 64 })
  const region = text(body, 'region')
  const wanted = rules(body, 'rules')
  if (!regionNamed(region)) throw invalidParameters(`Region ${region} does not exist`)
  if (state.rulesets.length >= state.settings.rulesetQuota) throw quotaExceeded()
  const ruleset: Ruleset = {
    id: withChance(state, (random) => random.hex(32)),
    name,
    region,
    rules: wanted,
    createdAt: clock.now(),
  }
  state.rulesets.push(ruleset)
  audit(state, clock, 'firewall_ruleset', 'created', ruleset.id)
  return rulesetView(state, ruleset)
}

export const getRuleset = (state: LambdaState, id: string) => rulesetView(state, known(state, id))

export function changeRuleset(state: LambdaState, id: string, request: SimRequest, clock: SimClock) {
  const ruleset = known(state, id)
  const body = bodyOf(request)
  const name = optionalText(body, 'name', { max: 64 })
  const wanted = body.rules === undefined ? null : rules(body, 'rules')
  if (name !== null) ruleset.name = name
  if (wanted !== null) ruleset.rules = wanted
  audit(state, clock, 'firewall_ruleset', 'updated', id)
  return rulesetView(state, ruleset)
}

export function deleteRuleset(state: LambdaState, id: string, clock: SimClock) {
  const ruleset = known(state, id)
  if (rulesetUsers(state, ruleset).length > 0) throw rulesetInUse(state.settings.rulesetInUseStatus)
  state.rulesets = state.rulesets.filter((candidate) => candidate !== ruleset)
  audit(state, clock, 'firewall_ruleset', 'deleted', id)
  return {}
}

/** One list with two doors; that it is the same as `/firewall-rules` is a guess. */
export const getGlobal = (state: LambdaState) => ({
  id: 'global',
  name: 'Default Workspace Global Rules',
  rules: state.globalRules,
})

export function changeGlobal(state: LambdaState, request: SimRequest) {
  const body = bodyOf(request)
  if (body.rules !== undefined) state.globalRules = rules(body, 'rules')
  return getGlobal(state)
}

function known(state: LambdaState, id: string): Ruleset {
  const ruleset = state.rulesets.find((candidate) => candidate.id === id)
  if (!ruleset) throw rulesetMissing()
  return ruleset
}

function rules(body: Body, field: string): FirewallRule[] {
  if (body[field] === undefined || body[field] === null) throw invalidParameters(`${field}: Field required`)
  return optionalObjects(body, field).map(rule)
}

function rule(entry: Body): FirewallRule {
  const protocol = text(entry, 'protocol', { pattern: /^(tcp|udp|icmp|all)$/ }) as FirewallRule['protocol']
  const source_network = text(entry, 'source_network', { pattern: /^(\d{1,3}\.){3}\d{1,3}(\/(3[0-2]|[12]?\d))?$/ })
  const description = text(entry, 'description', { max: 128 })
  const range = portRange(entry, protocol)
  return { protocol, ...(range ? { port_range: range } : {}), source_network, description }
}

function portRange(entry: Body, protocol: FirewallRule['protocol']): [number, number] | null {
  const range = entry.port_range
  if (protocol === 'icmp') {
    if (range !== undefined && range !== null) throw invalidParameters('port_range: Not allowed for protocol icmp')
    return null
  }
  if (range === undefined || range === null) {
    throw invalidParameters(`port_range: Field required for protocol ${protocol}`)
  }
  const port = (value: unknown): value is number =>
    typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 65_535
  if (!Array.isArray(range) || range.length !== 2) throw invalidParameters('port_range: List should have 2 items')
  const [from, to]: unknown[] = range
  if (!port(from) || !port(to) || from > to) {
    throw invalidParameters('port_range: Input should be two ports from 1 to 65535 in order')
  }
  return [from, to]
}
