/**
 * The class of an error that code of the application threw: the one thing about it that surely quotes nothing of what the
 * code was given.
 */
export function errorClassOf(error: unknown): string {
  const name = error instanceof Error ? error.constructor.name : '';
  return /^[A-Za-z]\w{0,63}$/.test(name) ? name : 'an error';
}
