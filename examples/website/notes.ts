import { greetingName, ownerName } from './greeting.ts'
import type { Profile } from './sign-in.ts'

export const LONGEST_NOTE = 280
const MOST_NOTES = 50

export interface Note {
  text: string
  author: string
  owner: string | undefined
  model: string | undefined
  writtenAt: Date
}

export interface Notes {
  list(): readonly Note[]
  write(text: string, author: Profile, now: Date): void
}

/** In memory, newest first. */
export function createNotes(): Notes {
  const notes: Note[] = []
  return {
    list: () => notes,
    write(text, author, writtenAt) {
      // Everybody reads the notes, so the owner is named but the address is not.
      const owner = author.act_for?.name ? ownerName(author) : undefined
      notes.unshift({ text, author: greetingName(author), owner, model: author.model, writtenAt })
      notes.length = Math.min(notes.length, MOST_NOTES)
    },
  }
}
