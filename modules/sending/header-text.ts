/**
 * Any text as a header's value: what is not printable ASCII is percent-encoded, and so are `%` and spaces at the ends
 * where they would change the meaning.
 */
export function headerText(text: string): string {
  return text.replace(/[^\x20-\x7e]+|^ | $/g, (part) =>
    encodeURIComponent(Buffer.from(part).toString()),
  );
}
