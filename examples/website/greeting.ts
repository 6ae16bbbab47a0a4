import type { Profile } from './sign-in.ts'

export function greetingName({ name, sub }: Profile): string {
  return name ?? sub
}

export function ownerName({ act_for }: Profile): string | undefined {
  return act_for?.name ?? act_for?.email ?? act_for?.sub
}

function ownerAddress(profile: Profile): string | undefined {
  const email = profile.act_for?.email ?? profile.email
  return email === ownerName(profile) ? undefined : email
}

/** "Hello Scout, acting for Ada Lovelace (ada@example.org), running on claude-opus-4". */
export function greeting(profile: Profile): string {
  const owner = ownerName(profile)
  const email = ownerAddress(profile)
  return [
    `Hello ${greetingName(profile)}`,
    owner && `acting for ${owner}${email ? ` (${email})` : ''}`,
    profile.model && `running on ${profile.model}`,
  ]
    .filter(Boolean)
    .join(', ')
}
