/** The life of a machine: what each order starts, and what each change does to meters and timestamps. */

import {
  clusterById,
  clusters,
  cpuProducts,
  freeCards,
  freeDiskGb,
  matches,
  monthlyPrice,
  type Product,
  products,
  unitPrice,
} from './market.ts'
import {
  availableNanos,
  computeRate,
  computeSince,
  meterDisk,
  startCompute,
  stopCompute,
  stopDisk,
  unitsToNanos,
} from './meters.ts'
import { invalid, refuse, wrongState } from './replies.ts'
import {
  dayMs,
  type FailStartHow,
  hourMs,
  type Job,
  later,
  type Machine,
  type SoldOutHow,
  type Status,
  type StatusError,
  type Step,
  secondMs,
  unixSeconds,
  type Wish,
  type World,
  wholeSecondFrom,
} from './state.ts'

export const keepDataDays = 7

const fine: StatusError = { state: '', message: '' }
const guaranteedMs = hourMs
const noticeMs = hourMs
const removedShownMs = 10 * secondMs

/** Rents a machine, or refuses. Placement comes after the answer, so that a lack of cards may show only later. */
export function create(world: World, wish: Wish, candidates: readonly string[]): Machine {
  const order = takeSoldOut(
    world,
    ['insufficient', 'later', 'cluster_status', 'node_status', 'gpu_spec_used', 'quota'],
    wish,
  )
  if (order && order !== 'later') refuseCapacity(order)
  const placed = wish.kind === 'gpu' ? placeGpu(world, wish, candidates) : placeCpu(world, wish, candidates)
  checkQuota(world, wish)
  checkMoney(world, wish, placed.unitPrice)
  const machine = newMachine(world, wish, placed)
  world.state.machines.push(machine)
  if (wish.billingMode === 'monthly') payTerm(world, machine, wish.months, 'monthly_new_buy')
  machine.plan = launchPlan(world, machine, order === 'later' ? 'no_resource' : takeFailure(world, machine))
  return machine
}

interface Placement {
  productName: string
  clusterId: string
  cpuNum: number
  memoryGb: number
  unitPrice: number
}

function placeGpu(world: World, wish: Wish, candidates: readonly string[]): Placement {
  const product = products.find((one) => one.id === wish.productId)
  if (!product) refuse('RESOURCE_NOT_FOUND', 'product not found')
  const price = unitPrice(world, product, wish.billingMode)
  if (price === 0) refuse('UNSUPPORTED_BILLING_MODE')
  if (wish.rootfsGb > product.diskPerGpu) {
    invalid(`rootfsSize must be between 10 and ${product.diskPerGpu}`)
  }
  const clusterId = chooseCluster(world, product, wish, candidates)
  return {
    productName: product.name,
    clusterId,
    cpuNum: product.cpuPerGpu * wish.gpuNum,
    memoryGb: product.memoryPerGpu * wish.gpuNum,
    unitPrice: price,
  }
}

function chooseCluster(world: World, product: Product, wish: Wish, candidates: readonly string[]): string {
  for (const id of candidates) if (!clusterById(id)) refuse('RESOURCE_NOT_FOUND', 'cluster not found')
  const { chances } = world.state.settings
  const sold = clusters.map((cluster) => cluster.id).filter((id) => product.stock[id] !== undefined)
  let able = (candidates.length ? candidates : sold).filter((id) => freeCards(world, product, id) >= wish.gpuNum)
  if (wish.minCudaVersion !== '' && able.length > 0) {
    able = able.filter((id) => (clusterById(id)?.cuda ?? 0) >= Number(wish.minCudaVersion))
    if (able.length === 0) refuse('CUDA_VERSION_INCOMPATIBLE')
  }
  const quicker = wish.billingMode === 'spot' ? chances.takenSpot : chances.takenOnDemand
  if (world.random.chance(quicker) || able.length === 0) refuse('INSUFFICIENT_RESOURCE')
  // No wish means a random cluster; several are tried in their order.
  return candidates.length ? (able[0] as string) : world.random.pick(able)
}

