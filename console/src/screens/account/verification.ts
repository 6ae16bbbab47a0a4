import { continueTo } from '../../continue-to.ts'

/** The address that a confirmation mail ends at. Absolute paths only, which better-auth checks to be of this origin. */
export function verifiedCallback(continueAt: string | undefined): string {
  const query = new URLSearchParams({ state: 'done', ...(continueAt !== undefined && { continue: continueAt }) })
  return `${continueTo('/console/verify-email')}?${query}`
}
