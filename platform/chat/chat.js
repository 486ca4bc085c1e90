/**
 * The web chat: the team, the conversations, and the composer. The platform's rows are authoritative; its events only say
 * when to read them.
 */
import { Composer } from './composer.js'
import { ConversationView } from './conversation-view.js'
import { Drawer } from './drawer.js'
import { entriesOf, isForPerson, readRows } from './entries.js'
import { toRead } from './events.js'
import { keep, recall } from './kept.js'
import { KeyedList } from './keyed-list.js'
import { plainName } from './message-text.js'
import { Notices } from './notices.js'
import { Outbox } from './outbox.js'
import { Pace } from './pace.js'
import { verdictText } from './permissions.js'
import { subtitleOf } from './presence.js'
import { Problem } from './problem.js'
import { ReceiptWatch } from './receipt-watch.js'
import { receiptsFor } from './receipts.js'
import { TaskPanel } from './task-list.js'
import { inTree, showTotal, TEAM, teamItems } from './team-list.js'
import { TeamLog } from './team-log.js'
import { Tools } from './tools.js'
import { Unread } from './unread.js'
import { Waiting } from './waiting.js'

const QUIET_POLL_MS = 30_000
const BLIND_POLL_MS = 3_000
/** Rows among which a message is that was sent a moment ago. */
const RECENT = 500
const LOG_PACE_MS = 300
const TEAM_PACE_MS = 1_000
/** How many pages one click reads back for an agent that said little. */
const MAX_OLDER_PAGES = 10

const byId = (id) => document.getElementById(id)

