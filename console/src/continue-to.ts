/** Where one lands after signing in when nothing else is asked for. */
export const HOME = '/console'

/**
 * The address to go on to, if it is a path of this origin, else the overview. Absolute, because a normalised path can
 * begin with `//` again (`/.//elsewhere.example`) and would then lead away.
 */
export function continueTo(asked: string | undefined): string {
  const home = new URL(HOME, location.origin).href
  if (asked === undefined || !/^\/(?![/\\])/.test(asked)) return home
  const url = URL.parse(asked, location.origin)
  return url?.origin === location.origin ? url.href : home
}

/** Where this tab is, as `?continue=` wants it. */
export function here(): string {
  return location.pathname + location.search + location.hash
}

/** Not through the router: what comes after may be a page of the server's, and nothing of another session may stay. */
export function goTo(asked: string | undefined): void {
  location.assign(continueTo(asked))
}
