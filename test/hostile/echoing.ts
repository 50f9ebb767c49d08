import type { Behaviour } from '../support/recording-receiver.js';

/** Answers with all that it was sent, in the forms in which endpoints quote it. */
export function echoing(status: number, told: ReadonlyMap<string, readonly string[]>): Behaviour {
  return ({ headers, path }, response) => {
    const secrets = told.get(path) ?? [];
    const said = JSON.stringify({ headers, secrets });
    const { authorization = '' } = headers;
    response.writeHead(status, {
      'content-type': 'application/json',
      'x-echo': authorization,
      'x-echo-partner': String(headers['x-partner']),
      location: `https://example.com/?token=${encodeURIComponent(authorization)}`,
      'set-cookie': `token=${encodeURIComponent(authorization)}`,
    });
    const encoded = [
      Buffer.from(authorization).toString('base64'),
      Buffer.from(String(headers['x-partner'])).toString('hex'),
      encodeURIComponent(authorization),
    ];
    response.end(JSON.stringify({ said, headers, authorization, encoded, secrets }));
  };
}
