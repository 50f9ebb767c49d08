const isTerminal = process.stdout.isTTY && process.env['NO_COLOR'] === undefined;

const paint = (code: number) => (text: string) =>
  isTerminal ? `\u001b[${String(code)}m${text}\u001b[0m` : text;

export const bold = paint(1);
export const dim = paint(2);
export const red = paint(31);
export const green = paint(32);

/** Writes one line for good. */
export function say(text = ''): void {
  process.stdout.write(isTerminal ? `\r\u001b[K${text}\n` : `${text}\n`);
}

const BAR_WIDTH = 30;
/** Where there is no terminal to redraw a line in, this often a line is written. */
const QUIET_INTERVAL_MS = 5_000;
let lastLineAt = 0;

/** Shows how far something has come: one line that is redrawn, or now and then a line where output is recorded. */
export function showProgress(label: string, done: number, total: number): void {
  const share = total === 0 ? 1 : Math.min(done / total, 1);
  const text = `${label.padEnd(22)} ${String(done)} of ${String(total)}`;
  if (isTerminal) {
    const filled = Math.round(share * BAR_WIDTH);
    const bar = '█'.repeat(filled) + dim('░'.repeat(BAR_WIDTH - filled));
    process.stdout.write(`\r\u001b[K  ${bar} ${text}`);
  } else if (performance.now() - lastLineAt > QUIET_INTERVAL_MS) {
    lastLineAt = performance.now();
    process.stdout.write(`  ${text}\n`);
  }
}
