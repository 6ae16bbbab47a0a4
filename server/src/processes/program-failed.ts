export type ProgramFailure = 'overloaded' | 'misconfigured' | 'protocol'

/** A program could not be run, or does what no program should. The message may be logged, and is not for callers. */
export class ProgramFailed extends Error {
  override readonly name = 'ProgramFailed'
  readonly reason: ProgramFailure

  constructor(reason: ProgramFailure, message: string) {
    super(message)
    this.reason = reason
  }
}
