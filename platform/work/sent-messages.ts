/** The messages that agents sent to agents and that are being answered now. */
import type { Delivery } from './delivery.ts'

export interface SentKey {
  readonly targetId: string
  /** Undefined for the person's side. */
  readonly senderId: string | undefined
  readonly messageId: string | undefined
}

export class SentMessages {
  /** As many as there are open requests to agents. */
  readonly #open = new Map<string, Promise<Delivery>>()

  /** A message was sent whose answer is to come. One without an id cannot be found again. */
  add(key: SentKey, sending: Promise<Delivery>): void {
    if (key.messageId === undefined) return
    const text = textOf(key)
    this.#open.set(text, sending)
    const forget = (): void => void this.#open.delete(text)
    sending.then(forget, forget)
  }

  find(key: SentKey): Promise<Delivery> | undefined {
    return this.#open.get(textOf(key))
  }
}

function textOf({ targetId, senderId = '', messageId = '' }: SentKey): string {
  return `${targetId} ${senderId} ${messageId}`
}
