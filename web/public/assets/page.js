// One plain page: what is running, as it changes. Data comes from the same API that everybody uses.

const get = (id) => document.getElementById(id)
const busy = new Set(['requested', 'launching', 'starting', 'running', 'interrupted', 'stopping', 'terminating'])
let key = ''

async function call(path) {
  const reply = await fetch(path, key === '' ? {} : { headers: { 'x-api-key': key } })
  const body = await reply.json()
  if (!reply.ok) throw Object.assign(new Error(`${body.error}. ${body.fix}.`), { status: reply.status })
  const market = reply.headers.get('x-market')
  get('market').hidden = market === null
  get('market').textContent = market ?? ''
  return body.data
}

async function show() {
  try {
    const instances = await call('/api/v1/instances?status=active&limit=200')
    get('key').hidden = true
    get('trouble').hidden = true
    render(instances)
  } catch (error) {
    get('key').hidden = error.status !== 401
    get('trouble').hidden = false
    get('trouble').textContent = error.status ? error.message : 'The server does not answer. Is it still running?'
    get('summary').textContent = ''
    get('instances').hidden = true
    get('empty').hidden = true
  }
}

function render(instances) {
  const perHour = instances.reduce((sum, one) => sum + Number(one.cost_per_hour_usd), 0)
  get('summary').textContent =
    instances.length === 0
      ? 'No machine is being billed.'
      : `${instances.length} ${instances.length === 1 ? 'instance' : 'instances'}, $${perHour.toFixed(4)} per hour`
  get('instances').hidden = instances.length === 0
  get('empty').hidden = instances.length > 0
  get('instances').tBodies[0].replaceChildren(...instances.map(row))
}

function row(one) {
  const tone = one.status === 'ready' ? 'good' : one.status === 'failed' ? 'bad' : busy.has(one.status) ? 'busy' : ''
  const cells = [
    cell(one.name, one.label === null ? '' : one.id),
    cell(one.status, one.because_text, `status ${tone}`),
    cell(one.gpu_model === null ? 'any' : `${one.gpu_count}x ${one.gpu_model}`, one.market.replace('_', '-')),
    cell(one.provider ?? '', one.region ?? ''),
    cell(one.price_per_hour_usd === null ? '' : `$${Number(one.price_per_hour_usd).toFixed(4)}`, '', 'number'),
    cell(`$${Number(one.cost_so_far_usd).toFixed(4)}`, '', 'number'),
    reach(one),
  ]
  const tr = document.createElement('tr')
  tr.append(...cells)
  return tr
}

function cell(text, quiet, className = '') {
  const td = document.createElement('td')
  const main = document.createElement('span')
  main.textContent = text
  main.className = className
  if (className === 'number') td.className = 'number'
  td.append(main)
  if (quiet !== '') {
    const small = document.createElement('span')
    small.className = 'quiet'
    small.textContent = quiet
    td.append(small)
  }
  return td
}

function reach(one) {
  const td = document.createElement('td')
  if (one.ssh !== null) {
    const code = document.createElement('code')
    code.textContent = one.ssh.command
    td.append(code)
  }
  for (const { container_port: port, url, host, port: outside } of one.endpoints) {
    const small = document.createElement('span')
    small.className = 'quiet'
    small.textContent = `${port} → ${url ?? `${host}:${outside}`}`
    td.append(small)
  }
  return td
}

get('key').addEventListener('submit', (event) => {
  event.preventDefault()
  key = new FormData(event.target).get('key')
  show()
})

// Live changes where the browser may listen; it cannot send a key with an event stream, so with one it asks again.
let waiting
const soon = () => {
  clearTimeout(waiting)
  waiting = setTimeout(show, 300)
}
const events = new EventSource('/api/v1/events')
for (const kind of ['status', 'attempt', 'attempt_ended', 'order', 'leftover_gone', 'alarm'])
  events.addEventListener(kind, soon)
events.addEventListener('error', () => events.readyState === EventSource.CLOSED && events.close())
setInterval(show, 10_000)
show()
