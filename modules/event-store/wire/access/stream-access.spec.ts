import { randomUUID } from 'node:crypto';
import { openEmbeddedLog } from '../../embedded/open-embedded-log.js';
import type { OpenLog } from '../../embedded/open-log.js';
import { metastreamOf } from '../../embedded/system-names.js';
import { temporaryFolder } from '../../../../test/support/embedded-log-fixtures.js';
import type { Caller } from './caller.js';
import { StreamAccess, type StreamAction } from './stream-access.js';

const [READ, WRITE, DELETE]: StreamAction[] = ['read', 'write', 'delete'];

function user(username: string, ...groups: string[]): Caller {
  return { kind: 'user', username, roles: new Set([username, ...groups]), connectionName: '' };
}

const admin = user('admin', '$admins');
const ops = user('ops', '$ops');
const ann = user('ann', 'clerks');
const bob = user('bob');
const system: Caller = { ...user('system', '$admins'), kind: 'system' };
const anonymous: Caller = { ...user('anonymous'), kind: 'anonymous' };

describe('access to streams', () => {
  const folder = temporaryFolder();
  let opened: OpenLog;
  let access: StreamAccess;

  beforeEach(async () => {
    opened = await openEmbeddedLog({ dataDir: folder() });
    access = new StreamAccess(opened.log);
  });

  afterEach(async () => {
    access.close();
    await opened.close();
  });

  async function write(stream: string, type: string, data: unknown): Promise<void> {
    const event = {
      id: randomUUID(),
      type,
      isJson: true,
      data: Buffer.from(JSON.stringify(data)),
      metadata: new Uint8Array(0),
    };
    await opened.log.append(stream, 'any', [event]);
  }

  async function setMetadata(stream: string, metadata: unknown): Promise<void> {
    await write(metastreamOf(stream), '$metadata', metadata);
  }

  /** Which of the actions the caller may do. */
  async function allowed(caller: Caller, stream: string): Promise<string> {
    const actions = [READ, WRITE, DELETE];
    const verdicts = await Promise.all(
      actions.map(async (action = 'read') => {
        try {
          await access.check(caller, action, stream);
          return action;
        } catch {
          return '';
        }
      }),
    );
    return verdicts.filter(Boolean).join(' ');
  }

  it('is open for streams of users, and closed for those of the system and for $all', async () => {
    for (const caller of [ann, bob, ops]) {
      expect(await allowed(caller, 'orders-1')).toBe('read write delete');
      expect(await allowed(caller, '$settings')).toBe('');
      expect(await allowed(caller, '$all')).toBe('');
      expect(await allowed(caller, metastreamOf('orders-1'))).toBe('read write');
      expect(await allowed(caller, metastreamOf('$settings'))).toBe('');
    }
  });

  it('is open everywhere for administrators, except that nobody deletes metadata', async () => {
    await setMetadata('closed', { $acl: { $r: [], $w: [], $d: [] } });

    expect(await allowed(admin, 'closed')).toBe('read write delete');
    expect(await allowed(admin, '$all')).toBe('read write delete');
    expect(await allowed(admin, metastreamOf('closed'))).toBe('read write');
    expect(await allowed(anonymous, 'open')).toBe('');
    expect(await allowed(system, metastreamOf('closed'))).toBe('read write delete');
  });

  it('goes by the list of the stream: users and groups, one or many', async () => {
    await setMetadata('orders', { $acl: { $r: ['bob', 'clerks'], $w: 'clerks', $mr: '$admins' } });

    expect(await allowed(ann, 'orders')).toBe('read write delete');
    expect(await allowed(bob, 'orders')).toBe('read delete');
    expect(await allowed(ops, 'orders')).toBe('delete');
    expect(await allowed(ann, metastreamOf('orders'))).toBe('write');
  });

  it('follows the list when that changes', async () => {
    expect(await allowed(bob, 'orders')).toBe('read write delete');
    await setMetadata('orders', { $acl: { $r: 'ann' } });
    expect(await allowed(bob, 'orders')).toBe('write delete');
    await setMetadata('orders', { $acl: { $r: '$all' } });
    expect(await allowed(bob, 'orders')).toBe('read write delete');
    await setMetadata('orders', { $maxCount: 'many', $acl: { $r: 'ann' } });
    expect(await allowed(bob, 'orders')).toBe('read write delete');
  });

  it('may be opened for $all', async () => {
    await setMetadata('$all', { $acl: { $r: ['$admins', 'clerks'] } });

    expect(await allowed(ann, '$all')).toBe('read');
    expect(await allowed(bob, '$all')).toBe('');
  });

  it('has the defaults that are set, where a stream has no list of its own', async () => {
    await write('$settings', 'update-default-acl', {
      $userStreamAcl: { $r: '$all', $w: 'clerks', $d: '$admins' },
      $systemStreamAcl: { $r: '$ops' },
    });
    await setMetadata('own', { $acl: { $w: 'bob' } });

    expect(await allowed(ann, 'orders')).toBe('read write');
    expect(await allowed(bob, 'orders')).toBe('read');
    expect(await allowed(bob, 'own')).toBe('read write');
    expect(await allowed(ops, '$all')).toBe('read');
    await write('$settings', 'update-default-acl', {});
    expect(await allowed(bob, 'orders')).toBe('read write delete');
    expect(await allowed(ops, '$all')).toBe('');
  });

  it('shows a link without its event to whoever may not read that', async () => {
    await setMetadata('secret', { $acl: { $r: 'ann' } });
    await write('secret', 'thing', {});
    await write('links', '$>', {});
    const { records } = await opened.log.readAll({
      direction: 'forwards',
      from: 'start',
      limit: 10,
      resolveLinks: false,
    });
    const [event, link] = records.slice(-2).map((record) => record.event);
    const entry = { ...(event && { event }), ...(link && { link }) };

    expect(await access.shown(ann, entry)).toBe(entry);
    expect(await access.shown(admin, entry)).toBe(entry);
    expect(await access.shown(bob, entry)).toEqual({ link });
  });
});