function placeCpu(world: World, wish: Wish, candidates: readonly string[]): Placement {
  const product = cpuProducts.find((one) => one.id === wish.productId)
  if (!product) refuse('RESOURCE_NOT_FOUND', 'product not found')
  if (wish.billingMode === 'spot') refuse('UNSUPPORTED_BILLING_MODE')
  for (const id of candidates) if (!clusterById(id)) refuse('RESOURCE_NOT_FOUND', 'cluster not found')
  const able = candidates.length ? candidates.filter((id) => product.clusterIds.includes(id)) : product.clusterIds
  if (able.length === 0) refuse('INSUFFICIENT_RESOURCE')
  return {
    productName: product.name,
    clusterId: candidates.length ? (able[0] as string) : world.random.pick(able),
    cpuNum: product.cpuNum,
    memoryGb: product.memorySize,
    unitPrice: unitPrice(world, product, wish.billingMode),
  }
}

function checkQuota(world: World, wish: Wish): void {
  const { quotaInstances, quotaGpus, quotaAs } = world.state.settings
  const alive = world.state.machines.filter((machine) => machine.status !== 'gone' && machine.status !== 'removed')
  const cards = alive.reduce((sum, machine) => sum + machine.gpuNum, 0) + wish.gpuNum
  const tooMany = quotaInstances !== null && alive.length >= quotaInstances
  const tooLarge = quotaGpus !== null && cards > quotaGpus
  if (!tooMany && !tooLarge) return
  // The console reads this reason as "you have exceeded the GPU instance quota": waiting does not help.
  if (quotaAs === '429') refuse('RATE_LIMIT_EXCEEDED')
  if (tooMany) refuse('CREATE_INSTANCE_LIMIT')
  refuse('CREATE_GPU_NUM_LIMIT', 'gpu quota', [String(quotaGpus)])
}

/** A guess: the account must hold the first hour, or the whole term. */
function checkMoney(world: World, wish: Wish, price: number): void {
  const perHour = computeRate({ unitPrice: price, gpuNum: wish.gpuNum, kind: wish.kind })
  const needed = wish.billingMode === 'monthly' ? termNanos({ ...wish, unitPrice: price }, wish.months) : perHour
  if (availableNanos(world) < needed) refuse('BALANCE_NOT_ENOUGH', 'balance not enough')
}

function newMachine(world: World, wish: Wish, placed: Placement): Machine {
  const { random, state } = world
  const now = world.clock.now()
  const first = random.int(0, 8 - Math.max(1, wish.gpuNum))
  return {
    ...wish,
    ...placed,
    // 16 hex digits from v1, 10 from v2, as in the documents' examples.
    id: random.hex(wish.via === 'v1' ? 16 : 10),
    foreign: false,
    gpuIds: Array.from({ length: wish.gpuNum }, (_, index) => first + index),
    nodeMaxRootfsGb: random.int(40, 100) * 10,
    networkIp: wish.networkId ? `10.${random.int(0, 255)}.${random.int(0, 255)}.${random.int(2, 254)}` : '',
    createdAt: unixSeconds(now),
    lastStartedAt: 0,
    lastStoppedAt: 0,
    endTime: wish.billingMode === 'monthly' ? unixSeconds(now) + wish.months * 30 * (dayMs / secondMs) : -1,
    status: 'toCreate',
    statusError: { ...fine },
    spotStatus: wish.billingMode === 'spot' ? 'running' : '',
    spotReclaimTime: 0,
    noticeAt: null,
    plan: [],
    usedSeconds: 0,
    ssh: { port: 0, password: '' },
    tcpPort: 0,
    sshReadyAt: 0,
    appReadyAt: 0,
    releaseDataAt: null,
    listedFrom: now + state.listLagMs,
  }
}

/**
 * toCreate → creating → pulling → running. A pull is a matter of minutes, and of more than ten for images of tens of GB
 * [novita.ai/docs and public user notes]; the spread is a guess.
 */
