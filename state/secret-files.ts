/**
 * Which files never leave the machine, whoever asks: the one list. It is about well-known places of secrets, and it
 * errs on the side of refusing. Pure: paths come in as real paths, links resolved.
 */

/** Folders none of whose files leaves; each is one or more path components in a row, in lower case. */
const SECRET_FOLDERS: readonly string[] = [
  // Keys and logins of command line programs.
  '.ssh',
  '.aws',
  '.azure',
  '.gnupg',
  '.kube',
  '.docker',
  '.gcloud',
  '.oci',
  '.terraform.d',
  '.password-store',
  '.config/gcloud',
  '.config/gh',
  '.config/glab-cli',
  '.config/hub',
  '.config/op',
  '.config/sops',
  '.config/rclone',
  '.config/doctl',
  // Key rings.
  '.local/share/keyrings',
  '.local/share/kwalletd',
  'library/keychains',
  'microsoft/credentials',
  'microsoft/protect',
  'microsoft/vault',
  // Profiles of browsers and mail programs: cookies, passwords, sessions.
  '.mozilla',
  '.thunderbird',
  '.config/google-chrome',
  '.config/chromium',
  '.config/bravesoftware',
  '.config/microsoft-edge',
  '.config/opera',
  '.config/vivaldi',
  'mozilla/firefox',
  'google/chrome',
  'application support/firefox',
  'application support/chromium',
  'application support/bravesoftware',
  'application support/microsoft edge',
  'library/cookies',
  'appdata/local/microsoft/edge',
  'appdata/local/bravesoftware',
  // The state of channel plugins, this one and others: tokens and messages.
  '.claude/channels',
]

const SECRET_NAMES: readonly RegExp[] = [
  /^\.env/,
  /\.env$/,
  // Private keys of ssh, under their usual names with anything behind them but `.pub`, or any `id_` without extension.
  /^id_(?:rsa|dsa|ecdsa|ed25519|xmss)(?:(?!\.pub$).)*$/,
  /^id_[^.]*$/,
  /^ssh_host_.*_key$/,
  /\.(?:pem|key|p8|p12|pfx|ppk|jks|keystore|kdbx?|keychain|keychain-db|agekey|ovpn)$/,
  /^[._]netrc$/,
  /^\.(?:npmrc|pypirc|pgpass|my\.cnf|mylogin\.cnf|htpasswd|dockercfg|vault-token|boto|s3cfg|git-credentials)$/,
  /^\.?credentials?(?:\.(?:json|ya?ml|toml|ini|xml|db|csv|tfrc\.json))?$/,
  /^(?:client_secret|service[-_]account).*\.json$/,
  /^application_default_credentials\.json$/,
  /^secrets?\.(?:json|ya?ml|toml|env)$/,
  /^kubeconfig$/,
  /\.tfstate(?:\.backup)?$/,
  // Claude Code: account and server settings.
  /^\.claude\.json/,
  // What was typed may hold passwords.
  /^\.\w+_history$/,
  // Stores of browsers, wherever their folder was copied to.
  /^(?:cookies|login data|web data|local state|login data for account)$/,
  /^(?:cookies\.sqlite|key[34]\.db|logins(?:-backup)?\.json|signons\.sqlite)$/,
  // Accounts of the system.
  /^g?shadow-?$/,
  /^(?:sudoers|master\.passwd)$/,
  /^wallet\.dat$/,
]

/** Not files but windows into the system: memory, environments, devices. */
const SYSTEM_FOLDERS: readonly string[] = ['/proc/', '/sys/', '/dev/', '/run/secrets/', '/var/run/secrets/']

/** How a private key in text form begins (RFC 7468, OpenSSH, PGP), under whatever name. */
const KEY_HEAD = /^\s*-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----/

/** So many bytes from the beginning of a file tell whether it is a private key. */
export const KEY_HEAD_BYTES = 128

/**
 * Why a file may not leave; undefined when nothing speaks against it. Letters count the same in either case, since
 * to some file systems they are.
 *
 * @param realPath absolute, links resolved.
 */
export function secretByPath(realPath: string): string | undefined {
  const path = realPath.normalize('NFC').toLowerCase().replaceAll('\\', '/')
  if (SYSTEM_FOLDERS.some((folder) => path.startsWith(folder))) return 'belongs to the system'
  const folders = path.slice(0, path.lastIndexOf('/') + 1)
  if (SECRET_FOLDERS.some((folder) => folders.includes(`/${folder}/`))) {
    return 'lies in a folder for keys or logins'
  }
  const name = path.slice(path.lastIndexOf('/') + 1).trim()
  return SECRET_NAMES.some((pattern) => pattern.test(name))
    ? 'is known to hold secrets by its name'
    : undefined
}

/** As {@link secretByPath}, by what the file begins with. */
export function secretByContent(head: Uint8Array): string | undefined {
  const text = Buffer.from(head.subarray(0, KEY_HEAD_BYTES)).toString('latin1')
  return KEY_HEAD.test(text) ? 'is a private key' : undefined
}
