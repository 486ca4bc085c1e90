/** Reads the token of a workspace from a file, where it is in no environment and no list of processes. */
import { codeOf, describeError } from '../base/errors.ts'
import { plainText } from '../base/plain-text.ts'
import { usage } from './command-line.ts'
import { readGivenFile } from './given-file.ts'

/** @throws Ending with a sentence that does not quote the file. */
export function readTokenFile(path: string): string {
  const name = `The token file ${plainText(path, 500)}`
  const token = read(path, name).trim()
  if (token === '') throw usage(`${name} is empty: put the token of the workspace into it.`)
  if (/\s/.test(token)) {
    throw usage(`${name} holds more than one word: it must hold one token and nothing else.`)
  }
  return token
}

function read(path: string, name: string): string {
  try {
    const text = readGivenFile(path)
    if (text === undefined) throw usage(`${name} is too large to hold one token.`)
    return text
  } catch (error) {
    if (codeOf(error) === 'ENOENT') throw usage(`${name} does not exist: correct the path, or create it.`)
    if (codeOf(error) === 'EISDIR') throw usage(`${name} is a folder: name the file in it.`)
    if (codeOf(error) === undefined) throw error
    throw usage(`${name} cannot be read (${describeError(error)}): change its owner or mode.`)
  }
}
