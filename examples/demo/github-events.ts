import { createRequire } from 'node:module';
import { jsonEvent, type EventData } from 'posthorn';

/** How `@octokit/webhooks-examples` groups the payloads that GitHub really sent. */
interface EventExamples {
  readonly name: string;
  readonly examples: readonly GithubPayload[];
}

interface GithubPayload {
  readonly action?: string;
  readonly repository?: { readonly full_name?: string } | null;
  readonly organization?: { readonly login?: string } | null;
  readonly sender?: { readonly login?: string } | null;
}

/** A domain event and the stream that it belongs to. */
export interface DomainEvent {
  readonly stream: string;
  readonly event: EventData;
}

/** GitHub itself, and the versions of GitHub Enterprise Server. */
const SOURCES = ['api.github.com', 'ghes-31', 'ghes-32', 'ghes-33', 'ghes-34', 'ghes-35'];

/**
 * Domain events made from the payloads that GitHub really sent: `issues` with action `opened` becomes
 * `github.issues.opened` in the stream of its repository. There are several hundred; they are gone through again until
 * `count` is reached.
 */
export function githubEvents(count: number): readonly DomainEvent[] {
  const require = createRequire(import.meta.url);
  const examples = SOURCES.flatMap((source) =>
    (require(`@octokit/webhooks-examples/${source}/index.json`) as EventExamples[]).flatMap(
      ({ name, examples: payloads }) => payloads.map((payload) => ({ name, payload })),
    ),
  );
  return Array.from({ length: count }, (_, index) => {
    const example = examples[index % examples.length];
    if (!example) throw new Error('@octokit/webhooks-examples holds no examples');
    const { name, payload } = example;
    return {
      stream: `github-${ownerOf(payload)}`,
      event: jsonEvent({ type: typeOf(name, payload), data: payload as never }),
    };
  });
}

function typeOf(name: string, { action }: GithubPayload): string {
  return action === undefined ? `github.${name}` : `github.${name}.${action}`;
}

function ownerOf({ repository, organization, sender }: GithubPayload): string {
  return repository?.full_name ?? organization?.login ?? sender?.login ?? 'github';
}
