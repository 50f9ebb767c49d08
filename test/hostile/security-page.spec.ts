import { readFile } from 'node:fs/promises';
import { MAX_HEADER_BYTES, MAX_RESPONSE_BYTES } from '../../modules/sending/network/connection.js';
import { NetworkPolicy } from '../../modules/sending/network/network-policy.js';
import { MOST_ADDRESSES } from '../../modules/sending/network/outlet.js';
import {
  METADATA_ADDRESSES,
  METADATA_NETWORKS,
  SPECIAL_IPV4_NETWORKS,
  SPECIAL_IPV6_NETWORKS,
} from '../../modules/sending/network/special-networks.js';
import { HELD_BYTES, KEPT_BYTES } from '../../modules/sending/response/response-body.js';
import { MOST_HEADERS, MOST_RECORDED } from '../../modules/sending/response/response-headers.js';
import { checkSendingOptions } from '../../modules/sending/sending.options.js';
import { MOST_INTERIM_RESPONSES } from '../../modules/sending/transmission.js';
import { CONFIG_KEYS } from '../../src/config/config-keys.js';

describe('docs/security.md', () => {
  let page: string;

  beforeAll(async () => {
    page = await readFile(new URL('../../docs/security.md', import.meta.url), 'utf8');
  });

  /** The cells of the table that follows a marker, row by row, without the head. */
  function table(marker: string): string[][] {
    const after = page.slice(page.indexOf(`<!-- ${marker} -->`));
    const lines = after.split('\n').slice(2);
    const end = lines.findIndex((line) => !line.startsWith('|'));
    return lines.slice(2, end).map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim().replaceAll('`', '')),
    );
  }

  it('lists the networks that are refused', () => {
    expect(table('networks').map(([network]) => network)).toEqual([
      ...SPECIAL_IPV4_NETWORKS,
      ...SPECIAL_IPV6_NETWORKS,
    ]);
  });

  it('lists the metadata services, each by itself or with the network that it is in', () => {
    const listed = table('metadata').map(([target]) => target ?? '');
    const networks = listed.filter((target) => target.includes('/'));
    const addresses = listed.filter((target) => !target.includes('/'));
    const outside = new NetworkPolicy(['0.0.0.0/0', '::/0'], addresses.map(asNetwork));

    expect([...networks].sort()).toEqual([...METADATA_NETWORKS].sort());
    expect(METADATA_ADDRESSES).toEqual(expect.arrayContaining(addresses));
    const inNetworks = METADATA_ADDRESSES.filter((address) => !addresses.includes(address));
    expect(inNetworks.every((address) => /^(169\.254\.|fd00:ec2::)/.test(address))).toBe(true);
    expect(METADATA_ADDRESSES.some((address) => outside.isAllowed(address))).toBe(false);
  });

  it('gives the limits that are in force', () => {
    const options = checkSendingOptions({});

    expect(table('limits').map(([, limit]) => limit)).toEqual([
      '20 s',
      `${options.maxBodyBytes} bytes`,
      `${MAX_HEADER_BYTES} bytes`,
      String(MOST_HEADERS),
      String(MOST_INTERIM_RESPONSES),
      `${MAX_RESPONSE_BYTES} bytes`,
      `${KEPT_BYTES} bytes`,
      `${HELD_BYTES} bytes`,
      String(MOST_RECORDED),
      String(MOST_ADDRESSES),
      String(options.maxConnections),
      String(options.maxConnectionsPerOrigin),
      `${options.idleTimeoutMs} ms`,
    ]);
  });

  it('names settings that exist', () => {
    const named = [...page.matchAll(/POSTHORN_[A-Z_]+/g)].map(([name]) => name);
    const existing = Object.values(CONFIG_KEYS).map(({ env }) => env);

    expect(existing).toEqual(expect.arrayContaining(named));
  });
});

function asNetwork(address: string): string {
  return `${address}/${address.includes(':') ? 128 : 32}`;
}
