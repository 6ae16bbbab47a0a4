/**
 * What a secret of ours, or one that passes through us, looks like, or where it stands in a link. Ids (`agent_`, `req_`)
 * are names, not secrets.
 */
const SECRETS =
  /\b(?:aas|acs|aak|ait|rt|code)_[A-Za-z0-9_-]{16,}|\bsk-[A-Za-z0-9_-]{8,}|\beyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?|\b(?:Bearer|Basic|DPoP)\s+[A-Za-z0-9._~+/=-]+|\bs1\.[A-Za-z0-9_-]+\.[A-Za-z0-9_.-]+|(?<=\breset-password\/|[?&](?:token|code)=)[^/&?#\s"']+/gi

/** Members whose value is never worth keeping, whatever it looks like. */
const SECRET_NAMES =
  /^(authorization|cookie|set-cookie|x-api-key|x-auth-agent-poll|(agent|client)_secret|agent_assertion|client_assertion|(new|current)?password|code|code_verifier|(access|refresh|id)_token|token|secret|api_key|jwk|private_key)$/i

const MAX_DEPTH = 6

/** The one redactor: everything that is logged goes through it. Errors keep their name, message and stack, redacted too. */
export function redact(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return value.replace(SECRETS, '[redacted]')
  if (typeof value !== 'object' || value === null) return value
  if (depth > MAX_DEPTH) return '[too deep]'
  if (value instanceof Error) return redactError(value, depth)
  if (Array.isArray(value)) return value.map((item) => redact(item, depth + 1))
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      redact(name) as string,
      SECRET_NAMES.test(name) ? '[redacted]' : redact(inner, depth + 1),
    ]),
  )
}

function redactError(error: Error, depth: number): object {
  return {
    name: error.name,
    message: redact(error.message),
    stack: redact(error.stack ?? ''),
    ...(error.cause !== undefined && { cause: redact(error.cause, depth + 1) }),
  }
}
