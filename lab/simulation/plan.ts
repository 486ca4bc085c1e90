/** Repeats an action about every `everyMs` milliseconds until the trouble is over. */
export type Plan = (work: () => void, everyMs: number) => void
