/** Where a link points: `revision@stream`, split at the first `@`. */
export type LinkTarget =
  | { readonly kind: 'event'; readonly stream: string; readonly revision: number }
  /** There is no `@`. */
  | { readonly kind: 'nowhere' }
  /** What stands before the `@` is not a revision. */
  | { readonly kind: 'not-a-link' };

export function parseLink(data: Uint8Array): LinkTarget {
  const text = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('utf8');
  const at = text.indexOf('@');
  if (at < 0) return { kind: 'nowhere' };
  const revision = text.slice(0, at);
  if (!/^-?\d{1,19}$/.test(revision)) return { kind: 'not-a-link' };
  return { kind: 'event', stream: text.slice(at + 1), revision: Number(revision) };
}
