import { type Kysely, sql } from 'kysely'

/**
 * What contract 000 asks for beside what is there: two tables of its own, and its own two as views on ours, for whoever
 * reads them with SQL. Nothing writes to the views, and no secret is in them.
 */
export async function up(database: Kysely<unknown>): Promise<void> {
  await database.schema
    .createTable('vast_settings')
    .addColumn('instance_id', 'text', (column) => column.primaryKey())
    .addColumn('auto_destroy', 'integer', (column) => column.notNull())
    .addColumn('start_command', 'text')
    .addColumn('model_name', 'text')
    .addColumn('max_model_len', 'integer')
    .addColumn('made_at', 'bigint', (column) => column.notNull())
    .execute()
  await database.schema
    .createIndex('vast_settings_auto_destroy')
    .on('vast_settings')
    .columns(['auto_destroy', 'instance_id'])
    .execute()

  // What no event and no call to the marketplace tells: requests that were refused before there was an instance.
  await database.schema
    .createTable('vast_refusals')
    .addColumn('id', 'integer', (column) => column.primaryKey().autoIncrement())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('operation', 'text', (column) => column.notNull())
    .addColumn('command', 'text', (column) => column.notNull())
    .addColumn('error_message', 'text', (column) => column.notNull())
    .addColumn('duration_ms', 'bigint', (column) => column.notNull())
    .addColumn('metadata', 'text', (column) => column.notNull())
    .execute()
  await database.schema.createIndex('vast_refusals_at').on('vast_refusals').column('at').execute()

  await sql`create view vast_instances as ${sql.raw(instances)}`.execute(database)
  await sql`create view vast_execution_logs as ${sql.raw(logs)}`.execute(database)
}

const iso = (column: string) => `strftime('%Y-%m-%dT%H:%M:%fZ', ${column} / 1000.0, 'unixepoch')`

/** As in `core/vast-face/status-word.ts`; a test holds the two together. */
const wordOf = (status: string, leaving: string) => `case ${status}
    when 'requested' then 'creating'
    when 'launching' then 'creating'
    when 'starting' then 'creating'
    when 'interrupted' then 'creating'
    when 'running' then 'running'
    when 'ready' then case when serves_vllm = 1 then 'running_vllm' else 'running' end
    when 'stopped' then 'exited'
    when 'failed' then 'failed'
    when 'terminated' then 'destroyed'
    else ${leaving}
  end`

const usd = (nanos: string) => `${nanos} / 1000000000.0`

/**
 * Instances at Vast, each with its newest machine, or the offer it is expected on. Columns as contract 000 names them. Its
 * number is that of the event that tells of its beginning.
 */
const instances = `
  select
    (select min(events.id) from events where events.instance_id = one.instance_id) as id,
    instance_id,
    json_extract(offer, '$.externalId') as offer_id,
    image_name,
    ${wordOf('status', wordOf('was', `'running'`))} as status,
    coalesce(json_extract(endpoints, '$[0].host'), json_extract(ssh, '$.host')) as public_ip,
    json_extract(ssh, '$.port') as ssh_port,
    (
      select json_group_object(
        json_extract(value, '$.containerPort'),
        json_object('external_ip', json_extract(value, '$.host'), 'external_port', json_extract(value, '$.port'))
      )
      from json_each(endpoints)
    ) as port_mappings,
    start_command,
    ${usd('price_nano')} as cost_per_hour,
    json_object(
      'gpu_name', replace(json_extract(offer, '$.gpu.spelling'), '_', ' '),
      'num_gpus', json_extract(offer, '$.gpu.count'),
      'gpu_ram', json_extract(offer, '$.gpu.memoryGb')
    ) as gpu_info,
    auto_destroy,
    template_name,
    model_name,
    max_model_len as max_model_length,
    ${usd('price_nano')} as dph_total,
    json_extract(offer, '$.details.cpu_name') as cpu_name,
    json_extract(offer, '$.cpuCores') as cpu_cores,
    json_extract(offer, '$.ramGb') as ram,
    json_extract(offer, '$.cudaMax') as cuda_max_good,
    case when status = 'terminated' then ${iso('ended_at')} end as destroyed_at,
    ${iso('made_at')} as created_at,
    ${iso('coalesce((select max(at) from events where events.instance_id = one.instance_id), status_since)')} as updated_at
  from (
    select
      instances.id as instance_id,
      instances.status,
      instances.status_since,
      instances.created_at as made_at,
      instances.ended_at,
      json_extract(instances.wish, '$.image') as image_name,
      json_extract(instances.wish, '$.template.name') as template_name,
      case
        when instances.wish like '%"VLLM_MODEL_NAME"%' and json_extract(instances.wish, '$.health.port') is not null then 1
        else 0
      end as serves_vllm,
      case
        when instances.status in ('stopping', 'terminating') then (
          select json_extract(events.before, '$.status') from events
          where events.instance_id = instances.id and events.kind = 'status' and events.status = instances.status
          order by events.id desc limit 1
        )
      end as was,
      coalesce(launches.offer, json_extract(instances.wish, '$.expected.offer')) as offer,
      coalesce(
        launches.comparable_price_nano
          + coalesce(
              launches.price_nano - cast(json_extract(launches.offer, '$.pricePerHour."$nanos"') as bigint),
              0
            ),
        cast(json_extract(instances.wish, '$.expected.price."$nanos"') as bigint)
      ) as price_nano,
      coalesce(launches.ssh, json_extract(launches.last_addresses, '$.ssh')) as ssh,
      coalesce(nullif(launches.endpoints, '[]'), json_extract(launches.last_addresses, '$.endpoints'), '[]') as endpoints,
      vast_settings.start_command,
      vast_settings.model_name,
      vast_settings.max_model_len,
      coalesce(vast_settings.auto_destroy, 0) as auto_destroy
    from instances
    left join launches on launches.instance_id = instances.id and launches.attempt = instances.attempt
    left join vast_settings on vast_settings.instance_id = instances.id
    where instances.provider = 'vast'
  ) one`

