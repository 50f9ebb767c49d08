import type { ServedEventStoreOptions } from '../../modules/event-store/index.js';
import type { FieldProblem } from '../../modules/kernel/index.js';

type Users = NonNullable<ServedEventStoreOptions['users']>;

const FIELD = '--users-file';
const FORM = 'Write [{"name": "ann", "password": "...", "groups": ["clerks"]}, ...].';
const MEMBERS: ReadonlySet<string> = new Set(['name', 'password', 'groups']);

/**
 * The users in a file of JSON: a list of objects with `name`, `password` and `groups`.
 * @param problems takes every mistake; none of them repeats a password
 * @returns `undefined` if there are mistakes
 */
export function parseUsersFile(text: string, problems: FieldProblem[]): Users | undefined {
  const complain = (message: string, fix = FORM): void => {
    problems.push({ field: FIELD, message, fix });
  };
  const entries = listIn(text);
  if (!entries || entries.length === 0) {
    complain('holds no list of users');
    return undefined;
  }
  const users = new Map<string, Users[string]>();
  for (const [index, entry] of entries.entries()) {
    const mistake = mistakeIn(entry);
    if (mistake !== undefined) complain(`has a user, number ${index + 1}, ${mistake}`);
    else {
      const { name, password, groups = [] } = entry as Entry;
      if (users.has(name)) complain(`has more than one user ${name}`, 'Keep one of them.');
      users.set(name, { password, groups });
    }
  }
  return problems.length === 0 ? Object.fromEntries(users) : undefined;
}

interface Entry {
  readonly name: string;
  readonly password: string;
  readonly groups?: readonly string[];
}

/**
 * Why a name cannot be that of a user: basic authentication ends it at a colon, and a name like that of a group of the system
 * would have its rights. @returns `undefined` if it can
 */
export function nameMistake(name: string): string | undefined {
  if (name === '') return 'is missing';
  if (name.startsWith('$')) return 'begins with $';
  return name.includes(':') ? 'holds a colon' : undefined;
}

function listIn(text: string): readonly unknown[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function mistakeIn(entry: unknown): string | undefined {
  if (entry === null || typeof entry !== 'object') return 'that is no object';
  const { name, password, groups = [] } = entry as Readonly<Record<string, unknown>>;
  if (typeof name !== 'string') return 'without a name';
  const mistake = nameMistake(name);
  if (mistake !== undefined) return `whose name ${mistake}`;
  if (typeof password !== 'string' || password === '') return 'without a password';
  if (!Array.isArray(groups) || !groups.every((group) => typeof group === 'string')) {
    return 'whose groups are no list of names';
  }
  const unknown = Object.keys(entry).find((member) => !MEMBERS.has(member));
  return unknown === undefined ? undefined : `with something unknown: ${unknown}`;
}
