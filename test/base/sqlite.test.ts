import { describe, expect, test } from 'bun:test'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { type Database, systemDisk } from '../../base/sqlite.ts'
import { temporaryFolder } from '../../lab/driver/temporary-folder.ts'

interface Row {
  readonly id: number
  readonly text: string
}

const LARGE = 'x'.repeat(10_000)

/** A file with a table of large rows. */
function fill(path: string, rows = 50): void {
  const db = systemDisk.open(path)
  db.run('CREATE TABLE item (id INTEGER PRIMARY KEY, text TEXT NOT NULL)')
  const insert = db.query('INSERT INTO item (text) VALUES (?)')
  for (let n = 0; n < rows; n++) insert.run(LARGE)
  db.close()
}

/** Overwrites everything but the header and the schema. */
function damage(path: string): void {
  const content = readFileSync(path)
  content.fill(0xa5, content.readUInt16BE(16))
  writeFileSync(path, content)
}

describe('a disk', () => {
  test('creates a missing file, unless the mode requires one', () => {
    using folder = temporaryFolder()
    for (const mode of ['existing', 'readonly'] as const) {
      expect(() => systemDisk.open(folder.file('none.db'), { mode })).toThrow()
    }
    expect(existsSync(folder.file('none.db'))).toBe(false)
    fill(folder.file('new.db'))
    expect(statSync(folder.file('new.db')).size).toBeGreaterThan(0)
  })

  test('lets nobody write to a database that it opened to be read', () => {
    using folder = temporaryFolder()
    fill(folder.file('a.db'), 1)
    const db = systemDisk.open(folder.file('a.db'), { mode: 'readonly' })
    expect(db.query<Row>('SELECT * FROM item').all()).toEqual([{ id: 1, text: LARGE }])
    expect(() => db.run('DELETE FROM item')).toThrow('readonly')
    db.close()
  })
})

describe('a query', () => {
  const open = (): Database => {
    const db = systemDisk.open(':memory:')
    db.run('CREATE TABLE item (id INTEGER PRIMARY KEY, text TEXT NOT NULL)')
    return db
  }

  test('writes with `run`, which tells how many rows it changed', () => {
    const db = open()
    expect(db.query('INSERT INTO item (text) VALUES (?), (?)').run('a', 'b')).toMatchObject({ changes: 2 })
    expect(db.query('DELETE FROM item WHERE text = ?').run('c')).toMatchObject({ changes: 0 })
  })

  test('reads with `get`, `all` and `iterate`, and takes values by place or by name', () => {
    const db = open()
    db.query('INSERT INTO item (text) VALUES ($text)').run({ text: 'a' })
    db.query('INSERT INTO item (text) VALUES (?)').run('b')
    const [a, b] = [
      { id: 1, text: 'a' },
      { id: 2, text: 'b' },
    ]
    const byText = db.query<Row, [string]>('SELECT * FROM item WHERE text = ?')
    expect([byText.get('a'), byText.get('b'), byText.get('c')]).toEqual([a, b, null])
    const every = db.query<Row>('SELECT * FROM item ORDER BY id')
    expect([every.all(), [...every.iterate()]]).toEqual([
      [a, b],
      [a, b],
    ])
  })

  test('may be left in the middle of `iterate` and used again', () => {
    const db = open()
    for (const text of ['a', 'b', 'c']) db.query('INSERT INTO item (text) VALUES (?)').run(text)
    const every = db.query<Row>('SELECT * FROM item ORDER BY id')
    for (const { text } of every.iterate()) {
      if (text === 'b') break
    }
    expect([...every.iterate()].map(({ text }) => text)).toEqual(['a', 'b', 'c'])
  })
})

