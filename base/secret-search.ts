/** Finds secrets in what is about to leave the machine: as they are, and as programs commonly encode them. Pure. */
import { MIN_SECRET_CHARS } from './redact.ts'

/** A shorter one in Base64 would be found in ordinary text by chance. */
const MIN_ENCODED_CHARS = 12
// White space, the codes of colours, and what nobody sees: as characters, and as their bytes. NUL stands between the letters
// in UTF-16.
const BREAKS =
  /(?:\u001b\[[\d:;]*[A-Za-z]|[\s\u0000\u200b-\u200d\ufeff]|\u00e2\u0080[\u008b-\u008d]|\u00ef\u00bb\u00bf)+/g

/** Secrets shorter than {@link MIN_SECRET_CHARS} are left out: they may be words. */
export class SecretSearch {
  readonly #forms: readonly string[]

  constructor(secrets: readonly string[]) {
    const long = secrets.filter((secret) => secret.length >= MIN_SECRET_CHARS)
    this.#forms = [...new Set(long.flatMap(formsOf))]
  }

  /** Also if it is broken by white space or colours. */
  isIn(text: string): boolean {
    return this.#forms.length > 0 && this.#holds(text.replace(BREAKS, ''))
  }

  /** The same for a file that comes in parts, each of which may end within a secret. */
  async isInParts(parts: AsyncIterable<Uint8Array>): Promise<boolean> {
    if (this.#forms.length === 0) return false
    const longest = Math.max(...this.#forms.map((form) => form.length))
    let end = ''
    for await (const part of parts) {
      const joined = (end + Buffer.from(part).toString('latin1')).replace(BREAKS, '')
      if (this.#holds(joined)) return true
      end = joined.slice(-longest)
    }
    return false
  }

  #holds(text: string): boolean {
    return this.#forms.some((form) => text.includes(form))
  }
}

function formsOf(secret: string): readonly string[] {
  const forms = [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)]
  return secret.length < MIN_ENCODED_CHARS ? forms : [...forms, ...hexOf(secret), ...base64Of(secret)]
}

function hexOf(secret: string): readonly string[] {
  const hex = Buffer.from(secret).toString('hex')
  return [hex, hex.toUpperCase()]
}

/** What stays of it in Base64 at each of the three places where it can begin, whatever stands around it. */
function base64Of(secret: string): readonly string[] {
  return [0, 1, 2].flatMap((before) => {
    const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(secret)])
    const whole = bytes.toString('base64').replace(/=+$/, '')
    // The first and the last character also encode what stands beside the secret.
    const from = before === 0 ? 0 : before + 1
    const to = bytes.length % 3 === 0 ? whole.length : whole.length - 1
    const form = whole.slice(from, to)
    return [form, form.replaceAll('+', '-').replaceAll('/', '_')]
  })
}
