import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

/**
 * One set of numbers about one running server. Nothing is global, so that two servers can live in one test.
 *
 * Each concern declares its own, in a `<concern>-metrics.ts` beside the code that counts:
 *
 *     const launches = metrics.counter('gpufleet_launches_total', 'Launches, by how they ended.', ['provider', 'outcome'])
 *     launches.inc({ provider, outcome })
 *
 * Declaring a name again gives what is there, so two of a kind may share a set.
 */
export interface Metrics {
  counter<const L extends string>(name: string, help: string, labels: readonly L[]): Counter<L>
  gauge<const L extends string>(name: string, help: string, labels: readonly L[]): Gauge<L>
  /** @param buckets  upper bounds, in the unit that the name ends with */
  histogram<const L extends string>(
    name: string,
    help: string,
    labels: readonly L[],
    buckets: readonly number[],
  ): Histogram<L>
  /** What `/metrics` answers, with the content type to send it as. */
  text(): Promise<string>
  readonly contentType: string
  /** For what the three above do not cover, such as a gauge that asks when it is read. */
  readonly registry: Registry
}

export interface MetricsOptions {
  /** Also memory, event loop and garbage collection of this process. Default false. */
  process?: boolean
}

export function createMetrics({ process = false }: MetricsOptions = {}): Metrics {
  const registry = new Registry()
  if (process) collectDefaultMetrics({ register: registry })

  /** The type of an earlier declaration is not checked: it is ours, and there is one file per name. */
  function declared<M>(name: string, create: () => M): M {
    return (registry.getSingleMetric(name) as M | undefined) ?? create()
  }

  const registers = [registry]
  return {
    counter: (name, help, labels) =>
      declared(name, () => new Counter({ name, help, labelNames: [...labels], registers })),
    gauge: (name, help, labels) => declared(name, () => new Gauge({ name, help, labelNames: [...labels], registers })),
    histogram: (name, help, labels, buckets) =>
      declared(name, () => new Histogram({ name, help, labelNames: [...labels], buckets: [...buckets], registers })),
    text: () => registry.metrics(),
    contentType: registry.contentType,
    registry,
  }
}
