export const MIN_PASSWORD = 8

export type Strength = 0 | 1 | 2 | 3

export const STRENGTHS: Record<Strength, { label: string; color: string }> = {
  0: { label: 'Too short', color: 'bg-border' },
  1: { label: 'Weak', color: 'bg-destructive' },
  2: { label: 'Fair', color: 'bg-chart-4' },
  3: { label: 'Strong', color: 'bg-brand' },
}

const KINDS = [/[a-z]/, /[A-Z]/, /\d/, /[^a-zA-Z\d]/]

/** A hint, not a rule: length counts most, then how many different characters and kinds of them there are. */
export function passwordStrength(password: string): Strength {
  if (password.length < MIN_PASSWORD) return 0
  const kinds = KINDS.filter((kind) => kind.test(password)).length
  const different = new Set(password.toLowerCase()).size
  if (different < 5 || /^(password|12345678|qwerty)/i.test(password)) return 1
  const score = password.length + 2 * kinds
  if (score >= 18) return 3
  return score >= 13 ? 2 : 1
}
