/** Workspaces in the page: create one, rename it, connect its agent, end its tokens, remove it. */
import { connectSteps } from './connect-steps.js'
import { button, field, form, openDialog, textInput, tried } from './dialog.js'
import { element, plainName } from './message-text.js'
import { tokenList } from './token-list.js'

const MAX_NAME = 255
const MAX_ROLE = 1000

/** @param onMade called with the id once it is there */
export function openCreation(client, members, onMade) {
  const { body, close } = openDialog('Add a workspace')
  const name = textInput('', { maxLength: MAX_NAME, required: true })
  const role = textInput('', { maxLength: MAX_ROLE })
  const parent = element('select', '')
  parent.append(
    new Option('Nobody', ''),
    ...members.map((member) => new Option(plainName(member.name), member.id)),
  )
  // Most teams have one head; a new member works below it.
  parent.value = members.find(({ parent_id: above }) => above === null)?.id ?? ''
  body.append(
    form(
      'Add',
      [
        field('Name', name),
        field('Role (what it does, for the others to know)', role),
        field('Works below', parent),
      ],
      async () => {
        const { id, connection } = await client.create({
          name: name.value.trim(),
          role: role.value.trim(),
          ...(parent.value === '' ? {} : { parent_id: parent.value }),
        })
        close()
        await onMade(id)
        const made = openDialog(`${plainName(name.value)} is there`)
        made.body.append(
          connectSteps(
            { name: name.value.trim() },
            { mint: async () => connection, invite: () => client.invite(id) },
          ),
        )
      },
    ),
  )
  name.focus()
}

/** @param onChanged called after a change; resolves once the page shows it */
export function openManagement(client, member, onChanged) {
  const { body, close } = openDialog(plainName(member.name))
  const name = textInput(member.name, { maxLength: MAX_NAME, required: true })
  const role = textInput(member.role ?? '', { maxLength: MAX_ROLE })
  const rename = form('Save', [field('Name', name), field('Role', role)], async () => {
    await client.rename(member.id, { name: name.value.trim(), role: role.value.trim() })
    await onChanged()
    close()
  })
  const tokens = tokenList(client, member)
  const connect = connectSteps(member, {
    mint: async () => {
      const minted = await client.mint(member.id)
      await tokens.show()
      return minted
    },
    invite: () => client.invite(member.id),
  })
  body.append(
    rename,
    connect,
    tokens.element,
    removal(client, member, async () => {
      close()
      await onChanged()
    }),
  )
  tokens.show()
}

function removal(client, member, onRemoved) {
  const section = element('section', 'stack')
  const failure = element('p', 'failure')
  failure.role = 'alert'
  const name = plainName(member.name)
  const first = button(`Remove ${name}`, 'danger', () => {
    const sure = button(`Remove ${name} for good`, 'danger', () =>
      tried(failure, async () => {
        await client.remove(member)
        await onRemoved()
      }),
    )
    const warning = element(
      'p',
      '',
      `${name} and all below it leave the team, and their tokens end at once. What was said stays in the log of the others.`,
    )
    section.replaceChildren(heading, warning, sure, failure)
    sure.focus()
  })
  const heading = element('h3', '', 'Remove')
  section.append(heading, first, failure)
  return section
}
