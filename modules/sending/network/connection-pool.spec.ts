import type { ReceivedRequest } from '../../../test/hostile/endpoint.js';
import { answer, type Endpoint } from '../../../test/hostile/endpoint.js';
import { outgoing, SendingRig, until } from '../../../test/hostile/sending.js';
import { ManualClock } from '../../kernel/index.js';

/** Every name is the loopback: each is an origin of its own at one endpoint. */
const resolver = { resolve: () => Promise.resolve(['127.0.0.1']) };

describe('the connections of a sender', () => {
  const rig = new SendingRig();

  afterEach(() => rig.close());

  /** An endpoint that answers when the test says so. */
  async function patientEndpoint(): Promise<{
    endpoint: Endpoint;
    answerNext: () => ReceivedRequest | undefined;
  }> {
    const open: { answer: () => void; request: ReceivedRequest }[] = [];
    const endpoint = await rig.endpoint((socket, request) => {
      open.push({ answer: () => socket.write(answer(200)), request });
    });
    const answerNext = (): ReceivedRequest | undefined => {
      const next = open.shift();
      next?.answer();
      return next?.request;
    };
    return { endpoint, answerNext };
  }

  it('to one origin are bounded; the rest waits its turn, first come first served', async () => {
    const { endpoint, answerNext } = await patientEndpoint();
    const sender = rig.sender({ maxConnectionsPerOrigin: 2 });
    const sending = Array.from({ length: 6 }, (_, index) =>
      sender.send(outgoing(endpoint.url(), { webhookId: `d${index}` })),
    );

    const order: (string | undefined)[] = [];
    for (let index = 0; index < 6; index += 1) {
      await until(() => endpoint.requests.length > index);
      order.push(answerNext()?.headers['webhook-id']);
    }

    expect((await Promise.all(sending)).map(({ verdict }) => verdict)).toEqual(
      Array(6).fill('success'),
    );
    expect(order).toEqual(['d0', 'd1', 'd2', 'd3', 'd4', 'd5']);
    expect(endpoint.connections).toBe(2);
  });

  it('make room for another origin by closing the one that is idle longest', async () => {
    const endpoint = await rig.endpoint();
    const sender = rig.sender({ resolver, maxConnections: 2 });
    await sender.send(outgoing(endpoint.url('one.test')));
    await sender.send(outgoing(endpoint.url('two.test')));
    await sender.send(outgoing(endpoint.url('one.test')));

    await sender.send(outgoing(endpoint.url('three.test')));

    expect(sender.connectionCount).toBe(2);
    const again = await sender.send(outgoing(endpoint.url('one.test')));
    expect(again.timings.connectMs).toBeNull();
    expect(endpoint.connections).toBe(3);
  });

  it('at the total bound go to the origins in turn, so that a busy one keeps nobody out', async () => {
    const { endpoint, answerNext } = await patientEndpoint();
    const sender = rig.sender({ resolver, maxConnections: 2 });
    const send = (host: string): Promise<unknown> => sender.send(outgoing(endpoint.url(host)));
    const sending = [
      ...Array.from({ length: 8 }, () => send('busy.test')),
      send('quiet.test'),
      send('other.test'),
    ];

    const hosts: string[] = [];
    for (let index = 0; index < sending.length; index += 1) {
      await until(() => endpoint.requests.length > index);
      hosts.push(String(answerNext()?.headers['host']).split(':', 1)[0] ?? '');
    }
    await Promise.all(sending);

    expect(hosts.slice(0, 6)).toEqual(expect.arrayContaining(['quiet.test', 'other.test']));
  });

  it('that failed free their place', async () => {
    const clock = new ManualClock();
    let isHanging = true;
    const endpoint = await rig.endpoint((socket) => {
      if (!isHanging) socket.write(answer(200));
    });
    const sender = rig.sender({ clock, maxConnections: 1 });
    const hung = sender.send(outgoing(endpoint.url(), { timeoutMs: 300 }));
    const next = sender.send(outgoing(endpoint.url()));
    await until(() => endpoint.requests.length === 1);
    isHanging = false;

    clock.advance(300);

    expect(await hung).toMatchObject({ errorClass: 'timeout' });
    expect(await next).toMatchObject({ verdict: 'success' });
  });

  it('are not kept for ever: an old one is replaced, so that endpoints which move are followed', async () => {
    const clock = new ManualClock();
    const endpoint = await rig.endpoint();
    const sender = rig.sender({ clock });
    await sender.send(outgoing(endpoint.url()));

    clock.advance(300_001);
    await sender.send(outgoing(endpoint.url()));
    await sender.send(outgoing(endpoint.url()));

    expect(endpoint.connections).toBe(2);
  });
});
