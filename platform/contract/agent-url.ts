/** Where an agent takes pushes, as its workspace keeps it. Pure. */

const HOST_PORT = /^http:\/\/(?:127\.0\.0\.1|localhost):(\d+)$/
/** The port of an agent that was not told which port of this machine leads to it. */
const DEFAULT_AGENT_PORT = '8000'

/**
 * The URL after a register. One on this machine with a port of its own was assigned, and stays whatever the agent
 * says; otherwise the agent's own counts, and none clears it (contract: register, side effects).
 *
 * @param sent empty when the agent named none.
 */
export function urlAfterRegister(stored: string, sent: string): string {
  const port = HOST_PORT.exec(stored)?.[1]
  return port !== undefined && port !== DEFAULT_AGENT_PORT ? stored : sent
}
