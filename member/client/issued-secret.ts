/** What counts as a secret that a platform issues in an answer. */
import { z } from 'zod'

/**
 * Printable ASCII, since it goes into headers, and long enough to be one: an issued secret is taken out of all that is
 * said, so a platform that issues "the" could garble every line. Anything else counts as none.
 */
export const issuedSecret = z
  .string()
  .regex(/^[\x21-\x7e]{16,4096}$/)
  .optional()
  .catch(undefined)
