import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, isAbsolute, join } from 'node:path'
import { ApiError } from '../../http/errors.ts'

/** A program that is there, and the arguments that always come first. */
export interface Command {
  file: string
  args: readonly string[]
}

/**
 * What an operator named: a path, a name that is looked for in `path`, or a list of one of them and arguments.
 * There is no shell: a blank is part of a name.
 */
export function resolveCommand(command: string | readonly string[], path: string): Command {
  const [name = '', ...args] = typeof command === 'string' ? [command] : command
  if ([name, ...args].some((word) => word.includes('\0'))) throw refused('It holds a NUL character')
  if (isAbsolute(name)) {
    if (!isProgram(name)) throw refused('There is no program at that path that this server may run')
    return { file: name, args }
  }
  if (name === '' || name.includes('/')) throw refused('Give an absolute path, or the bare name of a program')
  const found = path
    .split(delimiter)
    .filter(isAbsolute)
    .map((directory) => join(directory, name))
    .find(isProgram)
  if (!found) throw refused('No such program in PATH; arguments are given as a list, behind the program')
  return { file: found, args }
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}

const refused = (why: string) =>
  new ApiError('validation_failed', 'The command cannot be used', { fields: { command: why } })
