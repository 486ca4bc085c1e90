/** Accepts every connection and answers none. */
export function startHangingPlatform(): { readonly url: string } & Disposable {
  const server = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data: () => {} } })
  return { url: `http://127.0.0.1:${server.port}`, [Symbol.dispose]: () => server.stop(true) }
}
