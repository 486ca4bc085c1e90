/** Why a command did not do what it was asked to. */
export class JoinFailure extends Error {
  /** @param message what happened and what to do, in whole sentences. */
  constructor(message: string) {
    super(message)
    this.name = 'JoinFailure'
  }
}
