/** Breaks of how long transfers last and how files are fetched, and the tests that must notice them. */
import type { Break } from './mutations.ts'

const TRANSFER_LIMIT = 'base/transfer-limit.ts'
const FILE_FETCHES = 'member/files/file-fetches.ts'

export const TRANSFER_BREAKS: Readonly<Record<string, readonly Break[]>> = {
  'base/transfer-limit': [
    {
      name: 'a transfer ends though its bytes keep coming',
      file: TRANSFER_LIMIT,
      find: 'if (bytes >= FLOOR_BYTES) expectBytes()',
      replace: "if (bytes >= FLOOR_BYTES) fail('late')",
    },
    {
      name: 'a transfer goes on though its bytes only drip',
      file: TRANSFER_LIMIT,
      find: 'if (bytes >= FLOOR_BYTES) expectBytes()',
      replace: 'if (bytes > 0) expectBytes()',
    },
  ],
  'member/files/file-fetches': [
    {
      name: 'a file that failed is not tried for who asks again',
      file: FILE_FETCHES,
      find: '      known.hurry()\n',
      replace: '',
    },
    {
      name: 'a file that failed is not tried again by itself',
      file: FILE_FETCHES,
      find: '() => this.#try())\n',
      replace: '() => {})\n',
    },
    {
      name: 'files that stand still hold up the next ones',
      file: FILE_FETCHES,
      find: 'const LANES = 4',
      replace: 'const LANES = 1',
    },
  ],
}
