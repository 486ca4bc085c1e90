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
  '.op',
  '.config/sops',
  '.config/age',
  '.config/rclone',
  '.config/doctl',
  '.config/containers',
  '.config/git/credential',
  '.config/heroku',
  '.config/netlify',
  '.config/configstore',
  '.config/pypoetry',
  '.config/hcloud',
  '.config/linode-cli',
  '.config/stripe',
  '.config/bitwarden cli',
  '.fly',
  '.minikube',
  '.wireguard',
  'etc/kubernetes',
  'etc/wireguard',
  'etc/openvpn',
  'etc/ssl/private',
  'etc/networkmanager/system-connections',
  'var/lib/kubelet/pki',
  // Logins and conversations of other coding assistants.
  '.codex',
  '.gemini',
  '.config/github-copilot',
  '.local/share/opencode',
  '.config/goose',
  // Key rings and password programs.
  '.config/keepassxc',
  'application support/1password',
  'application support/bitwarden',
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
  '.librewolf',
  '.zen',
  'snap/firefox',
  'snap/chromium',
  '.var/app/org.mozilla.firefox',
  '.var/app/com.google.chrome',
  '.var/app/org.chromium.chromium',
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
  // Settings with passwords, also as copies and of one machine; a template of them has none.
  /^\.env(?!\.(?:example|sample|template|dist|defaults)$)/,
  /\.env(?:\.(?:local|dev|development|test|staging|prod|production))?$/,
  // Private keys of ssh, under their usual names with anything behind them but `.pub`, or any `id_` without extension.
  /^id_(?:rsa|dsa|ecdsa|ed25519|xmss)(?:(?!\.pub$).)*$/,
  /^id_[^.]*$/,
  /^ssh_host_.*_key$/,
  /\.(?:pem|key|p8|p12|pfx|ppk|jks|jceks|bks|keystore|kdbx?|keychain|keychain-db|agekey|ovpn|kwallet|opvault|keytab)$/,
  /^wg\d+\.conf$/,
  // Logins of command line programs, wherever their folder was copied to.
  /^[._]netrc$/,
  /^\.(?:npmrc|yarnrc(?:\.yml)?|pypirc|pgpass|my\.cnf|mylogin\.cnf|htpasswd|dockercfg|vault-token|boto|s3cfg|passwd-s3fs|terraformrc|git-credentials?|gitcookies|smbcredentials|msmtprc|fetchmailrc|databrickscfg)$/,
  /^(?:pgpass\.conf|\.?rclone\.conf|terraform\.rc|krb5cc_.*|\.authinfo)$/,
  /^\.?credentials?(?:\.(?:json|ya?ml|toml|ini|xml|db|csv|tfrc\.json))?$/,
  /^(?:client_secret|service[-_]account).*\.json$/,
  /^application_default_credentials\.json$/,
  /^oauth_creds\.json$/,
  /^secrets?\.(?:json|ya?ml|toml|env)$/,
  /^(?:.*\.)?kubeconfig$/,
  /\.tfstate(?:\.backup)?$/,
  /\.tfvars(?:\.json)?$/,
  // Claude Code: account and server settings.
  /^\.claude\.json/,
  /^\.mcp\.json$/,
  // What was typed may hold passwords.
  /^\.\w+_history$/,
  /^(?:\.histfile|fish_history|consolehost_history\.txt|\.lesshst|\.viminfo)$/,
  // Stores of browsers, wherever their folder was copied to.
  /^(?:cookies|login data|web data|local state|login data for account)$/,
  /^(?:cookies\.sqlite|key[34]\.db|logins(?:-backup)?\.json|signons\.sqlite)$/,
  // Accounts of the system.
  /^g?shadow-?$/,
  /^(?:sudoers|master\.passwd)$/,
  /^wallet\.dat$/,
]

