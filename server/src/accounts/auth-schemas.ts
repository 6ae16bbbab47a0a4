import { z } from '@hono/zod-openapi'
import type { Config } from '../config.ts'
import { MAX_PASSWORD, MIN_PASSWORD, ownOrigins } from './better-auth.ts'

/** Of whatever is shown to somebody else in one line. */
export function lineOf(max: number) {
  return z
    .string()
    .trim()
    .min(1, 'must not be empty')
    .max(max, `must have at most ${max} characters`)
    .refine((text) => !/\p{Cc}|\p{Cf}(?<![\u200c\u200d])|[\u2028\u2029]/u.test(text), 'must be one line of text')
}

export const EmailAddress = z
  .string()
  .trim()
  .max(254, 'must have at most 254 characters')
  .pipe(z.email('must be an e-mail address'))
  .transform((text) => text.toLowerCase())
export const PersonName = lineOf(100)
export const NewPassword = z
  .string()
  .min(MIN_PASSWORD, `must have at least ${MIN_PASSWORD} characters`)
  .max(MAX_PASSWORD, `must have at most ${MAX_PASSWORD} characters`)
/** One that is checked, not set: what it is made of is nobody's business. */
export const GivenPassword = z.string().min(1, 'must not be empty').max(MAX_PASSWORD, 'is not the password')

/** Where a person goes on: below our own origin, as every browser reads it. */
export function ownLocation(config: Config) {
  const own = ownOrigins(config)
  const isOwn = (text: string) => {
    if (/[\\\p{Cc}]/u.test(text) || /%(2f|5c)/i.test(text.split(/[?#]/, 1)[0] ?? '')) return false
    if (text.startsWith('/') && !text.startsWith('//')) return URL.canParse(text, config.issuer)
    // `blob:` and the like have the origin of what stands behind them.
    return /^https?:\/\//.test(text) && URL.canParse(text) && own.includes(new URL(text).origin)
  }
  return z.string().max(2000).refine(isOwn, 'must be an address of this server')
}

/** WebAuthn Level 3 §5.1: what the browser gives back, as JSON; its inside is the verifier's to check. */
export const PasskeyResponse = z.looseObject({
  id: z.string().max(2000),
  response: z.looseObject({}),
})
