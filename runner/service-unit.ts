/** The text of a service that runs a command line, for systemd or launchd. Pure. */
import { quoteValue } from '../member/settings/setting-text.ts'
import { EXIT } from './exit-code.ts'

export interface ServiceCommand {
  readonly argv: readonly string[]
  readonly folder: string
  /** The PATH that backends need. */
  readonly path: string
  /** Tells this service apart from others of the same kind. */
  readonly name: string
}

/**
 * A service manager restarts a program that failed, but not one that was told wrongly. One that was refused, too: a
 * platform that cannot look tokens up refuses all.
 */
const FINAL_CODE = EXIT.usage
const WATCHDOG_SECS = 60

/** Why there can be no such service; undefined when there can. */
export function serviceProblem({ argv, folder, path }: ServiceCommand): string | undefined {
  // No plist can hold them, and a carriage return ends a line of a unit.
  const isWrong = (word: string): boolean => /[^\P{Cc}\n\t]/u.test(word)
  // A unit has no quotes around its folder.
  if (isWrong(folder) || /[\n\t]|[\s\\]$/.test(folder)) {
    return `The folder ${quoteValue(folder)} cannot be that of a service: a control character, or a blank or backslash at its end, would be lost. Change to another folder.`
  }
  const word = [path, ...argv].find(isWrong)
  return word === undefined
    ? undefined
    : `No service can have ${quoteValue(word)}: it holds a control character. Leave that out.`
}

export function systemdUnit({ argv, folder, path, name }: ServiceCommand): string {
  return `# ~/.config/systemd/user/molecule-${name}.service
# systemctl --user daemon-reload && systemctl --user enable --now molecule-${name}
[Unit]
Description=Molecule workspace ${name}
Wants=network-online.target
After=network-online.target

[Service]
Type=notify
NotifyAccess=all
ExecStart=${argv.map((word) => systemdWord(word).replaceAll('$', '$$$$')).join(' ')}
WorkingDirectory=${folder.replaceAll('%', '%%')}
Environment=${systemdWord(`PATH=${path}`)}
Restart=on-failure
RestartSec=5
RestartSteps=8
RestartMaxDelaySec=300
RestartPreventExitStatus=${FINAL_CODE}
WatchdogSec=${WATCHDOG_SECS}
TimeoutStopSec=20

[Install]
WantedBy=default.target
`
}

/** `%` begins a specifier; `$` a variable, but only in a command line. */
function systemdWord(word: string): string {
  const escaped = word
    .replaceAll('\\', '\\\\')
    .replaceAll('"', '\\"')
    .replaceAll('\n', '\\n')
    .replaceAll('%', '%%')
  return `"${escaped}"`
}

export function launchdPlist({ argv, folder, path, name }: ServiceCommand): string {
  const label = `dev.molecule.connect.${name}`
  const log = `${folder}/molecule-${name}.log`
  return `<?xml version="1.0" encoding="UTF-8"?>
<!-- ~/Library/LaunchAgents/${label}.plist
     launchctl bootstrap gui/$(id -u) ~/Library/LaunchAgents/${label}.plist -->
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>Label</key>
  ${xmlString(label)}
  <key>ProgramArguments</key>
  <array>
${argv.map((word) => `    ${xmlString(word)}`).join('\n')}
  </array>
  <key>WorkingDirectory</key>
  ${xmlString(folder)}
  <key>EnvironmentVariables</key>
  <dict>
    <key>PATH</key>
    ${xmlString(path)}
  </dict>
  <key>RunAtLoad</key>
  <true/>
  <key>KeepAlive</key>
  <dict>
    <key>SuccessfulExit</key>
    <false/>
  </dict>
  <key>ThrottleInterval</key>
  <integer>10</integer>
  <key>ExitTimeOut</key>
  <integer>20</integer>
  <key>StandardErrorPath</key>
  ${xmlString(log)}
</dict>
</plist>
`
}

function xmlString(text: string): string {
  const escaped = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
  return `<string>${escaped}</string>`
}
