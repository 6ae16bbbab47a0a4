import type { Deps } from '../context.ts'
import { UnsealError } from '../crypto/key-ring.ts'
import { ApiError } from '../http/errors.ts'

/** What a sealed record is of, for the audit log. */
interface Sealed {
  org_id: string
  target: string
  provider: string
}

/** Opens what is sealed. Throws `integrity_error` where it was altered, moved or put back, and tells the audit log. */
export async function openSealed<T>(
  { db, now }: Pick<Deps, 'db' | 'now'>,
  { org_id, target, provider }: Sealed,
  open: () => T | Promise<T>,
): Promise<T> {
  try {
    return await open()
  } catch (cause) {
    if (!(cause instanceof UnsealError)) throw cause
    const action = 'connection.integrity_error'
    await db.write(async ({ record }) =>
      record({ at: now(), org_id, actor: 'broker', action, target, detail: { provider } }),
    )
    throw new ApiError(
      'integrity_error',
      'What is stored cannot be trusted; connect the account again, and tell whoever runs this server',
      { cause },
    )
  }
}
