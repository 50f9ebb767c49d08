import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { ensureBuilt } from './ensure-built.mjs';

const BEGIN = '<!-- table -->';
const END = '<!-- end -->';

/** Writes the tables of `docs/errors.md` and `docs/configuration.md` anew, between their markers. */
await ensureBuilt();
const { ERROR_REGISTRY } = await import('../dist/modules/kernel/index.js');
const { CONFIG_KEYS } = await import('../dist/src/config/config-keys.js');

const errors = Object.entries(ERROR_REGISTRY).map(([code, { status, title, fix }]) => [
  `\`${code}\``,
  status,
  title,
  fix,
]);
const settings = Object.entries(CONFIG_KEYS).map(([key, definition]) => [
  `\`${definition.env}\``,
  `\`${key}\``,
  shown(definition.default),
  definition.unit ?? '',
  `${definition.description} Must be ${definition.rule}.`,
]);

await write('errors', table(['code', 'status', 'what happened', 'what to do'], errors));
await write(
  'configuration',
  table(['variable', 'option', 'default', 'unit', 'what it does'], settings),
);

function shown(value) {
  if (value === null) return 'none';
  if (Array.isArray(value)) return value.length === 0 ? 'none' : `\`${value.join(',')}\``;
  return `\`${String(value)}\``;
}

function table(head, rows) {
  const line = (cells) =>
    `| ${cells.map((cell) => String(cell).replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

async function write(name, text) {
  const path = fileURLToPath(new URL(`../docs/${name}.md`, import.meta.url));
  const page = await readFile(path, 'utf8');
  const before = page.slice(0, page.indexOf(BEGIN));
  const after = page.slice(page.indexOf(END));
  const whole = `${before}${BEGIN}\n\n${text}\n\n${after}`;
  const style = { ...(await resolveConfig(path)), parser: 'markdown' };
  await writeFile(path, await format(whole, style));
}
