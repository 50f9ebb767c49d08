/** A page of deliveries, as `GET /deliveries` answers. */
export interface DeliveryPage {
  readonly items: readonly {
    readonly id: string;
    readonly eventId: string;
    readonly status: string;
    readonly attemptCount: number;
  }[];
  readonly nextCursor: string | null;
  readonly total?: number;
}

/** The REST face of Posthorn, as a program of another team would call it. */
export class Api {
  readonly #url: string;
  readonly #token: string;

  constructor(url: string, token: string) {
    this.#url = url;
    this.#token = token;
  }

  get<Answer>(path: string): Promise<Answer> {
    return this.#call<Answer>('GET', path);
  }

  post<Answer>(path: string, body: unknown): Promise<Answer> {
    return this.#call<Answer>('POST', path, body);
  }

  /** How many deliveries of a webhook are in a state. */
  async count(webhookId: string, status: string): Promise<number> {
    const page = await this.get<DeliveryPage>(
      `deliveries?webhookId=${webhookId}&status=${status}&limit=1`,
    );
    return page.total ?? 0;
  }

  /** Every delivery of a webhook, page by page. */
  async *deliveries(webhookId: string): AsyncGenerator<DeliveryPage['items'][number]> {
    let cursor: string | null = null;
    do {
      const from: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
      const page: DeliveryPage = await this.get(
        `deliveries?webhookId=${webhookId}&limit=250${from}`,
      );
      yield* page.items;
      cursor = page.nextCursor;
    } while (cursor !== null);
  }

  async #call<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
    const response = await fetch(`${this.#url}/api/v1/${path}`, {
      method,
      headers: { authorization: `Bearer ${this.#token}`, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${String(response.status)} ${text}`);
    return JSON.parse(text) as Answer;
  }
}
