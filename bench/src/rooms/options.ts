import type { Pace } from '../compare.ts'

/** What a room of the bench is run with. */
export type Options = {
  pace: Pace
  /** Of a room that goes on for so long, by so many calls a second. */
  soak: { minutes: number; rps: number }
  /** For the databases; it is deleted afterwards. */
  folder: string
  /** As the reader would type it, for the results. */
  command: string
}
