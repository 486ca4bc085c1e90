/** Randomness, handed in like the clock so that a test can repeat a run. */

/** Returns `count` unpredictable bytes. */
export type RandomBytes = (count: number) => Uint8Array

export const systemRandom: RandomBytes = (count) => crypto.getRandomValues(new Uint8Array(count))

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

export function isUuid(text: string): boolean {
  return UUID.test(text)
}

/** A random (version 4) UUID. */
export function newUuid(random: RandomBytes): string {
  const bytes = Buffer.from(random(16))
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x40, 6)
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8)
  const hex = bytes.toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

/** A secret of 32 random bytes, as 43 characters of base64url (contract: tokens). */
export function newSecret(random: RandomBytes): string {
  return Buffer.from(random(32)).toString('base64url')
}

/** SHA-256 in hex, the only form in which a token is stored. */
export function sha256(text: string): string {
  return new Bun.CryptoHasher('sha256').update(text).digest('hex')
}
