/**
 * Changes of this session's settings, and whose word they follow. A message can talk the model into calling a tool, so
 * the tools that change settings act only on what the person has typed: the prompt hook shows it.
 */
import type { Clock } from '../../../base/clock.ts'
import { PlatformClient } from '../../../member/client/client.ts'
import { changeEnvFile } from '../../../member/folder/env-file-change.ts'
import { readOwnTarget, writeOwnTarget } from '../../../member/folder/own-target.ts'
import type { StatePaths } from '../../../member/folder/state-folder.ts'
import type { Target } from '../../../member/settings/config.ts'

/** The skills that change settings, as a person calls them. */
export type SkillName = 'configure' | 'access'

export interface SetUpOptions {
  readonly paths: StatePaths
  readonly network: typeof fetch
  readonly clock: Clock
}

/** A person who is asked for a value answers within that time. */
const VALID_MS = 10 * 60_000
const MAX_CHARS = 64 * 1024
const COMMAND = /^\s*\/molecule:(configure|access)(?:\s|$)/
/** What the host submits as a prompt, and nobody typed: events of channels, and messages of other sessions. */
const NOT_TYPED = /^\s*<[a-z][a-z-]*[\s>]/

export class SetUp {
  readonly #options: SetUpOptions
  #skill: SkillName | undefined
  #said = ''
  #saidAt = 0
  #othersSpokeLast = false

  constructor(options: SetUpOptions) {
    this.#options = options
  }

  get envFile(): string {
    return this.#options.paths.envFile
  }

  /** The model was shown what others wrote, so what it asks for from here on may be their wish. Never throws. */
  othersSpoke(): void {
    this.#othersSpokeLast = true
    this.#forget()
  }

  /** The person typed a prompt. Never throws. */
  personSpoke(): void {
    this.#othersSpokeLast = false
  }

  /** The model was shown what others wrote since the person last typed, as far as hooks tell. */
  get othersSpokeLast(): boolean {
    return this.#othersSpokeLast
  }

  /**
   * The host submitted a prompt. Keeps it only if it calls one of the skills, or follows such a prompt. Never throws.
   *
   * @returns whether it may be one that the person typed.
   */
  prompted(prompt: string): boolean {
    if (NOT_TYPED.test(prompt)) {
      this.othersSpoke()
      return false
    }
    const skill = COMMAND.exec(prompt.slice(0, MAX_CHARS))?.[1]
    const now = this.#options.clock.now()
    if (skill === 'configure' || skill === 'access') {
      this.#skill = skill
      this.#said = prompt.slice(0, MAX_CHARS)
      this.#saidAt = now
    } else if (this.#skill !== undefined && this.#isRecent(now)) {
      this.#said = `${this.#said}\n${prompt}`.slice(0, MAX_CHARS)
    } else this.#forget()
    return true
  }

  /** What the person has typed since they called this skill, if that was not long ago and nobody else has spoken since. */
  said(skill: SkillName): string | undefined {
    return this.#skill === skill && this.#isRecent(this.#options.clock.now()) ? this.#said : undefined
  }

  /** A client for a platform of which no token is known yet. */
  stranger(platformUrl: string): PlatformClient {
    const { network, clock } = this.#options
    return new PlatformClient({ platformUrl, workspaceId: '', token: '' }, { network, clock })
  }

  /** @throws Error with a sentence, when only a person can change the file. */
  target(): Target | undefined {
    return readOwnTarget(this.#options.paths)
  }

  /** @throws the file system's error. */
  become(target: Target): void {
    writeOwnTarget(this.#options.paths, target)
  }

  /** @throws the file system's error, or why the file cannot be read. */
  change(name: string, value: string): void {
    changeEnvFile(this.#options.paths, { [name]: value })
  }

  #forget(): void {
    this.#skill = undefined
    this.#said = ''
  }

  #isRecent(now: number): boolean {
    return now - this.#saidAt < VALID_MS
  }
}
