/** The words that start a session which receives. */

import { DEVELOPMENT_FLAG } from './host-command.ts'

/** The program and its arguments, none of which a shell would change. */
export const START_WORDS: readonly string[] = ['claude', DEVELOPMENT_FLAG, 'plugin:molecule@molecule-channel']
