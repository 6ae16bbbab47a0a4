import { z } from 'zod'
import type { AwsCredentials, TokenSource } from './token-source.ts'

/** It becomes part of a host name. */
export const AwsRegion = z.string().regex(/^[a-z]{2,4}(-[a-z]+)+-\d{1,2}$/, 'must be a region, such as us-east-1')

/** Keys of an AWS user, as they are (contract, Models: `aws`). */
export const AwsKeys = z.object({
  region: AwsRegion,
  access_key_id: z.string().regex(/^\w{16,128}$/, 'must be an access key id, such as AKIA...'),
  secret_access_key: z.string().min(1, 'must not be empty').max(500),
  session_token: z.string().min(1, 'must not be empty').max(8000).optional(),
})
export type AwsKeys = z.output<typeof AwsKeys>

/** What does not end, and of which there is no other. */
export function staticKeys({
  access_key_id: accessKeyId,
  secret_access_key: secretAccessKey,
  session_token: sessionToken,
}: AwsKeys): TokenSource<AwsCredentials> {
  const value = { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) }
  return {
    async token(signal) {
      signal?.throwIfAborted()
      return { value, expiresAt: Number.POSITIVE_INFINITY }
    },
    refused() {},
  }
}
