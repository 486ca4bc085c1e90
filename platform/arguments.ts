/** The command line of `./molecule platform`, and its settings from the environment. Pure. */
import { parseArgs } from 'node:util'
import { errorText } from './base/text.ts'
import { CONTRACT_VERSIONS, type ContractVersion } from './contract/versions.ts'
import { isLoopback } from './http/origin.ts'

export interface Arguments {
  readonly port: number
  readonly host: string
  /** Undefined for the default file in the user's data folder. */
  readonly db: string | undefined
  readonly adminToken: string | undefined
  /** Host names that requests to a platform on loopback may use besides this machine's own. */
  readonly allowedHosts: readonly string[]
  readonly contract: ContractVersion
  /** Requests per minute and client address; 0 for no limit. */
  readonly rateLimit: number
  /**
   * Milliseconds without a heartbeat until an external agent counts as gone; undefined for the contract's.
   */
  readonly staleAfterMs: number | undefined
  /** Whether to write one JSON line per request to stderr. */
  readonly requestLog: boolean
}

type ParsedArguments =
  | { readonly kind: 'run'; readonly arguments: Arguments }
  | { readonly kind: 'help' }
  | { readonly kind: 'invalid'; readonly message: string }

const DEFAULT_PORT = 8080
const DEFAULT_RATE_LIMIT = 600

export const HELP = `Usage: ./molecule platform [options]

Runs a Molecule platform on this machine: one process, one SQLite file, with a web chat.

  --port N          TCP port (default ${DEFAULT_PORT}; 0 takes a free one)
  --db FILE         SQLite file, or :memory: (default: molecule-platform/platform.db in the user's data folder)
  --host H          address to listen on (default 127.0.0.1); any other needs an operator token
  --allow-host H    host name that a tunnel or container uses to reach a platform on 127.0.0.1; may be repeated
  --admin-token T   operator token, at least 16 characters (default: a new one at each start). Other users of this
                    machine can see it in the process list; set MOLECULE_ADMIN_TOKEN to hide it from them
  --contract V      wire contract to speak: v0, v1 or v2 (default v2)
  --rate-limit N    requests per minute and client address (default ${DEFAULT_RATE_LIMIT}; 0 for no limit)
  --request-log     write one JSON line per request to stderr
  --help            show this text

Environment:
  MOLECULE_ADMIN_TOKEN          operator token, unless --admin-token is given
  MOLECULE_DEPLOY_MODE          self-hosted or saas: how strictly push URLs are checked
  MOLECULE_ORG_ID               when set without a deploy mode, the mode is saas
  REMOTE_LIVENESS_STALE_AFTER   seconds without a heartbeat until an external agent counts as gone
`

const MIN_ADMIN_TOKEN = 16

export function parseArguments(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>> = {},
): ParsedArguments {
  const parsed = parseOptions(argv)
  if (parsed.kind === 'invalid') return parsed
  const { values } = parsed
  if (values.help === true) return { kind: 'help' }

  const port = Number(values.port ?? DEFAULT_PORT)
  if (!/^\d+$/.test(values.port ?? '0') || port > 65_535) {
    return invalid(`--port is ${values.port}; it must be a whole number from 0 to 65535.`)
  }
  const contract = CONTRACT_VERSIONS.find((version) => version === (values.contract ?? 'v2'))
  if (contract === undefined) {
    return invalid(`--contract is ${values.contract}; it must be one of ${CONTRACT_VERSIONS.join(', ')}.`)
  }
  const rateLimit = Number(values['rate-limit'] ?? DEFAULT_RATE_LIMIT)
  if (!/^\d{1,9}$/.test(values['rate-limit'] ?? '0')) {
    return invalid(`--rate-limit is ${values['rate-limit']}; it must be a whole number; 0 means no limit.`)
  }
  const adminToken = values['admin-token'] ?? (environment.MOLECULE_ADMIN_TOKEN || undefined)
  if (adminToken !== undefined && !/^[\x21-\x7e]{16,}$/.test(adminToken)) {
    const setting = values['admin-token'] === undefined ? 'MOLECULE_ADMIN_TOKEN' : '--admin-token'
    return invalid(`${setting} must be at least ${MIN_ADMIN_TOKEN} printable characters without spaces.`)
  }
  const stale = environment.REMOTE_LIVENESS_STALE_AFTER || undefined
  if (stale !== undefined && !/^[1-9]\d{0,8}$/.test(stale)) {
    return invalid(
      `REMOTE_LIVENESS_STALE_AFTER is ${stale}; it must be a whole number of seconds, at least 1.`,
    )
  }
  const host = values.host ?? '127.0.0.1'
  if (!isLoopback(host) && adminToken === undefined) {
    return invalid(
      `--host ${host} lets other machines connect, so it needs an operator token: set MOLECULE_ADMIN_TOKEN or --admin-token.`,
    )
  }
  return {
    kind: 'run',
    arguments: {
      port,
      host,
      db: values.db,
      adminToken,
      allowedHosts: values['allow-host'] ?? [],
      contract,
      rateLimit,
      staleAfterMs: stale === undefined ? undefined : Number(stale) * 1000,
      requestLog: values['request-log'] === true,
    },
  }
}

function parseOptions(argv: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        port: { type: 'string' },
        db: { type: 'string' },
        host: { type: 'string' },
        'admin-token': { type: 'string' },
        'allow-host': { type: 'string', multiple: true },
        contract: { type: 'string' },
        'rate-limit': { type: 'string' },
        'request-log': { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    })
    return { kind: 'values', values } as const
  } catch (error) {
    return invalid(errorText(error))
  }
}

function invalid(message: string) {
  return { kind: 'invalid', message } as const
}
