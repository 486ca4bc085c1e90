/** Secrets that a platform hands out in its answers. Kept on disk, and never printed. */
import { z } from 'zod'

export interface IssuedSecrets {
  readonly authToken?: string
  readonly inboundSecret?: string
}

/**
 * Printable ASCII, to fit a header, and long enough to be a secret: issued secrets are redacted everywhere, so a platform
 * that issued "the" could garble every line. Anything else counts as none.
 */
const secret = z
  .string()
  .regex(/^[\x21-\x7e]{16,4096}$/)
  .optional()
  .catch(undefined)

/** The secrets in an answer, whatever else it holds. */
export const issuedSecretsSchema = z
  .object({ auth_token: secret, platform_inbound_secret: secret })
  .transform(
    ({ auth_token, platform_inbound_secret }): IssuedSecrets => ({
      ...(auth_token === undefined ? {} : { authToken: auth_token }),
      ...(platform_inbound_secret === undefined ? {} : { inboundSecret: platform_inbound_secret }),
    }),
  )
