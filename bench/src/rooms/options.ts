import type { Pace } from '../compare.ts'

/** What a room of the bench is run with. */
export type Options = {
  pace: Pace
  /** For the databases; it is deleted afterwards. */
  folder: string
  /** As the reader would type it, for the results. */
  command: string
}