function launchPlan(world: World, machine: Machine, failure: FailStartHow | null): Step[] {
  const { random } = world
  const now = world.clock.now()
  const { loadingMs } = world.state.pace
  const drawn = {
    queue: random.int(1, 4) * secondMs,
    create: random.int(4, 20) * secondMs,
    pull: Math.min(25 * 60, Math.max(12, random.logNormal(110, 0.8))) * secondMs,
  }
  const paced = loadingMs !== undefined
  const moment = (drawnMs: number, share: number) =>
    paced ? wholeSecondFrom(now + loadingMs * share) : later(world, now, drawnMs)
  const creating: Step = { at: moment(drawn.queue, 1 / 6), to: 'creating' }
  const pulling: Step = { at: moment(drawn.queue + drawn.create, 1 / 3), to: 'pulling' }
  const readyAt = moment(drawn.queue + drawn.create + drawn.pull, 1)
  const failed = (message: string): StatusError => ({ state: 'failed', message })
  switch (failure) {
    case null:
      return [creating, pulling, { at: readyAt, to: 'running' }]
    case 'stuck':
      return [creating, pulling]
    case 'stuck_creating':
      return [creating]
    case 'no_resource':
      return [creating, { at: pulling.at, to: 'creating', error: failed('insufficient resource') }]
    case 'bad_image':
      return [
        creating,
        pulling,
        { at: readyAt, to: 'exited', error: failed(`pull image failed: ${machine.imageUrl}: not found`) },
      ]
    case 'image_auth':
      return [
        creating,
        pulling,
        { at: readyAt, to: 'exited', error: failed('pull image failed: unauthorized: authentication required') },
      ]
  }
}

/** What happens to a machine when it gets a new status, at the very moment it does. */
export function enter(world: World, machine: Machine, step: Step): void {
  const { to, at } = step
  machine.status = to
  if (step.error) machine.statusError = { ...step.error }
  const { lastStartedAtMeans } = world.state.settings
  switch (to) {
    case 'pulling':
    case 'starting':
      startCompute(world, machine, at)
      meterDisk(world, machine, at, false)
      if (lastStartedAtMeans === 'pulling') machine.lastStartedAt = unixSeconds(at)
      break
    case 'running':
      comeUp(world, machine, at)
      break
    case 'exited':
      stopMachine(world, machine, at)
      break
    case 'removed':
      if (stopCompute(world, machine, at)) machine.lastStoppedAt = unixSeconds(at)
      stopDisk(world, machine, at)
      machine.plan = [{ at: later(world, at, removedShownMs), to: 'gone' }]
      break
    default:
      break
  }
}

function comeUp(world: World, machine: Machine, at: number): void {
  const { random, state } = world
  const { settings, pace } = state
  // A migrated machine comes up without a pull that anybody sees.
  const fresh = computeSince(world, machine) === null
  startCompute(world, machine, at)
  meterDisk(world, machine, at, false)
  if (fresh || settings.lastStartedAtMeans === 'running') machine.lastStartedAt = unixSeconds(at)
  machine.statusError = { ...fine }
  machine.releaseDataAt = null
  // Ports and the password are new after every start.
  machine.ssh = { port: random.int(30_000, 60_000), password: random.hex(16) }
  machine.tcpPort = random.int(30_000, 60_000)
  const sshMs = random.int(2, 8) * secondMs
  const appMs = random.int(3, 60) * secondMs
  const delay = (set: number | null, drawnMs: number) =>
    set !== null ? at + set : pace.loadingMs !== undefined ? at : later(world, at, drawnMs)
  machine.sshReadyAt = delay(settings.sshDelayMs, sshMs)
  machine.appReadyAt = delay(settings.appDelayMs, appMs)
  if (machine.billingMode === 'spot' && machine.noticeAt === null && settings.chances.spotMeanHours > 0) {
    const quietMs = -Math.log(1 - random.next()) * settings.chances.spotMeanHours * hourMs
    machine.noticeAt = later(world, at, guaranteedMs + quietMs)
  }
}

function stopMachine(world: World, machine: Machine, at: number): void {
  if (stopCompute(world, machine, at)) machine.lastStoppedAt = unixSeconds(at)
  meterDisk(world, machine, at, true)
  machine.releaseDataAt = later(world, at, keepDataDays * dayMs)
  machine.noticeAt = null
  if (machine.spotStatus === 'reclaiming') {
    machine.spotStatus = 'terminated'
    return
  }
  if (machine.spotStatus === 'notified') machine.spotStatus = 'running'
  machine.spotReclaimTime = 0
}

