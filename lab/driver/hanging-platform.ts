export interface HangingPlatform extends Disposable {
  readonly url: string
  /** How many connections it has accepted. */
  readonly connections: number
}

/** Accepts every connection and answers none. */
export function startHangingPlatform(): HangingPlatform {
  let connections = 0
  const open = (): void => {
    connections++
  }
  const server = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { open, data: () => {} } })
  return {
    url: `http://127.0.0.1:${server.port}`,
    get connections() {
      return connections
    },
    [Symbol.dispose]: () => server.stop(true),
  }
}
