/** Finds secrets in what is about to leave the machine: as they are, and as programs commonly encode them. Pure. */
import { MIN_SECRET_CHARS } from './redact.ts'

/** A shorter one in Base64 would be found in ordinary text by chance. */
const MIN_ENCODED_CHARS = 12
// White space, and what nobody sees.
const BREAKS = /(?:\s|\u200b|\u200c|\u200d|\ufeff)+/g

/** Secrets shorter than {@link MIN_SECRET_CHARS} are left out: they may be words. */
export class SecretSearch {
  readonly #forms: readonly string[]

  constructor(secrets: readonly string[]) {
    const long = secrets.filter((secret) => secret.length >= MIN_SECRET_CHARS)
    this.#forms = [...new Set(long.flatMap(formsOf))]
  }

  /** The most bytes of one form, so that a reader of parts knows how much to keep of the last one. */
  get longest(): number {
    return Math.max(0, ...this.#forms.map((form) => form.length))
  }

  /** Also if it is broken by white space. */
  isIn(text: string): boolean {
    if (this.#forms.length === 0) return false
    const joined = text.replace(BREAKS, '')
    return this.#forms.some((form) => joined.includes(form))
  }

  isInBytes(bytes: Buffer): boolean {
    return this.#forms.some((form) => bytes.includes(form, 0, 'latin1'))
  }
}

function formsOf(secret: string): readonly string[] {
  const forms = [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)]
  return secret.length < MIN_ENCODED_CHARS ? forms : [...forms, hexOf(secret), ...base64Of(secret)]
}

function hexOf(secret: string): string {
  return Buffer.from(secret).toString('hex')
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
