/** The member of a JSON value that a path names: `authed_user.access_token`, `0.id`. Own members only. */
export function memberAt(value: unknown, path: string): unknown {
  let found = value
  for (const name of path.split('.')) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, name)) return undefined
    found = (found as Record<string, unknown>)[name]
  }
  return found
}

/** The same where a text is wanted: ids may be numbers; an empty text is none. */
export function textAt(value: unknown, path: string): string | undefined {
  const found = memberAt(value, path)
  if (typeof found === 'number') return String(found)
  return typeof found === 'string' && found !== '' ? found : undefined
}
