/** `docs/messages.md`: every sentence that a person may read, made from the sources. A test compares the two. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { sentencesIn } from './sentences.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

export const MESSAGES_PATH = 'docs/messages.md'
/** What says something to people: the plugin, the runner, the platform with its page, and the programs of the launcher. */
const SOURCES = ['*.ts', '{base,member,platform,plugin,runner}/**/*.{ts,js}'] as const

const HEAD = `# Messages

Every sentence, and every clause of three words or more, that the plugin, \`molecule connect\`, \`./molecule doctor\`,
\`./molecule join\` and the local platform may show to a person: on the screen, in \`status\`, in the result of a tool, in the log, in
the chat. What is filled in is named in braces; of \`{one|another}\`, one is shown. Not here: what the tools tell the model about
themselves, the settings (in the [README](../README.md#settings)), and the options of \`molecule connect\`
([connect.md](connect.md)).

This file is made from the sources by \`./molecule build\`. To find what a message means, search this page for a part of it that
does not vary: the heading names the file that says it.
`

export function messagesDocument(): string {
  const files = SOURCES.flatMap((pattern) => [...new Bun.Glob(pattern).scanSync({ cwd: root })]).sort()
  const sections = files.flatMap((file) => {
    const sentences = sentencesIn(file, readFileSync(join(root, file), 'utf8'))
    return sentences.length === 0 ? [] : [`## ${file}\n\n${sentences.map(item).join('\n')}\n`]
  })
  return [HEAD, ...sections, ...hookSections()].join('\n')
}

/** Shell scripts: what they have the host show. */
function hookSections(): readonly string[] {
  const files = [...new Bun.Glob('hooks/*.sh').scanSync({ cwd: root })].sort()
  return files.map((file) => {
    const shown = readFileSync(join(root, file), 'utf8').matchAll(/"systemMessage":"([^"]*)"/g)
    return `## ${file}\n\n${[...shown].map(([, text = '']) => item(text)).join('\n')}\n`
  })
}

function item(sentence: string): string {
  const fence = sentence.includes('`') ? '``' : '`'
  return `- ${fence}${sentence}${fence}`
}
