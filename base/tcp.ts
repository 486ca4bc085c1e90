/** Whether anything takes connections at an address. */
import type { Clock } from './clock.ts'

/** Opens a connection and closes it. Rejects when nothing takes it. */
export type ConnectTo = (hostname: string, port: number) => Promise<void>

const LIMIT_MS = 3_000

export function tcp(clock: Pick<Clock, 'after'>): ConnectTo {
  return async (hostname, port) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const cancel = clock.after(LIMIT_MS, () => reject(new Error(`no answer within ${LIMIT_MS / 1000} s`)))
    Bun.connect({
      hostname,
      port,
      socket: {
        open: (socket) => {
          socket.end()
          resolve()
        },
        data: () => {},
        connectError: (_, error) => reject(error),
      },
    }).catch(reject)
    await promise.finally(cancel)
  }
}
