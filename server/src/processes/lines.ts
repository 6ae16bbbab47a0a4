import { ProgramFailed } from './program-failed.ts'

const MAX_LINE_BYTES = 4 * 1024 * 1024
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024
const NEWLINE = 0x0a

/** Cuts output into lines as it comes, and refuses what would fill the memory. A character may be split between pieces. */
export function createLineSplitter() {
  let begun: Buffer[] = []
  let begunBytes = 0
  let total = 0

  function take(piece: Buffer): string {
    const line = Buffer.concat([...begun, piece]).toString('utf8')
    begun = []
    begunBytes = 0
    return line
  }

  return {
    *push(piece: Buffer): Generator<string> {
      total += piece.length
      if (total > MAX_OUTPUT_BYTES) throw new ProgramFailed('protocol', 'The program printed more than 64 MB')
      let from = 0
      for (let end = piece.indexOf(NEWLINE); end !== -1; end = piece.indexOf(NEWLINE, from)) {
        yield take(piece.subarray(from, end))
        from = end + 1
      }
      begun.push(piece.subarray(from))
      begunBytes += piece.length - from
      if (begunBytes > MAX_LINE_BYTES)
        throw new ProgramFailed('protocol', 'The program printed a line longer than 4 MB')
    },
    /** What stands behind the last line. */
    rest: () => take(Buffer.alloc(0)),
  }
}