export class Chat {
  #client
  #log
  #members = []
  #chosen
  #entries = []
  #tasks = new Map()
  #taskPanel = new TaskPanel({
    nameOf: (id) => this.#nameOf(id),
    onTask: (task) => this.#showTask(task),
  })
  #view
  #outbox
  #composer
  #tools
  #drawer = new Drawer()
  #waiting
  #receipts
  #team = new KeyedList(byId('members'))
  #unread = new Unread(() => this.#show())
  #notices = new Notices((id) => this.#choose(id))
  #problem = new Problem(() => this.#end())
  #logPace = new Pace(LOG_PACE_MS, () => this.#problem.guard(() => this.#readLog(), 'page'))
  #teamPace = new Pace(TEAM_PACE_MS, () => this.#problem.guard(() => this.#refresh(), 'page'))
  #live = false
  #onRefused
  #ended = false

  /** @param onRefused called once, when the platform no longer accepts the token */
  constructor(client, onRefused) {
    this.#client = client
    this.#log = new TeamLog(client)
    this.#waiting = new Waiting(client, () => this.#refresh())
    this.#receipts = new ReceiptWatch(this.#log, (read) =>
      this.#problem.guard(() => this.#update(read), 'page'),
    )
    this.#onRefused = onRefused
  }

  async start() {
    this.#members = await this.#client.members()
    await Promise.all([this.#log.readNew(), this.#waiting.read()])
    this.#unread.begin(this.#log.last)
    byId('sign-in').hidden = true
    byId('app').hidden = false
    this.#outbox = new Outbox(this.#client, {
      onChange: () => this.#show(),
      onSent: () => this.#problem.guard(() => this.#readLog(), 'page'),
    })
    this.#composer = new Composer((agent, text, files) => this.#outbox.add(agent, text, files))
    this.#view = new ConversationView({
      onSave: (file) => this.#problem.guard(() => this.#client.save(file)),
      load: (file) => this.#client.load(file),
      findRequest: (id) => this.#waiting.find(id),
      onTask: (task) => this.#showTask(task),
      onDecide: (request, allows) => this.#outbox.add(request.workspaceId, verdictText(request, allows), []),
      onRetry: (id) => this.#outbox.retry(id),
      onDiscard: (id) => this.#outbox.discard(id),
      onOlder: (count) => this.#problem.guard(() => this.#readOlder(count)),
      onLook: () => this.#look(),
    })
    this.#tools = new Tools(this.#client, {
      source: {
        entries: () => this.#entries,
        readOlder: () => this.#problem.guard(() => this.#readOlder(Number.POSITIVE_INFINITY)),
        isWhole: () => this.#log.atStart,
      },
      onEntry: (entry) => this.#showEntry(entry),
      onChanged: () => this.#refresh(),
      onMade: async (id) => {
        await this.#refresh()
        this.#choose(id)
      },
    })
    this.#wire()
    this.#client.listen(
      (event) => this.#onEvent(event),
      (live) => this.#onState(live),
    )
    this.#readEntries()
    this.#choose(this.#firstPage())
    this.#poll()
  }

  #wire() {
    const peers = byId('show-peers')
    peers.checked = recall('show-peers', true)
    peers.addEventListener('change', () => {
      keep('show-peers', peers.checked)
      this.#show()
    })
  }

  #firstPage() {
    const last = recall('page', undefined)
    const known = last === TEAM || this.#members.some(({ id }) => id === last)
    return known ? last : inTree(this.#members)[0]?.member.id
  }

  #nameOf = (id) => this.#members.find((member) => member.id === id)?.name ?? 'a former agent'

  #choose(id) {
    this.#chosen = id
    keep('page', id)
    this.#drawer.close()
    this.#view.open(id === TEAM ? this.#log.last : this.#unread.seenBy(id), id === TEAM)
    this.#composer.switchTo(id === TEAM ? undefined : id, plainName(this.#nameOf(id)))
    this.#show()
  }

  #readEntries() {
    const { entries, tasks } = readRows(this.#log.rows, this.#nameOf)
    this.#entries = entries
    this.#tasks = tasks
    this.#notices.tell(entries.filter(isForPerson))
    this.#outbox.settle(this.#log.rows.slice(-RECENT))
  }

  #show() {
    if (this.#view === undefined) return
    const agent = this.#chosen === TEAM ? undefined : this.#chosen
    const isEmpty = this.#members.length === 0
    const showsPeers = agent === undefined || byId('show-peers').checked
    // A question that is open has a card.
    const entries = entriesOf(isEmpty ? [] : this.#entries, agent, showsPeers).filter(
      ({ requestId }) => !this.#waiting.isOpen(requestId),
    )
    const outgoing = agent === undefined ? [] : this.#outbox.unstored(agent, this.#log.rows.slice(-RECENT))
    this.#showHead(agent)
    this.#view.show(entries, outgoing, {
      isWhole: this.#log.atStart,
      receipts: receiptsFor(entries, (id) => this.#members.find((member) => member.id === id), Date.now()),
    })
    this.#waiting.show(agent, this.#nameOf)
    this.#showTeam()
    const isHere = ({ from, to }) => agent === undefined || from === agent || to === agent
    this.#taskPanel.show([...this.#tasks.values()].filter(isHere), Date.now())
    this.#tools.showEmpty(entries.length + outgoing.length === 0)
  }

  #showHead(agent) {
    const member = this.#members.find(({ id }) => id === agent)
    const title = this.#chosen === TEAM ? 'Team timeline' : plainName(member?.name ?? 'Molecule')
    byId('title').textContent = title
    byId('subtitle').textContent =
      this.#chosen === TEAM
        ? 'Everything that is said in the team'
        : member === undefined
          ? ''
          : subtitleOf(member)
    document.querySelector('.switch').hidden = agent === undefined
    this.#tools.show(this.#members, member)
  }

  #showTeam() {
    const ids = new Set(this.#members.map(({ id }) => id))
    // Nobody can look at what a removed agent said.
    const unread = this.#unread.count(this.#entries.filter(({ row }) => ids.has(row.workspace_id)))
    const items = teamItems(this.#members, {
      chosen: this.#chosen,
      unread,
      questions: this.#waiting.count(this.#entries),
      onChoose: (id) => this.#choose(id),
    })
    this.#team.show(items)
    showTotal(unread, byId('title').textContent)
  }

  #look() {
    if (this.#chosen === TEAM || this.#chosen === undefined) return
    this.#unread.look(this.#chosen, this.#log.last)
    this.#showTeam()
  }

  #showTask(task) {
    if (this.#view.jumpTo(task.opening)) return
    this.#choose(TEAM)
    this.#view.jumpTo(task.opening)
  }

  /** On the page of the agent that it is with, or else in the timeline of the team. */
  #showEntry(entry) {
    const isPeer = entry.message.side === 'peer'
    const page = !isPeer ? entry.row.workspace_id : entry.agents.includes(this.#chosen) ? this.#chosen : TEAM
    if (isPeer && page !== TEAM) byId('show-peers').checked = true
    this.#choose(this.#members.some(({ id }) => id === page) ? page : TEAM)
    this.#view.jumpTo(entry.key)
  }

  #readLog() {
    return this.#update(() => this.#log.readNew())
  }

  async #update(read) {
    await read()
    this.#readEntries()
    this.#show()
    this.#receipts.look()
    if (await this.#waiting.readClosed(this.#entries)) this.#show()
  }

  async #readOlder(count) {
    const agent = this.#chosen === TEAM ? undefined : this.#chosen
    const enough = () => entriesOf(this.#entries, agent, true).length >= count || this.#log.atStart
    for (let pages = 0; pages < MAX_OLDER_PAGES && !enough(); pages++) {
      await this.#log.readOlder()
      this.#readEntries()
    }
    this.#show()
  }

  async #refresh() {
    const [members] = await Promise.all([this.#client.members(), this.#waiting.read()])
    this.#members = members
    await this.#readLog()
    if (this.#chosen !== TEAM && !this.#members.some(({ id }) => id === this.#chosen))
      this.#choose(this.#firstPage())
  }

  #onEvent(event) {
    const kind = toRead(event)
    if (kind === 'team') this.#teamPace.ask()
    else if (kind === 'log') this.#logPace.ask()
    else if (kind === 'receipt') {
      const { activity_id: id, state, at } = event.payload ?? {}
      this.#problem.guard(() => this.#update(() => this.#log.noteReceipt(id, { state, at })), 'page')
    }
  }

  #onState(live) {
    this.#live = live
    const text = live ? 'Live' : 'Connecting…'
    // Set only when it changes: otherwise a screen reader would announce every attempt.
    if (byId('connection').textContent !== text) byId('connection').textContent = text
    document.body.classList.toggle('offline', !live)
    this.#problem
      .guard(() => this.#refresh(), 'page')
      .then((reached) => reached && this.#outbox.retryUnreached())
  }

  /** Reads even without an event, so that a lost event costs a delay but never a message. */
  #poll() {
    setTimeout(
      async () => {
        await this.#problem.guard(() => this.#refresh(), 'page')
        if (!this.#ended) this.#poll()
      },
      this.#live ? QUIET_POLL_MS : BLIND_POLL_MS,
    )
  }

  #end() {
    if (this.#ended) return
    this.#ended = true
    this.#client.stopListening()
    this.#onRefused()
  }
}
