import { Counter, collectDefaultMetrics, Histogram, Registry } from 'prom-client'

/** What operators watch. Labels are from fixed sets: never an id, an address or a name. */
export interface Metrics {
  registry: Registry
  requests: Histogram<'method' | 'route' | 'status'>
  signIns: Counter<'outcome'>
  tokens: Counter<'grant'>
  /** Consents that came back, by `active`, `confirm`, or why not. */
  connections: Counter<'provider' | 'outcome'>
  /** By `refreshed`, or the kind of fault. */
  refreshes: Counter<'provider' | 'outcome'>
  /** Calls through the proxy, by the class of their status, or the kind of fault. */
  proxied: Counter<'provider' | 'outcome'>
}

export function createMetrics(): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  // Providers are what the catalogue and the operator name, so there are not many of them.
  const byProvider = (name: string, help: string) =>
    new Counter({ name, help, labelNames: ['provider', 'outcome'], registers: [registry] })
  return {
    registry,
    requests: new Histogram({
      name: 'http_server_request_duration_seconds',
      help: 'Time from the first byte of a request to its answer',
      labelNames: ['method', 'route', 'status'],
      buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5],
      registers: [registry],
    }),
    signIns: new Counter({
      name: 'auth_agent_sign_ins_total',
      help: 'Sign-ins by how they came out',
      labelNames: ['outcome'],
      registers: [registry],
    }),
    tokens: new Counter({
      name: 'auth_agent_tokens_issued_total',
      help: 'Answers of the token endpoint that carried a token',
      labelNames: ['grant'],
      registers: [registry],
    }),
    connections: byProvider('auth_agent_connections_total', 'People who came back from a provider, by how it came out'),
    refreshes: byProvider('auth_agent_connection_refreshes_total', 'Refreshes at providers by how they came out'),
    proxied: byProvider('auth_agent_proxied_requests_total', 'Calls to APIs of providers by how they came out'),
  }
}
