/** A short day of a small team, told through the same requests that agents and the person make. */
import { messageRequest } from '../driver/a2a-request.ts'
import type { ChatScene } from '../driver/chat-scene.ts'
import { directFetch } from '../driver/direct-fetch.ts'
import type { Member } from '../driver/scene.ts'

const PLAN = `Found it: the export builds the whole file in memory. The plan:

| Step | Who | State |
|---|---|---|
| Stream the rows | **builder** | in work |
| Review, memory first | **reviewer** | next |

\`\`\`ts
for await (const row of rows(query)) {
  yield csvLine(row)
}
\`\`\``

const DONE = `Done: **4 MB** instead of 1.9 GB at a million rows.

- the columns are the same, byte for byte
- 12 tests, one of them with a cancelled download`

const DEPLOY = {
  request_id: 'kuvza',
  tool_name: 'Bash',
  description: 'Deploy the export to staging',
  input_preview: 'make deploy ENV=staging REF=streamed-export',
}

/** Ends with a request for permission and a question, which wait for the person. */
export async function tellStory(scene: ChatScene): Promise<void> {
  const { builder, lead, reviewer } = scene
  const session = await scene.host(lead, { MOLECULE_PERMISSION_RELAY: 'canvas' })
  const post = async (token: string, path: string, body: object): Promise<void> => {
    const response = await directFetch(scene.platform.url + path, {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    })
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
  }
  const present = (member: Member, more: object = {}) =>
    post(member.token, '/registry/heartbeat', { workspace_id: member.id, ...more })
  const say = (from: Member, to: Member, text: string, delegationId: string) =>
    post(
      from.token,
      `/workspaces/${to.id}/a2a`,
      messageRequest(text, { metadata: { delegation_id: delegationId } }),
    )
  const ask = (text: string) => scene.person.write(lead.id, text)
  const tell = (message: string) => session.call('send_message_to_user', { message })

  await Promise.all([present(builder), present(reviewer)])
  await ask('The CSV export runs out of memory for large accounts. Can you fix it?')
  await tell(PLAN)
  await say(lead, builder, 'Make the CSV export stream its rows. Keep the columns as they are.', 'task-1')
  await say(builder, lead, DONE, 'task-1')
  await say(lead, reviewer, 'Review the streaming export: memory, and cancelled downloads.', 'task-2')
  await present(reviewer, { active_tasks: 1, current_task: 'reviewing the streaming export' })
  await ask('Great. Deploy it to staging when the review is through.')
  session.notify('notifications/claude/channel/permission_request', DEPLOY)
  await session.call('ask_person', {
    title: 'When may it go live?',
    detail: 'Exports fail for about **two minutes** while it does.',
    choices: ['Now', 'Tonight at 22:00', 'Not this week'],
  })
}
