import fc from 'fast-check';
import { RecentWebhooks } from './recent-webhooks.js';

describe('RecentWebhooks', () => {
  it('lets a webhook be handled once while it is remembered', () => {
    let now = 0;
    const recent = new RecentWebhooks({ windowSeconds: 10, now: () => now });

    expect(recent.claim('a')).toBe(true);
    expect(recent.claim('b')).toBe(true);
    expect(recent.claim('a')).toBe(false);
    now = 9_999;
    expect(recent.claim('a')).toBe(false);
    now = 10_000;
    expect(recent.claim('a')).toBe(true);
    expect(recent.claim('a')).toBe(false);
  });

  it('lets one that was given back be handled again', () => {
    const recent = new RecentWebhooks();
    recent.claim('a');

    recent.release('a');

    expect(recent.claim('a')).toBe(true);
  });

  it('never remembers more than its capacity, and always the newest', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20).map(String), { maxLength: 60 }), (ids) => {
        const recent = new RecentWebhooks({ capacity: 5, now: () => 0 });
        let remembered: string[] = [];
        for (const id of ids) {
          expect(recent.claim(id)).toBe(!remembered.includes(id));
          if (!remembered.includes(id)) remembered = [...remembered, id].slice(-5);
        }
      }),
    );
  });
});
