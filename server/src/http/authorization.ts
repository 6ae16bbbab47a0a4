import { ApiError } from './errors.ts'
import { decodePart } from './form.ts'

/** The token of `Authorization: Bearer` (RFC 6750 §2.1), or undefined when the header speaks another scheme or is absent. */
export function bearerToken(header: string | undefined): string | undefined {
  const match = header === undefined ? null : /^bearer +([A-Za-z0-9._~+/-]+=*) *$/i.exec(header)
  return match?.[1]
}

/** `Authorization: Basic` as OAuth means it: both halves are form-encoded (RFC 6749 §2.3.1). */
export function basicCredentials(header: string | undefined): { id: string; secret: string } | undefined {
  const match = header === undefined ? null : /^basic +(\S*) *$/i.exec(header)
  if (!match) return undefined
  const decoded = Buffer.from(match[1] ?? '', 'base64').toString()
  const colon = decoded.indexOf(':')
  if (colon < 0)
    throw new ApiError('invalid_client', 'The Basic credentials are not id:secret', { headers: BASIC_CHALLENGE })
  return { id: formDecoded(decoded.slice(0, colon)), secret: formDecoded(decoded.slice(colon + 1)) }
}

export const BASIC_CHALLENGE = { 'WWW-Authenticate': 'Basic realm="auth-agent", charset="UTF-8"' }

/** Clients that skip the encoding send a bare `%`: take that as it stands rather than refuse a right secret. */
function formDecoded(text: string): string {
  try {
    return decodePart(text)
  } catch {
    return text
  }
}
