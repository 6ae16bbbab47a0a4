// How sure we are that the agent is who it says. 1 secret; 2 signed assertion; 3 and the browser's cookie; 4 and a person.

/** The `acr` values that can be reached, in order of their level. */
export const ACR_VALUES = ['aa1', 'aa2', 'aa3', 'aa4'] as const

export function acrOf(level: number): string {
  return `aa${level}`
}

/** The lowest level that satisfies `acr_values` (OIDC Core §3.1.2.1), 0 when none is asked for, undefined when none of them is ours. */
export function levelAsked(acrValues: string | null | undefined): number | undefined {
  if (!acrValues) return 0
  const levels = acrValues.split(' ').flatMap((acr) => {
    const index = ACR_VALUES.indexOf(acr as (typeof ACR_VALUES)[number])
    return index < 0 ? [] : [index + 1]
  })
  return levels.length === 0 ? undefined : Math.min(...levels)
}

/** RFC 8176 §2: a secret that was sent, or a key whose possession was proved. */
export function amrOf(level: number): string[] {
  return level >= 2 ? ['pop'] : ['pwd']
}