/** Names that are ordinary elsewhere, with the folder that makes them more. */
const SECRET_PLACES: readonly RegExp[] = [
  // An address in it may carry a password; so may those of the modules below.
  /\/\.git\/(?:.*\/)?config(?:\.worktree)?$/,
  /\/\.config\/git\/credentials$/,
  /\/\.cargo\/credentials(?:\.toml)?$/,
  /\/\.m2\/settings(?:-security)?\.xml$/,
  /\/\.gradle\/(?:.*\/)?gradle\.properties$/,
  /\/\.ivy2\/\.credentials$/,
  /\/\.sbt\/(?:.*\/)?[^/]*credentials[^/]*$/,
  /\/\.gem\/credentials$/,
  /\/\.bundle\/config$/,
  /\/\.composer\/auth\.json$/,
  /\/\.(?:cache\/)?huggingface\/(?:token|stored_tokens)$/,
  /\/\.kaggle\/kaggle\.json$/,
  /\/\.claude\/(?:settings[^/]*\.json|\.credentials\.json|history\.jsonl)$/,
  // What was said in sessions, and the output of every command.
  /\/\.claude\/projects\/.*\.jsonl$/,
  /\/\.cursor\/mcp\.json$/,
  /\/\.vscode\/mcp\.json$/,
  /\/\.subversion\/auth\//,
  /\/\.jupyter\/jupyter_[^/]*config\.json$/,
  /\/\.nuget\/nuget\/nuget\.config$/,
  /^\/users\/[^/]+\/library\/(?:safari|messages|mail)\//,
  /\/filezilla\/(?:sitemanager|recentservers|filezilla)\.xml$/,
]

/** What editors and people put around the name of a copy. */
const COPY = /^(?:#|\.(?=.*\.sw[a-p]$))|(?:~|#|[. -](?:bak|backup|old|orig|save|copy|sw[a-p]|\d+))+$/g

/** Not files but windows into the system: memory, environments, devices. */
const SYSTEM_FOLDERS: readonly string[] = [
  '/proc/',
  '/sys/',
  '/dev/',
  '/run/secrets/',
  '/var/run/secrets/',
  '/private/var/run/secrets/',
]

/** How a private key in text form begins, under whatever name: RFC 7468, OpenSSH, PGP, PuTTY, age, WireGuard, Google. */
const KEY_HEADS: readonly RegExp[] = [
  /^\s*-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----/,
  // Behind attributes of the key, a certificate or an introduction; then only with a key in it, since texts explain the form.
  /\n[ \t]*-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----\s*(?:[\w-]+:[^\n]*\s+)*[A-Za-z0-9+/=]{32}/,
  /^PuTTY-User-Key-File-\d/,
  /(?:^|\n)AGE-(?:SECRET-KEY|PLUGIN-[A-Z0-9-]+)-1[A-Z0-9]{20}/,
  /^\s*\[Interface\]\s(?:[^[]*\s)?PrivateKey\s*=/i,
  /^\s*\{\s*"type"\s*:\s*"service_account"/,
]

/** So many bytes from the beginning of a file tell whether it is a private key. */
export const KEY_HEAD_BYTES = 4096

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
  const name = path.slice(folders.length).trim()
  const named = [name, name.replace(COPY, '')].some(
    (spelling) =>
      SECRET_NAMES.some((pattern) => pattern.test(spelling)) ||
      SECRET_PLACES.some((pattern) => pattern.test(folders + spelling)),
  )
  return named ? 'is known to hold secrets by its name' : undefined
}

/** The folders of {@link secretByPath} that a home folder has, where each may be a link to another place. */
export function secretFoldersOf(home: string): readonly string[] {
  return SECRET_FOLDERS.map((folder) => `${home}/${folder}`)
}

/** As {@link secretByPath}, by what the file begins with. */
export function secretByContent(head: Uint8Array): string | undefined {
  const bytes = Buffer.from(head.subarray(0, KEY_HEAD_BYTES)).toString('latin1')
  // Without the marks of UTF-8 and UTF-16, and of the latter without its empty halves.
  const text = bytes.replace(/^(?:\xff\xfe|\xfe\xff|\xef\xbb\xbf)/, '').replaceAll('\0', '')
  return KEY_HEADS.some((head) => head.test(text)) ? 'is a private key' : undefined
}
