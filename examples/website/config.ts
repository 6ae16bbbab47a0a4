export interface Config {
  host: string
  port: number
  /** The public address of this website; its path is empty. */
  baseUrl: URL
  issuer: URL
  clientId: string
  clientSecret: string
}

export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

export function readConfig(env: NodeJS.ProcessEnv): Config {
  const faults: string[] = []
  const required = (name: string) => {
    if (!env[name]) faults.push(`${name} is missing`)
    return env[name] ?? ''
  }
  const url = (name: string, value: string) => {
    const parsed = URL.parse(value)
    if (value && !/^https?:$/.test(parsed?.protocol ?? '')) faults.push(`${name} is no http(s) URL: ${value}`)
    return parsed ?? new URL('http://localhost')
  }

  const port = Number(env.PORT ?? 3000)
  if (!Number.isInteger(port) || port < 0 || port > 65535) faults.push(`PORT is no port: ${env.PORT}`)
  const config = {
    host: env.HOST ?? '127.0.0.1',
    port,
    baseUrl: url('BASE_URL', env.BASE_URL ?? `http://localhost:${env.PORT ?? 3000}`),
    issuer: url('ISSUER', required('ISSUER')),
    clientId: required('CLIENT_ID'),
    clientSecret: required('CLIENT_SECRET'),
  }

  if (faults.length > 0) throw new ConfigError(`The website cannot start:\n  ${faults.join('\n  ')}`)
  return config
}
