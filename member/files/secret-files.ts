/**
 * The one list of files that are never sent, whoever asks: well-known places of secrets, erring on the side of refusal.
 * Pure: takes real paths, with links resolved.
 */

/** Folders whose files are never sent; each is one or more consecutive path components in lower case. */
const SECRET_FOLDERS: readonly string[] = [
  // Keys and logins of command-line programs.
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
  'etc/ppp',
  'etc/wpa_supplicant',
  'etc/sssd',
  'etc/letsencrypt',
  'etc/rancher',
  'etc/pve/priv',
  'var/lib/tailscale',
  'var/lib/networkmanager',
  'var/lib/iwd',
  // Logins and conversations of other coding assistants.
  '.codex',
  '.gemini',
  '.config/github-copilot',
  '.local/share/opencode',
  '.config/goose',
  // Key rings and password managers.
  '.config/keepassxc',
  'application support/1password',
  'application support/bitwarden',
  '.local/share/keyrings',
  '.local/share/kwalletd',
  'library/keychains',
  'microsoft/credentials',
  'microsoft/protect',
  'microsoft/vault',
  // Browser and mail profiles: cookies, passwords, sessions.
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
  // State of channel plugins, this one and others: tokens and messages.
  '.claude/channels',
]

const SECRET_NAMES: readonly RegExp[] = [
  // Settings with passwords, including copies and per-machine ones, but not templates.
  /^\.env(?!\.(?:example|sample|template|dist|defaults)$)/,
  /\.env(?:\.(?:local|dev|development|test|staging|prod|production))?$/,
  // SSH private keys: the usual names followed by anything but `.pub`, or any `id_` without an extension.
  /^id_(?:rsa|dsa|ecdsa|ed25519|xmss)(?:(?!\.pub$).)*$/,
  /^id_[^.]*$/,
  /^ssh_host_.*_key$/,
  /\.(?:pem|key|p8|p12|pfx|ppk|jks|jceks|bks|keystore|kdbx?|keychain|keychain-db|agekey|ovpn|kwallet|opvault|keytab)$/,
  /^wg\d+\.conf$/,
  // Logins of command-line programs, wherever their folder was copied to.
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
  // Command histories, which may contain passwords.
  /^\.\w+_history$/,
  /^(?:\.histfile|fish_history|consolehost_history\.txt|\.lesshst|\.viminfo)$/,
  // Browser databases, wherever their folder was copied to.
  /^(?:cookies|login data|web data|local state|login data for account)$/,
  /^(?:cookies\.sqlite|key[34]\.db|logins(?:-backup)?\.json|signons\.sqlite)$/,
  // System accounts.
  /^g?shadow-?$/,
  /^(?:sudoers|master\.passwd)$/,
  /^(?:wpa_supplicant\.conf|debian\.cnf|fstab|(?:cifs|smb)-?credentials|rsyncd\.secrets|opasswd)$/,
  /^wallet\.dat$/,
  // Settings of programs on servers.
  /^(?:vault_pass(?:\.txt)?|credentials\.yml\.enc|wp-config\.php|settings\.local\.php|hosts\.yml)$/,
  /^(?:local\.settings|appsettings\.(?:production|staging|development|local))\.json$/,
  /^env\.(?:production|staging|development|local|prod|dev|test)$/,
  /^(?:docker-compose\.override|secrets?\.enc|values\.secrets?)\.(?:ya?ml|json)$/,
  // Dumps of memory and of traffic.
  /^core(?:\.\d+)?$/,
  /\.(?:core|dmp|mdmp|hprof|heapsnapshot|har|pcap|pcapng)$/,
  /^crash\.log$/,
  /^(?:.*[_-])?deploy_key$/,
  /^secring\.gpg$/,
]

/** Ordinary names, with the folders that make them secret. */
const SECRET_PLACES: readonly RegExp[] = [
  // A remote URL may carry a password, including those of submodules.
  /\/\.git\/(?:.*\/)?config(?:\.worktree)?$/,
  /\/config\/database\.ya?ml$/,
  /\/etc\/docker\/key\.json$/,
  // Where systems keep the data of programs. Of Windows, not the folder for temporary files.
  /\/snap\/[^/]+\/(?:[^/]+\/)?\./,
  /\/library\/(?:application support|group containers|containers|preferences)\//,
  /\/appdata\/(?:roaming|locallow|local(?!\/temp\/))\//,
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
  // Session transcripts, with the output of every command.
  /\/\.claude\/projects\/.*\.jsonl$/,
  /\/\.cursor\/mcp\.json$/,
  /\/\.vscode\/mcp\.json$/,
  /\/\.subversion\/auth\//,
  /\/\.jupyter\/jupyter_[^/]*config\.json$/,
  /\/\.nuget\/nuget\/nuget\.config$/,
  /^\/users\/[^/]+\/library\/(?:safari|messages|mail)\//,
  /\/filezilla\/(?:sitemanager|recentservers|filezilla)\.xml$/,
]

