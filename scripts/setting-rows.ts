/** Prints the README's table of settings, to paste after changing a setting. A test compares the two. */
import { SETTING_ROWS, type Setting } from '../member/settings/setting-table.ts'

export function settingTable(): string {
  return ['| Setting | Default | Value | Meaning |', '|---|---|---|---|', ...SETTING_ROWS.map(row)].join('\n')
}

function row({ name, fallback, rule, meaning, environmentOnly }: Setting): string {
  const shown = fallback === undefined ? '' : `\`${String(fallback)}\``
  const where = environmentOnly ? ' Set it in the environment: the `.env` file is in this folder.' : ''
  return `| \`${name}\` | ${shown} | ${rule} | ${meaning}${where} |`
}

if (import.meta.main) console.log(settingTable())