describe('a transaction', () => {
  test('is undone as a whole when its work throws, and the error goes on', () => {
    const db = systemDisk.open(':memory:')
    db.run('CREATE TABLE item (id INTEGER PRIMARY KEY)')
    const broken = (): void => {
      db.run('INSERT INTO item VALUES (1)')
      throw new Error('no more')
    }
    expect(() => db.transaction(broken)).toThrow('no more')
    expect(db.query('SELECT * FROM item').all()).toEqual([])
    expect(
      db.transaction(() => {
        db.run('INSERT INTO item VALUES (1)')
        return 'done'
      }),
    ).toBe('done')
    expect(db.query('SELECT * FROM item').all()).toHaveLength(1)
  })

  test('holds the write lock from its beginning, before it has written anything', () => {
    using folder = temporaryFolder()
    fill(folder.file('a.db'), 1)
    const [one, other] = [systemDisk.open(folder.file('a.db')), systemDisk.open(folder.file('a.db'))]
    for (const db of [one, other]) db.run('PRAGMA busy_timeout = 0')
    one.transaction(() => {
      expect(() => other.transaction(() => {})).toThrow('locked')
    })
    other.transaction(() => {})
    one.close()
    other.close()
  })
})

describe('`onError`', () => {
  /** A damaged database, and the errors that it told of. */
  function openDamaged(path: string) {
    fill(path)
    damage(path)
    const told: unknown[] = []
    const db = systemDisk.open(path, { mode: 'existing', onError: (error) => told.push(error) })
    return { db, told }
  }

  const every = 'SELECT * FROM item'
  const WAYS: [string, (db: Database) => unknown][] = [
    ['get', (db) => db.query('SELECT count(*), max(text) FROM item').get()],
    ['all', (db) => db.query(every).all()],
    ['run', (db) => db.query('UPDATE item SET text = ?').run('y')],
    ['iterate', (db) => [...db.query(every).iterate()]],
    ['a statement without rows', (db) => db.run("UPDATE item SET text = 'y'")],
    ['a transaction', (db) => db.transaction(() => db.query(every).all())],
  ]

  test.each(WAYS)('is told of damage that %s meets, before the caller catches it', (_way, meet) => {
    using folder = temporaryFolder()
    const { db, told } = openDamaged(folder.file('a.db'))
    let caught: unknown
    let toldBefore: unknown
    try {
      meet(db)
    } catch (error) {
      toldBefore = told[0]
      caught = error
    }
    expect(caught).toMatchObject({ code: expect.stringContaining('SQLITE_CORRUPT') })
    expect(toldBefore).toBe(caught)
    db.close()
  })

  test('puts the path into every error of the file, and into none of a statement', () => {
    using folder = temporaryFolder()
    const path = folder.file('a.db')
    const messageOf = (work: () => unknown): string => {
      try {
        work()
        return ''
      } catch (error) {
        return error instanceof Error ? error.message : ''
      }
    }
    const missing = folder.file('none/a.db')
    expect(messageOf(() => systemDisk.open(missing))).toContain(missing)
    fill(path)
    const db = systemDisk.open(path)
    db.run('PRAGMA max_page_count = 1')
    const full = messageOf(() =>
      db.transaction(() => db.query('INSERT INTO item (text) VALUES (?)').run(LARGE)),
    )
    expect(full.split(path)).toHaveLength(2)
    expect(full).toContain('full')
    expect(messageOf(() => db.query('SELECT missing FROM item'))).not.toContain(path)
    const other = systemDisk.open(path)
    other.run('BEGIN EXCLUSIVE')
    db.run('PRAGMA busy_timeout = 0')
    expect(messageOf(() => db.query('SELECT 1 FROM item').get())).toContain(`locked (${path})`)
    for (const one of [other, db]) one.close()
  })

  test('is told of any other error too, and of none while all goes well', () => {
    const told: unknown[] = []
    const db = systemDisk.open(':memory:', { onError: (error) => told.push(error) })
    db.run('CREATE TABLE item (id INTEGER PRIMARY KEY)')
    db.transaction(() => db.query('INSERT INTO item VALUES (?)').run(1))
    expect([...db.query('SELECT * FROM item').iterate()]).toHaveLength(1)
    expect(told).toEqual([])
    expect(() => db.query('SELECT missing FROM item')).toThrow('no such column')
    expect(() => db.query('INSERT INTO item VALUES (?)').run(1)).toThrow('UNIQUE')
    expect(told).toHaveLength(2)
  })
})
