/** A short day of a small team, told through the same requests that agents and the person make. */
import { messageRequest } from '../driver/a2a-request.ts'
import type { ChatScene } from '../driver/chat-scene.ts'
import { directFetch } from '../driver/direct-fetch.ts'
import type { Member } from '../driver/scene.ts'

const PLAN = `Here is the plan:

1. **builder** makes the export stream its rows
2. **reviewer** looks at memory and at cancelled downloads

| Step | Who | State |
|---|---|---|
| Stream the rows | builder | in work |
| Review | reviewer | next |

\`\`\`ts
for await (const row of rows(query)) {
  yield csvLine(row)
}
\`\`\`

I ask before anything is deployed.`

export async function tellStory(scene: ChatScene): Promise<void> {
  const { builder, lead, reviewer } = scene
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
  const tell = (from: Member, text: string, more: object = {}) =>
    post(from.token, `/workspaces/${from.id}/notify`, { message: text, ...more })
  const say = (from: Member, to: Member, text: string, metadata: object = {}) =>
    post(from.token, `/workspaces/${to.id}/a2a`, {
      ...messageRequest(text, {
        parts: [{ kind: 'text', text }],
        metadata,
      }),
    })
  const ask = (text: string) =>
    post(scene.platform.adminToken, `/workspaces/${lead.id}/a2a`, messageRequest(text, {}))
  const delegate = async (to: Member, id: string, task: string): Promise<void> => {
    await post(lead.token, `/workspaces/${lead.id}/delegations/record`, {
      delegation_id: id,
      target_id: to.id,
      task,
    })
    await say(lead, to, task, { delegation_id: id })
  }
  for (const member of [lead, builder, reviewer]) await present(member)
  await ask('The CSV export runs out of memory on large accounts. Can you fix that this week?')
  await tell(lead, PLAN)
  await delegate(builder, 'task-1', 'Make the CSV export stream its rows. Keep the columns as they are.')
  await say(
    builder,
    lead,
    'Done: the export streams, **4 MB** instead of 1.9 GB at a million rows.\n\n- 3 files changed\n- 12 tests added',
    { delegation_id: 'task-1' },
  )
  await delegate(
    reviewer,
    'task-2',
    'Review the streaming export: memory, and what happens when a download is cancelled.',
  )
  await ask('Thank you. Please deploy it when the review is through.')
  await tell(lead, 'I will. The review is under way; `builder` is done.')
  await present(reviewer, { active_tasks: 1, current_task: 'reviewing the streaming export' })
}
