import type { Visit } from './visit.ts'

/** People's accounts, as the rest of the server sees them. */
export interface Auth {
  /** Answers a request below `/api/auth` in better-auth's way. Throws what went wrong on our side. */
  handle(request: Request, visit: Visit): Promise<Response>
  /** The token of the session cookie, if it is one that we gave. */
  sessionToken(cookies: string | undefined): string | undefined
  /** A whole Set-Cookie value that keeps the browser signed in for another while. */
  sessionCookie(token: string): string
  /** Whether it is that person's password. Takes as long for one who has none. */
  isPassword(userId: string, password: string): Promise<boolean>
  hashPassword(password: string): Promise<string>
}
