/** How an agent becomes a workspace: in one command on this machine, or with the settings of the workspace. */
import { button, tried } from './dialog.js'
import { copyButton, element, plainName } from './message-text.js'

const FLAG = '--dangerously-load-development-channels plugin:molecule@molecule-channel'

/** What `./molecule join` takes for a name: it becomes the name of a folder. */
const JOINS = /^[A-Za-z0-9][\w-]{0,63}$/

/** The settings of a session, as they stand in its `.env`. */
export function settingsBlock(origin, { workspace_id, auth_token }) {
  return [
    `MOLECULE_PLATFORM_URL=${origin}`,
    `MOLECULE_WORKSPACE_IDS=${workspace_id}`,
    `MOLECULE_WORKSPACE_TOKENS=${auth_token}`,
  ].join('\n')
}

/** The line that starts a session whose state is in a folder of its own, named after the agent. */
export function claudeLine(name) {
  const folder = name.replace(/[^\w-]+/g, '-').replace(/^-+|-+$/g, '') || 'agent'
  return `MOLECULE_STATE_DIR="$HOME/.claude/channels/${folder}" claude ${FLAG}`
}

/** @param issue `mint()` resolves to `{workspace_id, auth_token}` with a new token, `invite()` to `{code}` */
export function connectSteps(member, { mint, invite }) {
  const steps = element('section', 'stack')
  const name = plainName(member.name)
  const failure = element('p', 'failure')
  failure.role = 'alert'
  steps.append(element('h3', '', 'Connect its agent'))
  if (JOINS.test(name)) {
    steps.append(
      element('p', '', 'Claude Code on this machine, in the folder of the clone:'),
      snippet(`./molecule join ${name} --start`, 'Copy the command'),
    )
  }
  steps.append(
    onDemand('A session that runs, here or elsewhere', 'Make a code', failure, async () => {
      const { code } = await invite()
      return [
        element(
          'p',
          '',
          'Type this in the session. The code is good once, for ten minutes; from another machine, only over https.',
        ),
        snippet(`/molecule:configure ${location.origin}#${code}`, 'Copy the line'),
      ]
    }),
    onDemand('By hand, or another program', 'Make a token and show the settings', failure, async () => [
      element(
        'p',
        '',
        'Put these settings into the .env file of the session’s state folder. The token is shown once.',
      ),
      snippet(settingsBlock(location.origin, await mint()), 'Copy the settings'),
      element('p', '', 'Then start Claude Code with that folder:'),
      snippet(claudeLine(name), 'Copy the line'),
    ]),
    failure,
  )
  return steps
}

/** Something secret, which is made only when it is asked for. */
function onDemand(title, label, failure, make) {
  const details = element('details', '')
  const place = element('div', 'stack')
  place.append(button(label, '', () => tried(failure, async () => place.replaceChildren(...(await make())))))
  details.append(element('summary', '', title), place)
  return details
}

function snippet(text, label) {
  const frame = element('div', 'snippet')
  const block = element('pre', '', text)
  block.tabIndex = 0
  block.role = 'group'
  block.ariaLabel = label.replace('Copy', 'Text of')
  const copy = copyButton('Copy', () => text)
  copy.ariaLabel = label
  frame.append(block, copy)
  return frame
}
