import type { TLSSocket } from 'node:tls';
import { certificate, testAuthority } from '../../../test/hostile/certificates.js';
import { outgoing, SendingRig } from '../../../test/hostile/sending.js';

const CLIENT = certificate('endpoint');
const TRUST = { clientCertificate: null, certificateAuthorities: [testAuthority()] };
const IDENTITY = { ...TRUST, clientCertificate: { certificate: CLIENT.cert, key: CLIENT.key } };

describe('certificates of a webhook', () => {
  const rig = new SendingRig();

  afterEach(() => rig.close());

  it('are presented to an endpoint that asks for one, and are not those of the next webhook', async () => {
    const endpoint = await rig.endpoint(undefined, {
      tls: {
        ...certificate('endpoint'),
        ...{ requestCert: true, rejectUnauthorized: true, ca: testAuthority() },
      },
    });
    const sender = rig.sender();

    const known = await sender.send(outgoing(endpoint.url(), { tls: IDENTITY }));
    const again = await sender.send(outgoing(endpoint.url(), { tls: IDENTITY }));
    const unknown = await sender.send(outgoing(endpoint.url(), { tls: TRUST }));

    expect([known.verdict, again.verdict, unknown.verdict]).toEqual([
      'success',
      'success',
      'retry',
    ]);
    expect(endpoint.requests).toHaveLength(2);
    const [socket] = [...endpoint.sockets] as TLSSocket[];
    expect(socket?.getPeerCertificate().issuer).toMatchObject({ CN: 'Posthorn test authority' });
  });

  it('are trusted for their webhook alone', async () => {
    const endpoint = await rig.endpoint(undefined, { tls: certificate('endpoint') });
    const sender = rig.sender();

    const trusting = await sender.send(outgoing(endpoint.url(), { tls: TRUST }));
    const other = await sender.send(outgoing(endpoint.url()));

    expect(trusting.verdict).toBe('success');
    expect(other).toMatchObject({ verdict: 'retry', errorClass: 'tls_error' });
  });

  it('that cannot be used are refused without a word of them', async () => {
    const broken = { ...TRUST, clientCertificate: { certificate: 'hunter2', key: 'hunter2' } };

    const result = await rig.sender().send(outgoing('https://127.0.0.1/', { tls: broken }));

    expect(result).toMatchObject({ verdict: 'reject', errorClass: 'invalid_request' });
    expect(JSON.stringify(result)).not.toContain('hunter2');
  });
});