/** What editors and people add to the name of a copy. */
const COPY = /^(?:#|\.(?=.*\.sw[a-p]$))|(?:~|#|[. -](?:bak|backup|old|orig|save|copy|sw[a-p]|\d+))+$/g

/** Views of the system rather than files: memory, environments, devices. */
const SYSTEM_FOLDERS: readonly string[] = [
  '/proc/',
  '/sys/',
  '/dev/',
  '/run/secrets/',
  '/var/run/secrets/',
  '/private/var/run/secrets/',
]

/** How a private key in text form begins: RFC 7468, OpenSSH, PGP, PuTTY, age, WireGuard, Google. */
const KEY_HEADS: readonly RegExp[] = [
  /^\s*-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----/,
  // After key attributes, a certificate or an introduction. Requires a key body, since documentation shows the header too.
  /\n[ \t]*-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----\s*(?:[\w-]+:[^\n]*\s+)*[A-Za-z0-9+/=]{32}/,
  /^PuTTY-User-Key-File-\d/,
  /(?:^|\n)AGE-(?:SECRET-KEY|PLUGIN-[A-Z0-9-]+)-1[A-Z0-9]{20}/,
  /^\s*\[Interface\]\s(?:[^[]*\s)?PrivateKey\s*=/i,
  /^\s*\{\s*"type"\s*:\s*"service_account"/,
]

/** What gives a private key or a login away wherever it stands. */
const KEYS_ANYWHERE: readonly RegExp[] = [
  // With a key body, since documentation shows the header, too; in JSON the line break is an escape.
  /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----(?:\s|\\[nr])*(?:[\w-]+:[^\n]*\s+)*[A-Za-z0-9+/=]{32}/,
  /---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----/,
  // The same in Base64.
  /LS0tLS1CRUdJTi(?:BPUEVOU1NIIFBSSVZBVEUg|BQUklWQVRFIEtFWS|BSU0EgUFJJVkFURS|BFQyBQUklWQVRFIE|BFTkNSWVBURUQgUFJJVkFURS)/,
  /"private_key"\s*:\s*"-----BEGIN/,
  /"kty"\s*:\s*"(?:RSA|EC|OKP)"[^{}]*"d"\s*:\s*"|"d"\s*:\s*"[^"]*"[^{}]*"kty"\s*:\s*"(?:RSA|EC|OKP)"/,
  /^\s*client-key-data:\s*\S/m,
  /^machine\s+\S+\s+login\s+\S+\s+password\s+\S/m,
  /^https?:\/\/[^\s/:@]+:[^\s/@]+@[\w.-]+\/?$/m,
  // Tokens whose form tells what they are.
  /\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{50}|glpat-[\w-]{20}|xox[abprs]-[\w-]{20}|sk-ant-[\w-]{20}|npm_[A-Za-z0-9]{36})/,
  /\b(?:AWS_SECRET_ACCESS_KEY|aws_secret_access_key)["']?\s*[=:]\s*["']?[A-Za-z0-9/+]{40}/,
]

/** How many bytes from the beginning of a file are searched for private keys. */
export const KEY_HEAD_BYTES = 1024 * 1024
/** How many of these hold what a key file begins with. */
const FIRST_BYTES = 4096
/** A secret key ring of GnuPG: a secret key packet of version 4. */
const GPG_RING = /^[\x95\xc5][\s\S]{1,5}\x04/

/**
 * Why a file must not be sent by its path; undefined when nothing is known against it. Ignores case, as some file systems
 * do.
 *
 * @param realPath absolute, with links resolved.
 */
export function secretByPath(realPath: string): string | undefined {
  const path = realPath.normalize('NFC').toLowerCase().replaceAll('\\', '/')
  if (SYSTEM_FOLDERS.some((folder) => path.startsWith(folder))) return 'belongs to the system'
  const folders = path.slice(0, path.lastIndexOf('/') + 1)
  if (SECRET_FOLDERS.some((folder) => folders.includes(`/${folder}/`))) {
    return 'is in a folder for keys or logins'
  }
  const name = path.slice(folders.length).trim()
  const named = [name, name.replace(COPY, '')].some(
    (spelling) =>
      SECRET_NAMES.some((pattern) => pattern.test(spelling)) ||
      SECRET_PLACES.some((pattern) => pattern.test(folders + spelling)),
  )
  return named ? 'has the name of a file with secrets' : undefined
}

/** The secret folders in a home folder. Each may be a link. */
export function secretFoldersOf(home: string): readonly string[] {
  return SECRET_FOLDERS.map((folder) => `${home}/${folder}`)
}

/** As {@link secretByPath}, by the beginning of the file. */
export function secretByContent(head: Uint8Array): string | undefined {
  const bytes = Buffer.from(head.subarray(0, KEY_HEAD_BYTES)).toString('latin1')
  // Without byte order marks, and without the zero bytes of UTF-16.
  const text = bytes.replace(/^(?:\xff\xfe|\xfe\xff|\xef\xbb\xbf)/, '').replaceAll('\0', '')
  const first = text.slice(0, FIRST_BYTES)
  if (GPG_RING.test(bytes) || KEY_HEADS.some((pattern) => pattern.test(first))) return 'is a private key'
  return KEYS_ANYWHERE.some((pattern) => pattern.test(text)) ? 'holds a private key or a login' : undefined
}

/**
 * Whether a path is a hidden file of a home folder, or in a hidden folder of one: there programs keep logins and histories
 * under names that no list knows. Only the first name below the home counts, so that `.github` of a project does not.
 *
 * @param homes absolute; those where systems put homes are known.
 */
export function isHidden(path: string, homes: readonly string[]): boolean {
  const lower = path.toLowerCase()
  if (HIDDEN_IN_A_HOME.test(lower)) return true
  return homes.some((home) => lower.startsWith(`${home.toLowerCase().replace(/\/+$/, '')}/.`))
}

const HIDDEN_IN_A_HOME = /^(?:\/root|(?:\/mnt\/[a-z])?\/(?:home|users)\/[^/]+)\/\./
