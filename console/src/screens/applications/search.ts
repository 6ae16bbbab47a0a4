import type { Application } from '../../applications.ts'

/** By what people call it, what programs call it, and where it stands. */
export function isFound({ client_id, client_name, redirect_uris }: Application, search: string): boolean {
  const text = search.trim().toLowerCase()
  return [client_name, client_id, ...redirect_uris].some((each) => each.toLowerCase().includes(text))
}
