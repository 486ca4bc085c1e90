/**
 * Decides how long a transfer may take: by its progress, since a deadline would fail every large one on a slow line. The
 * other side has a time to answer; from then on bytes must keep coming, and the whole ends within an hour.
 */
import type { Clock } from './clock.ts'

/** In each window, a body must bring this many bytes: about 1 KB a second. */
export const STALL_MS = 30_000
const FLOOR_BYTES = 32 * 1024
/** The largest file, 100 MB, needs a line of 230 kbit/s. */
export const MAX_TRANSFER_MS = 60 * 60_000

export interface TransferLimit {
  /** Aborts with a `TimeoutError`, or as the outer signal did. */
  readonly signal: AbortSignal
  /** The other side may take this many milliseconds, from now, before it sends anything. */
  readonly expectAnswer: (ms: number) => void
  /** From now on bytes must keep coming. */
  readonly expectBytes: () => void
  /** Bytes have come. */
  readonly came: (bytes: number) => void
  /** Removes the timers and the listener. Call it when the transfer is over. */
  readonly release: () => void
}

export function limitTransfer(outer: AbortSignal | undefined, clock: Pick<Clock, 'after'>): TransferLimit {
  const controller = new AbortController()
  // Not `AbortSignal.any`, which would leave a dependent on the long-lived outer signal for each transfer.
  const onOuter = (): void => controller.abort(outer?.reason)
  if (outer?.aborted) onOuter()
  else outer?.addEventListener('abort', onOuter, { once: true })
  const fail = (why: string): void => controller.abort(new DOMException(why, 'TimeoutError'))
  let bytes = 0
  let cancelPhase = (): void => {}
  const cancelWhole = clock.after(MAX_TRANSFER_MS, () => fail(`not over within ${MAX_TRANSFER_MS} ms`))
  const expectBytes = (): void => {
    cancelPhase()
    bytes = 0
    cancelPhase = clock.after(STALL_MS, () => {
      if (bytes >= FLOOR_BYTES) expectBytes()
      else fail(`only ${bytes} bytes within ${STALL_MS} ms`)
    })
  }
  return {
    signal: controller.signal,
    expectAnswer: (ms) => {
      cancelPhase()
      cancelPhase = clock.after(ms, () => fail(`no answer within ${ms} ms`))
    },
    expectBytes,
    came: (count) => {
      bytes += count
    },
    release: () => {
      cancelPhase()
      cancelWhole()
      outer?.removeEventListener('abort', onOuter)
    },
  }
}
