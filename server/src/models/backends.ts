import type { Programs } from '../processes/programs.ts'
import type { AuthorizationWorld } from './authorization.ts'
import type { Backend } from './backend.ts'
import { type CliKind, createCliBackend } from './cli/cli-backend.ts'
import { createHttpBackend } from './http-backend.ts'
import { isProgram } from './provider-addresses.ts'
import type { ModelProvider } from './providers.ts'

export type BackendWorld = AuthorizationWorld & { processes: Programs }

/** By HTTP, or a program. Throws `validation_failed` for one that could never run as it is set up. */
export function createBackend(world: BackendWorld, provider: ModelProvider): Backend {
  if (!isProgram(provider)) return createHttpBackend(world, provider)
  const { id, kind, settings, secrets } = provider
  const config = {
    id,
    models: settings.models.map((model) => model.upstream_model ?? model.id),
    ...(settings.command !== undefined && { command: settings.command }),
    ...(settings.max_concurrent !== undefined && { processes: settings.max_concurrent }),
    ...(settings.base_url !== undefined && { baseUrl: settings.base_url }),
    ...(secrets.api_key !== undefined && { apiKey: secrets.api_key }),
  }
  return createCliBackend(kind as CliKind, config, world)
}
