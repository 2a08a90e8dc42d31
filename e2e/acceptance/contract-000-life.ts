import { fromTemplate, logOf, minute, offers, rentals, rowOf, untilRow, vastWorld, wordOf } from './contract-000-kit.ts'
import { expectThat, type Lab } from './lab.ts'

/** One instance from its creation to its end, looked at on the way; made once. */
async function life(lab: Lab) {
  const { world, vllm } = await vastWorld(lab)
  vllm.answers = false
  const [offer] = await offers(world, { gpu_name: 'RTX4090', num_gpus: 1, rentable: true, limit: 1 })
  expectThat(offer, 'no RTX 4090 is on sale')
  const rented = rentals(world)
  const answer = await fromTemplate(world, `template_name=high_performance&offer_id=${offer.id}`, {
    custom_config: { vllm_max_model_len: 4_096 },
    hf_hub_token: 'hf_a_secret_of_this_check',
  })
  const id: string = answer.instance_id
  const get = async (path = '') => (await world.call('GET', `/api/vast/instances/${id}${path}`)).body
  const atOnce = { row: rowOf(world, id), body: await get(), log: logOf(world, id) }
  // Nobody asks the server anything from here on, but for reading the file.
  const runningRow = await untilRow(world, id, 'running')
  const running = { row: runningRow, enhanced: await get('/enhanced') }
  vllm.answers = true
  const servingRow = await untilRow(world, id, 'running_vllm')
  await world.pass(95 * minute)
  const serving = { row: servingRow, body: await get(), enhanced: await get('/enhanced') }
  vllm.answers = false
  await untilRow(world, id, 'running')
  vllm.answers = true
  await untilRow(world, id, 'running_vllm')
  const ended = await world.call('DELETE', `/api/vast/instances/${id}`)
  const leaving = await wordOf(world, id)
  const endedRow = await untilRow(world, id, 'destroyed')
  await world.pass(5_000)
  const machines = world.simulators.vast.marketplace.machines().filter((machine) => machine.billing).length
  return {
    id,
    offer,
    answer,
    atOnce,
    running,
    serving,
    rented,
    ended,
    leaving,
    endedRow,
    log: logOf(world, id),
    history: await get('/history'),
    machines,
  }
}
export const theLife = (lab: Lab) => lab.shared('a life at Vast', life)

/** A world in which nothing is changed but that instances are made in it. */
export const market = (lab: Lab) => lab.shared('creations at Vast', async (lab) => (await vastWorld(lab)).world)
