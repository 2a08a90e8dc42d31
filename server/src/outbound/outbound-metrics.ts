import type { Metrics } from '../observability/metrics.ts'

/** What we count about everything that leaves. */
export function outboundMetrics(metrics: Metrics) {
  return {
    requests: metrics.counter(
      'gpufleet_provider_requests_total',
      'Tries, by how they ended: a class of HTTP status, 429, or the trouble that left no reply.',
      ['provider', 'account', 'operation', 'outcome'],
    ),
    requestSeconds: metrics.histogram(
      'gpufleet_provider_request_seconds',
      'From leaving to the whole reply, without waiting for limits.',
      ['provider', 'operation'],
      [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60],
    ),
    errors: metrics.counter(
      'gpufleet_provider_errors_total',
      'Requests that ended, after all repeats, with 429, a 5xx or no reply at all.',
      ['provider', 'account', 'operation', 'kind'],
    ),
    breakerState: metrics.gauge('gpufleet_provider_breaker_state', 'The circuit: 0 closed, 1 half open, 2 open.', [
      'provider',
      'account',
    ]),
    limitWaitSeconds: metrics.histogram(
      'gpufleet_provider_rate_limit_wait_seconds',
      'How long a try waited for our own rate limits.',
      ['provider', 'account'],
      [0.01, 0.1, 0.5, 1, 2, 5, 10, 20, 40, 60],
    ),
    notices: metrics.counter(
      'gpufleet_provider_notices_total',
      'What providers announced in their replies: deprecation, version_change.',
      ['provider', 'kind'],
    ),
  }
}
