/** Whether the proxy answers that the environment gives the platform. */
import { describeError } from '../../base/errors.ts'
import { type ProxyRoute, proxyOf } from '../../base/proxy.ts'
import type { ConnectTo } from '../../base/tcp.ts'
import type { Environment } from '../settings/config.ts'
import { type Check, fail, type Outcome, ok } from './check.ts'

export interface ProxyPlace {
  readonly environment: Environment
  readonly connectTo: ConnectTo
}

interface ProxyFacts {
  readonly proxy: ProxyRoute
  /** The platform that is behind it. */
  readonly platformUrl: string
  /** Why it cannot be reached. */
  readonly problem: string | undefined
}

export function proxyCheck({ environment, connectTo }: ProxyPlace, platformUrls: readonly string[]): Check {
  return {
    name: 'proxy',
    needs: ['settings'],
    probe: async () => {
      const used = platformUrls.flatMap((platformUrl) => {
        const proxy = proxyOf(platformUrl, environment)
        return proxy === undefined ? [] : [{ proxy, platformUrl }]
      })
      const first = used[0]
      if (first === undefined) return judgeProxy(undefined)
      const { host, port } = first.proxy
      const problem = await connectTo(host, port).then(() => undefined, describeError)
      return judgeProxy({ ...first, problem })
    },
  }
}

/** Pure. @param facts undefined: every platform is reached directly. */
function judgeProxy(facts: ProxyFacts | undefined): Outcome {
  if (facts === undefined) return ok('none: the platform is reached directly')
  const { proxy, platformUrl, problem } = facts
  const { variable, address } = proxy
  if (problem === undefined) return ok(`${platformUrl} is reached through ${address} (${variable})`)
  const { hostname } = new URL(platformUrl)
  return fail(
    `the proxy ${address} of ${variable} cannot be reached: ${problem}`,
    `Correct or unset ${variable}, or list ${hostname} in NO_PROXY`,
  )
}
