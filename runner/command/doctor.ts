/** `molecule connect doctor`: checks one by one what serving a workspace needs, and says what to do. Changes nothing. */
import { describeError } from '../../base/errors.ts'
import { type Finding, fail, ok, runChecks } from '../../member/check/check.ts'
import { type SetUp, setUpChecks } from '../../member/check/set-up-checks.ts'

export interface DoctorPlace extends Omit<SetUp, 'expected'> {
  /** Builds the backend and closes it again. Rejects with the sentence about what is wrong. */
  readonly tryBackend: () => Promise<string>
}

/** Never rejects. */
export function diagnose(place: DoctorPlace): Promise<readonly Finding[]> {
  const { tryBackend } = place
  return runChecks([
    ...setUpChecks({ ...place, expected: { receiver: 'none' } }),
    {
      name: 'backend',
      needs: [],
      probe: () =>
        tryBackend().then(
          (says) => ok(says),
          (error) => fail(describeError(error), 'Correct --backend and its --backend-opt'),
        ),
    },
  ])
}
