/** The command line of `./molecule platform`, and the settings that come from the environment. Pure. */
import { parseArgs } from 'node:util'
import { CONTRACT_VERSIONS, type ContractVersion } from './contract/versions.ts'

export interface Arguments {
  readonly port: number
  readonly host: string
  /** Undefined: the file in the user's data folder. */
  readonly db: string | undefined
  readonly adminToken: string | undefined
  /** Host names, besides those of this machine, under which a browser may reach a platform on loopback. */
  readonly allowedHosts: readonly string[]
  readonly contract: ContractVersion
  /** Requests a minute and client address; 0 for no limit. */
  readonly rateLimit: number
  /** Undefined: the window of the contract. */
  readonly staleAfterMs: number | undefined
  /** One JSON line per request on stderr. */
  readonly requestLog: boolean
}

export type ParsedArguments =
  | { readonly kind: 'run'; readonly arguments: Arguments }
  | { readonly kind: 'help' }
  | { readonly kind: 'wrong'; readonly message: string }

export const DEFAULT_PORT = 8080
const DEFAULT_RATE_LIMIT = 600

export const HELP = `Usage: ./molecule platform [options]

Runs a Molecule platform on this machine: one process, one SQLite file, with a web chat.

  --port N          TCP port (default ${DEFAULT_PORT}; 0 takes a free one)
  --db FILE         SQLite file, or :memory: (default: molecule-platform/platform.db in the user's data folder)
  --host H          address to listen on (default 127.0.0.1); any other needs an operator's token
  --allow-host H    host name by which a tunnel or container may address a platform on 127.0.0.1; may be repeated
  --admin-token T   the operator's token, at least 16 characters (default: a new one at each start). Other users of
                    the machine can read it on the command line; MOLECULE_ADMIN_TOKEN keeps it from them
  --contract V      wire contract to speak: v0, v1 or v2 (default v2)
  --rate-limit N    requests a minute and client address (default ${DEFAULT_RATE_LIMIT}; 0 is no limit)
  --request-log     one JSON line per request on stderr
  --help            this text

Environment:
  MOLECULE_ADMIN_TOKEN          the operator's token, if --admin-token is not given
  MOLECULE_DEPLOY_MODE          self-hosted or saas: how strict the guard of push URLs is
  MOLECULE_ORG_ID               without a deploy mode, its presence means saas
  REMOTE_LIVENESS_STALE_AFTER   seconds without a heartbeat until an external agent counts as gone
`

const MIN_ADMIN_TOKEN = 16
const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost'])

export function parseArguments(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>> = {},
): ParsedArguments {
  const parsed = read(argv)
  if (parsed.kind === 'wrong') return parsed
  const { values } = parsed
  if (values.help === true) return { kind: 'help' }

  const port = Number(values.port ?? DEFAULT_PORT)
  if (!/^\d+$/.test(values.port ?? '0') || port > 65_535) {
    return wrong(`--port is ${values.port}; it must be a whole number from 0 to 65535.`)
  }
  const contract = CONTRACT_VERSIONS.find((version) => version === (values.contract ?? 'v2'))
  if (contract === undefined) {
    return wrong(`--contract is ${values.contract}; it must be one of ${CONTRACT_VERSIONS.join(', ')}.`)
  }
  const rateLimit = Number(values['rate-limit'] ?? DEFAULT_RATE_LIMIT)
  if (!/^\d{1,9}$/.test(values['rate-limit'] ?? '0')) {
    return wrong(`--rate-limit is ${values['rate-limit']}; it must be a whole number, 0 for no limit.`)
  }
  const adminToken = values['admin-token'] ?? (environment.MOLECULE_ADMIN_TOKEN || undefined)
  if (adminToken !== undefined && !/^[\x21-\x7e]{16,}$/.test(adminToken)) {
    const setting = values['admin-token'] === undefined ? 'MOLECULE_ADMIN_TOKEN' : '--admin-token'
    return wrong(`${setting} must be at least ${MIN_ADMIN_TOKEN} printable characters without spaces.`)
  }
  const stale = environment.REMOTE_LIVENESS_STALE_AFTER || undefined
  if (stale !== undefined && !/^[1-9]\d{0,8}$/.test(stale)) {
    return wrong(`REMOTE_LIVENESS_STALE_AFTER is ${stale}; it must be a whole number of seconds, at least 1.`)
  }
  const host = values.host ?? '127.0.0.1'
  if (!LOOPBACK.has(host) && adminToken === undefined) {
    return wrong(
      `--host ${host} lets other machines in; give the operator's token as well, by MOLECULE_ADMIN_TOKEN or --admin-token.`,
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

function read(argv: readonly string[]) {
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
    return wrong(error instanceof Error ? error.message : String(error))
  }
}

function wrong(message: string) {
  return { kind: 'wrong', message } as const
}