/** One hour's notice of the reclaim; the planned moment is on the machine from now on. */
export function giveNotice(world: World, machine: Machine, at: number): void {
  const { spotNoticeMs } = world.state.settings
  machine.noticeAt = null
  machine.spotStatus = 'notified'
  const reclaimAt = spotNoticeMs !== null ? wholeSecondFrom(at + spotNoticeMs) : later(world, at, noticeMs)
  machine.spotReclaimTime = unixSeconds(reclaimAt)
}

export function reclaim(world: World, machine: Machine, at: number): void {
  const { spotReclaimingMs } = world.state.settings
  machine.spotStatus = 'reclaiming'
  const drawnMs = world.random.int(3, 20) * secondMs
  const exitAt = spotReclaimingMs !== null ? wholeSecondFrom(at + spotReclaimingMs) : later(world, at, drawnMs)
  machine.status = 'stopping'
  machine.plan = [{ at: exitAt, to: 'exited' }]
}

/** The container of a machine that is not spot just ends, as after a fault of its node. */
export function breakDown(world: World, machine: Machine): void {
  machine.plan = [{ at: wholeSecondFrom(world.clock.now()), to: 'exited' }]
}

export function freeze(world: World, machine: Machine, at: number): void {
  machine.status = 'freezing'
  machine.plan = [
    { at: moveAt(world, at, world.state.pace.stoppingMs, world.random.int(5, 20) * secondMs), to: 'exited' },
  ]
}

export function start(world: World, machine: Machine): void {
  if (machine.status !== 'exited') wrongState()
  refuseWhileBusy(world, machine)
  const ordered = takeSoldOut(world, ['start'], machine)
  const product = products.find((one) => one.id === machine.productId)
  const free = product ? freeCards(world, product, machine.clusterId) : Number.POSITIVE_INFINITY
  // The card of a stopped machine is not kept for it.
  const taken = world.random.chance(world.state.settings.chances.takenOnStart)
  if (ordered || taken || free < machine.gpuNum) refuse('INSUFFICIENT_RESOURCE', 'insufficient resource')
  if (availableNanos(world) < computeRate(machine)) refuse('EXPIRED_OR_BALANCE_NOT_ENOUGH')
  machine.statusError = { ...fine }
  if (machine.billingMode === 'spot') {
    machine.spotStatus = 'running'
    machine.spotReclaimTime = 0
  }
  twoSteps(world, machine, ['toStart', 'starting', 'running'], world.state.pace.startingMs, [2, 40])
}

export function stop(world: World, machine: Machine): void {
  if (machine.status !== 'running') wrongState()
  refuseWhileBusy(world, machine)
  twoSteps(world, machine, ['toStop', 'stopping', 'exited'], world.state.pace.stoppingMs, [1, 15])
}

export function restart(world: World, machine: Machine): void {
  if (machine.status !== 'running') wrongState()
  refuseWhileBusy(world, machine)
  twoSteps(world, machine, ['toRestart', 'restarting', 'running'], world.state.pace.startingMs, [2, 20])
}

/** Works in any state but on a machine that is already leaving. */
export function remove(world: World, machine: Machine): void {
  if (machine.status === 'toRemove' || machine.status === 'removing' || machine.status === 'removed') wrongState()
  if (machine.billingMode === 'monthly' && machine.endTime > unixSeconds(world.clock.now())) {
    refuse('PREPAID_INSTANCE_NOT_SUPPORT_RELEASE')
  }
  for (const job of world.state.jobs) {
    if (job.instanceId === machine.id && job.endsAt !== null) endJob(job, 'break')
  }
  twoSteps(world, machine, ['toRemove', 'removing', 'removed'], world.state.pace.terminatingMs, [1, 15])
}

/** Changes image, command and variables in place; the meter runs on. */
export function upgrade(
  world: World,
  machine: Machine,
  change: Pick<Machine, 'imageUrl' | 'imageAuthId' | 'command' | 'envs' | 'volumes'>,
): void {
  if (machine.status !== 'running' && machine.status !== 'exited') wrongState()
  refuseWhileBusy(world, machine)
  Object.assign(machine, change)
  twoSteps(world, machine, ['toReset', 'resetting', 'running'], world.state.pace.loadingMs, [4, 90])
}

