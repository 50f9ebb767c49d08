import type { Api } from './api.js';
import type { Receiver } from './receiver.js';
import { bold, dim, green, red, say } from './terminal.js';

/** What a webhook should have received, and who received it. */
export interface Account {
  readonly webhookId: string;
  /** Ids of the events that are members of the webhook, worked out apart from Posthorn. */
  readonly memberIds: ReadonlySet<string>;
  readonly receiver: Receiver;
  readonly deadLettered: number;
  readonly replayed: number;
}

interface Line {
  readonly webhookId: string;
  readonly matches: number;
  readonly delivered: number;
  readonly retried: number;
  readonly deadLettered: number;
  readonly replayed: number;
  readonly repeated: number;
  readonly lost: number;
}

/** Reads every delivery back and holds it against what the receivers saw. @returns whether everything balances */
export async function balance(
  api: Api,
  accounts: readonly Account[],
  appended: number,
): Promise<boolean> {
  const lines: Line[] = [];
  for (const account of accounts) lines.push(await lineOf(api, account));
  const sum = (field: Exclude<keyof Line, 'webhookId'>): number =>
    lines.reduce((total, line) => total + line[field], 0);
  const forged = accounts.reduce((total, { receiver }) => total + receiver.rejectedSignatures, 0);

  say();
  say(bold('  Ledger'));
  say(dim(row(['webhook', 'matches', 'delivered', 'retried', 'dead', 'replayed', 'lost'])));
  for (const line of lines) {
    const { webhookId, matches, delivered, retried, deadLettered, replayed, lost } = line;
    say(row([webhookId, matches, delivered, retried, deadLettered, replayed, lost]));
  }
  say();
  say(`  events appended      ${String(appended)}`);
  say(`  matches              ${String(sum('matches'))}`);
  say(`  delivered            ${String(sum('delivered'))}`);
  say(`  retried              ${String(sum('retried'))}`);
  say(`  dead-lettered        ${String(sum('deadLettered'))}`);
  say(`  replayed             ${String(sum('replayed'))}`);
  say(`  received twice       ${String(sum('repeated'))}`);
  say(`  signatures refused   ${String(forged)}`);
  say(`  lost                 ${String(sum('lost'))}`);

  const isBalanced =
    sum('lost') === 0 &&
    sum('delivered') === sum('matches') &&
    sum('deadLettered') === sum('replayed') &&
    sum('repeated') === 0 &&
    forged === 0;
  say();
  say(isBalanced ? green('  The ledger balances.') : red('  The ledger does not balance.'));
  return isBalanced;
}

/** Delivered is what Posthorn says *and* what the receiver accepted; whatever is missing from either is lost. */
async function lineOf(api: Api, account: Account): Promise<Line> {
  const { webhookId, memberIds, receiver, deadLettered, replayed } = account;
  const succeeded = new Set<string>();
  let retried = 0;
  for await (const { eventId, status, attemptCount } of api.deliveries(webhookId)) {
    if (status === 'succeeded' && memberIds.has(eventId)) succeeded.add(eventId);
    if (attemptCount > 1) retried += 1;
  }
  const delivered = Math.min(succeeded.size, receiver.acceptedMessages);
  return {
    webhookId,
    matches: memberIds.size,
    delivered,
    retried,
    deadLettered,
    replayed,
    repeated: receiver.repeatedMessages,
    lost: memberIds.size - delivered,
  };
}

function row([name, ...figures]: readonly (string | number)[]): string {
  return `  ${String(name).padEnd(12)}${figures.map((figure) => String(figure).padStart(11)).join('')}`;
}