const metadata = `(
      select json_object(
        'offer_id', about.offer_id,
        'template_name', about.template_name,
        'gpu_info', json(about.gpu_info),
        'cost_per_hour', about.cost_per_hour
      )
      from vast_instances about where about.instance_id = logged.instance_id
    )`

/** What happened to instances at Vast, every call that was made for one, and requests that were refused. */
const logs = `
  select
    3 * id as id,
    instance_id,
    case
      when kind = 'attempt' then 'select_offer'
      when kind = 'attempt_ended' then 'create_instance'
      when kind <> 'status' then kind
      when status in ('requested', 'launching', 'failed') then 'create_instance'
      when status in ('starting', 'running') then 'wait_for_running'
      when status = 'ready' then 'setup_instance'
      when status in ('stopping', 'stopped') then 'stop_instance'
      when status in ('terminating', 'terminated') then 'destroy_instance'
      else status
    end as operation,
    coalesce(json_extract(data, '$.action'), because, kind) as command,
    case when success = 1 then message end as result,
    case when success = 0 then message end as error_message,
    case
      when begins = 1 then 0.0
      else (
        at - (
          select earlier.at from events earlier
          where earlier.instance_id = logged.instance_id and earlier.id < logged.id
          order by earlier.id desc limit 1
        )
      ) / 1000.0
    end as execution_time,
    success,
    ${metadata} as metadata,
    ${iso('at')} as created_at,
    ${iso('at')} as updated_at
  from (
    select
      events.*,
      case
        when kind in ('attempt_ended', 'alarm') or events.status in ('failed', 'interrupted') then 0
        else 1
      end as success,
      -- What begins something has taken no time yet; anything else tells what came of it.
      case
        when kind = 'order' or events.status in ('requested', 'stopping', 'terminating', 'interrupted') then 1
        when not exists (
          select 1 from events earlier where earlier.instance_id = events.instance_id and earlier.id < events.id
        ) then 1
        else 0
      end as begins
    from events
    where kind <> 'charge' and exists (
      select 1 from instances where instances.id = events.instance_id and instances.provider = 'vast'
    )
  ) logged
  union all
  select
    3 * id + 1,
    instance_id,
    case operation when 'launch' then 'create_instance' when 'terminate' then 'destroy_instance' else operation end,
    method || ' ' || path,
    case when success = 1 then outcome end,
    case when success = 0 then coalesce(error, outcome) end,
    duration_ms / 1000.0,
    success,
    ${metadata},
    ${iso('at')},
    ${iso('at')}
  from (
    select operations.*, case when outcome in ('2xx', '3xx') then 1 else 0 end as success
    from operations
    where provider = 'vast' and instance_id is not null
  ) logged
  union all
  select
    3 * id + 2, null, operation, command, null, error_message, duration_ms / 1000.0, 0, metadata, ${iso('at')}, ${iso('at')}
  from vast_refusals`