export function expandDisk(world: World, machine: Machine, gb: number): void {
  if (gb === 0) return
  const room = products.find((one) => one.id === machine.productId)?.diskPerGpu ?? machine.nodeMaxRootfsGb
  if (machine.rootfsGb + gb > room) invalid(`rootfsSize must be between 10 and ${room}`)
  machine.rootfsGb += gb
  if (computeSince(world, machine) !== null || machine.status === 'exited') {
    meterDisk(world, machine, wholeSecondFrom(world.clock.now()), machine.status === 'exited')
  }
}

/** Puts a stopped machine on another node under the same id. */
export function migrate(world: World, machine: Machine): Job {
  if (machine.status !== 'exited') wrongState()
  refuseWhileBusy(world, machine)
  const { failedMigrations } = world.state.settings
  const failing = failedMigrations.left > 0
  if (failing) failedMigrations.left -= 1
  const soldOut = takeSoldOut(world, ['migrate'], machine)
  if (soldOut || (failing && failedMigrations.how === 'refuse')) refuse('MIGRATE_INSUFFICIENT_RESOURCE')
  const now = world.clock.now()
  const durationMs = world.random.int(60, 300) * secondMs
  const doneAt = moveAt(world, now, world.state.pace.startingMs, durationMs)
  machine.status = 'migrating'
  machine.plan = failing ? [] : [{ at: doneAt, to: 'running' }]
  machine.spotReclaimTime = 0
  if (machine.billingMode === 'spot') machine.spotStatus = 'running'
  machine.nodeMaxRootfsGb = world.random.int(40, 100) * 10
  return startJob(world, 'instanceMigrate', machine.id, doneAt, failing ? 'fail' : 'success')
}

export function startJob(
  world: World,
  type: Job['type'],
  instanceId: string,
  endsAt: number,
  endsAs: Job['endsAs'],
): Job {
  const job: Job = {
    id: world.random.hex(16),
    type,
    instanceId,
    state: 'running',
    error: '',
    errorMessage: '',
    createdAt: unixSeconds(world.clock.now()),
    endsAt,
    endsAs,
  }
  world.state.jobs.push(job)
  return job
}

export function endJob(job: Job, state: 'success' | 'fail' | 'break'): void {
  job.state = state
  job.endsAt = null
  if (state === 'fail') {
    job.error = 'MIGRATE_INSUFFICIENT_RESOURCE'
    job.errorMessage = 'migrate insufficient resource'
  }
}

export function toMonthly(world: World, machine: Machine, months: number): void {
  if (machine.billingMode !== 'onDemand') refuse('UNSUPPORTED_BILLING_MODE')
  const now = world.clock.now()
  const since = computeSince(world, machine)
  if (availableNanos(world) < termNanos(machine, months)) refuse('BALANCE_NOT_ENOUGH', 'balance not enough')
  if (since !== null) stopCompute(world, machine, wholeSecondFrom(now))
  machine.billingMode = 'monthly'
  if (since !== null) startCompute(world, machine, wholeSecondFrom(now))
  machine.endTime = unixSeconds(now) + months * 30 * (dayMs / secondMs)
  payTerm(world, machine, months, 'monthly_new_buy')
}

export function renew(world: World, machine: Machine, months: number): void {
  if (machine.billingMode !== 'monthly') refuse('UNSUPPORTED_BILLING_MODE')
  if (machine.status === 'toCreate' || machine.status === 'creating') refuse('CREATING_INSTANCE_NOT_SUPPORT_RENEWAL')
  if (availableNanos(world) < termNanos(machine, months)) refuse('BALANCE_NOT_ENOUGH', 'balance not enough')
  machine.endTime += months * 30 * (dayMs / secondMs)
  payTerm(world, machine, months, 'monthly_re_buy')
}

function payTerm(
  world: World,
  machine: Machine,
  months: number,
  tradeType: 'monthly_new_buy' | 'monthly_re_buy',
): void {
  world.state.oneOffs.push({
    machineId: machine.id,
    label: machine.name || null,
    at: wholeSecondFrom(world.clock.now()),
    amount: termNanos(machine, months).toString(),
    months,
    tradeType,
  })
}

