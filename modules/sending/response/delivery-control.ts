/** What an endpoint asks for with the `webhook-delivery` header of its answer. */
export type DeliveryControl =
  /** To be sent nothing more: the webhook is to be disabled. */
  | 'disable'
  /** Not to be sent this message again. */
  | 'abort-message';

/**
 * Reads `webhook-delivery`. Unknown words are ignored; `disable` outweighs `abort-message`. Source: draft of Standard
 * Webhooks, "Delivery control" (pull request 291).
 */
export function parseDeliveryControl(value: string | string[] | undefined): DeliveryControl | null {
  if (value === undefined) return null;
  const words = String(value)
    .split(',')
    .map((word) => word.trim().toLowerCase());
  if (words.includes('disable')) return 'disable';
  return words.includes('abort-message') ? 'abort-message' : null;
}
