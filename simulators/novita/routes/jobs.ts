import { json } from '../../kit/controlled.ts'
import { bodyOf, type Call, machineOf, pageOf, queryNumber, type Route, textIn } from '../call.ts'
import { endJob, startJob } from '../machines.ts'
import { refuse, wrongState } from '../replies.ts'
import { later, secondMs } from '../state.ts'
import { jobView } from '../views-v1.ts'

const base = '/gpu-instance/openapi/v1'

export const jobRoutes: Route[] = [
  { method: 'GET', path: `${base}/jobs`, answer: list },
  { method: 'POST', path: `${base}/job/break`, answer: breakJob },
  { method: 'POST', path: `${base}/job/save/image`, answer: saveImage },
]

function list(call: Call) {
  const { world, query } = call
  const from = queryNumber(call, 'startTime', 0)
  const until = queryNumber(call, 'endTime', 0)
  const found = world.state.jobs
    .filter((job) => !query.get('jobId') || job.id === query.get('jobId'))
    .filter((job) => !query.get('type') || job.type === query.get('type'))
    .filter((job) => !query.get('state') || job.state === query.get('state'))
    .filter((job) => job.createdAt >= from && (until === 0 || job.createdAt <= until))
    .filter(() => !query.get('creators') || query.get('creators') === world.state.userId)
    .reverse()
  const { items, total } = pageOf(call, found)
  return json(200, { jobs: items.map((job) => jobView(world, job)), total })
}

function breakJob(call: Call) {
  const id = textIn(bodyOf(call), 'jobId', { min: 1, max: 255 })
  const job = call.world.state.jobs.find((one) => one.id === id) ?? refuse('JOB_NOT_FOUND')
  if (job.type !== 'saveImage') refuse('MIGRATION_JOB_NOT_BREAKABLE')
  if (job.endsAt === null) wrongState()
  endJob(job, 'break')
  return json(200, { jobId: job.id })
}

function saveImage(call: Call) {
  const { world } = call
  const body = bodyOf(call)
  const machine = machineOf(call, textIn(body, 'instanceId', { min: 1, max: 255 }), 'v1')
  textIn(body, 'image', { min: 1, max: 4095 })
  if (machine.status !== 'running') wrongState()
  const endsAt = later(world, world.clock.now(), world.random.int(60, 300) * secondMs)
  return json(200, { jobId: startJob(world, 'saveImage', machine.id, endsAt, 'success').id })
}