function termNanos(machine: Pick<Machine, 'unitPrice' | 'gpuNum'>, months: number): bigint {
  return unitsToNanos(monthlyPrice(machine.unitPrice, months)) * BigInt(Math.max(1, machine.gpuNum))
}

/** Somebody else's machine on the same account, already running. */
export function foreignMachine(world: World, label: string | null): Machine {
  const product = products.find((one) => one.id === '4090.16c62g') as Product
  const machine = newMachine(
    world,
    {
      via: 'v1',
      name: label ?? '',
      kind: 'gpu',
      productId: product.id,
      gpuNum: 1,
      rootfsGb: freeDiskGb,
      imageUrl: 'docker.io/library/ubuntu:24.04',
      imageAuthId: '',
      entrypoint: '',
      command: '',
      envs: [],
      ports: [{ port: 8080, type: 'http' }],
      tools: [],
      volumes: [],
      networkId: '',
      billingMode: 'onDemand',
      months: 0,
      minCudaVersion: '',
      autoMigrate: { enabled: false, includeSystemDisk: false },
    },
    {
      productName: product.name,
      clusterId: 'us-ca-6',
      cpuNum: product.cpuPerGpu,
      memoryGb: product.memoryPerGpu,
      unitPrice: unitPrice(world, product, 'onDemand'),
    },
  )
  machine.foreign = true
  world.state.machines.push(machine)
  enter(world, machine, { at: unixSeconds(world.clock.now()) * secondMs, to: 'running' })
  return machine
}

function twoSteps(
  world: World,
  machine: Machine,
  [queued, doing, done]: [Status, Status, Status],
  pacedMs: number | undefined,
  [fromS, toS]: [number, number],
): void {
  const now = world.clock.now()
  const queueMs = world.random.int(1, 3) * secondMs
  const workMs = world.random.int(fromS, toS) * secondMs
  machine.status = queued
  machine.plan = [
    { at: moveAt(world, now, pacedMs === undefined ? undefined : pacedMs / 3, queueMs), to: doing },
    { at: moveAt(world, now, pacedMs, queueMs + workMs), to: done },
  ]
}

function moveAt(world: World, at: number, pacedMs: number | undefined, drawnMs: number): number {
  return pacedMs !== undefined ? wholeSecondFrom(at + pacedMs) : later(world, at, drawnMs)
}

/** The console hides start, stop and restart while a job has the machine. */
function refuseWhileBusy(world: World, machine: Machine): void {
  if (world.state.jobs.some((job) => job.instanceId === machine.id && job.endsAt !== null)) refuse('OPERATION_LIMIT')
}

function takeSoldOut(
  world: World,
  hows: readonly SoldOutHow[],
  wish: Pick<Wish, 'productId' | 'billingMode'>,
): SoldOutHow | null {
  const product = products.find((one) => one.id === wish.productId)
  const order = world.state.soldOut.find(
    (one) => hows.includes(one.how) && matches(one.matching, wish.productId, product?.name ?? '', wish.billingMode),
  )
  if (!order) return null
  order.left -= 1
  if (order.left <= 0) world.state.soldOut = world.state.soldOut.filter((other) => other !== order)
  return order.how
}

function refuseCapacity(how: SoldOutHow): never {
  switch (how) {
    case 'cluster_status':
      return refuse('CLUSTER_STATUS')
    case 'node_status':
      return refuse('NODE_STATUS')
    case 'gpu_spec_used':
      return refuse('GPU_SPEC_USED')
    case 'quota':
      return refuse('RATE_LIMIT_EXCEEDED')
    default:
      return refuse('INSUFFICIENT_RESOURCE')
  }
}

function takeFailure(world: World, machine: Machine): FailStartHow | null {
  const { state, random } = world
  const unlucky = random.chance(state.settings.chances.failStart)
  const drawn = random.pick<FailStartHow>(['bad_image', 'no_resource', 'no_resource', 'stuck', 'image_auth'])
  const order = state.failing.find((one) => matches(one.matching, machine.productId, machine.productName))
  if (!order) return unlucky ? drawn : null
  order.left -= 1
  if (order.left <= 0) state.failing = state.failing.filter((other) => other !== order)
  return order.how
}
