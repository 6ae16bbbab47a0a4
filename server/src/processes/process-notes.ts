import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { endStrays, signalGroup, startOf } from './process-group.ts'

/** What is known of a process, so that a server that starts after a crash can end what was left. */
export interface ProcessNote {
  pid: number
  /** The word in its environment that all who come from it inherit. */
  mark: string
  /** Its private directory. */
  directory: string
}

interface WrittenNote extends ProcessNote {
  started: string | undefined
  owner: { pid: number; started: string | undefined }
}

export const PRIVATE_DIRECTORY = join(tmpdir(), 'auth-agent-run-')

/** Notes of what runs, one file each, in a directory that processes of ours may share. */
export function openProcessNotes(directory: string) {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const owner = { pid: process.pid, started: startOf(process.pid) }
  const fileOf = ({ pid }: ProcessNote) => join(directory, `${pid}.json`)

  return {
    /** Does not wait: between the start of a process and its note there must be no moment. */
    write(note: ProcessNote) {
      const written: WrittenNote = { ...note, started: startOf(note.pid), owner }
      writeFileSync(fileOf(note), JSON.stringify(written), { mode: 0o600 })
    },
    remove: (note: ProcessNote) => rm(fileOf(note), { force: true }),
    /** Ends what servers that are gone have left. How many there were. */
    async reap(): Promise<number> {
      const left = readdirSync(directory)
        .filter((name) => /^\d+\.json$/.test(name))
        .map((name) => ({ file: join(directory, name), note: readNote(join(directory, name)) }))
        .filter(({ note }) => !note || !isRunning(note.owner))
      for (const { file, note } of left) {
        if (note) await endLeft(note)
        rmSync(file, { force: true })
      }
      return left.length
    },
  }
}

function readNote(file: string): WrittenNote | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as WrittenNote
  } catch {
    return undefined
  }
}

/** Numbers of processes are given again: only the start says whether it is still the same. */
const isRunning = ({ pid, started }: { pid: number; started: string | undefined }) =>
  started !== undefined && startOf(pid) === started

async function endLeft(note: WrittenNote): Promise<void> {
  if (isRunning(note)) signalGroup(note.pid, 'SIGKILL')
  await endStrays(note.mark)
  if (dirname(note.directory) === dirname(PRIVATE_DIRECTORY) && note.directory.startsWith(PRIVATE_DIRECTORY))
    await rm(note.directory, { recursive: true, force: true })
}
