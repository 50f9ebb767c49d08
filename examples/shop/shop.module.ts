import { BlockList, isIPv6 } from 'node:net';
import { type DynamicModule, Logger, Module } from '@nestjs/common';
import type { PosthornConfig } from 'posthorn';
import { InboxController } from './inbox.controller.js';
import { AccountingWebhook, FulfilmentWebhook, INBOX_URL } from './shop.webhooks.js';

/**
 * The sample that `npm start` serves: two declared webhooks, and an inbox in the same process that receives them. The
 * inbox is on the loopback interface over http, so the webhooks are active only where both development opt-ins allow it.
 */
@Module({})
export class ShopModule {
  static forServer(config: PosthornConfig): DynamicModule {
    const inboxUrl = inboxUrlOf(config);
    if (inboxUrl === null) {
      new Logger('Shop').log(
        'the sample webhooks are inactive: start with POSTHORN_ALLOW_HTTP=true POSTHORN_ALLOWED_NETWORKS=127.0.0.0/8,::1/128 to see them deliver',
      );
    }
    return {
      module: ShopModule,
      controllers: [InboxController],
      providers: [{ provide: INBOX_URL, useValue: inboxUrl }, FulfilmentWebhook, AccountingWebhook],
    };
  }
}

function inboxUrlOf({ allowHttp, allowedNetworks, host, port }: PosthornConfig): string | null {
  const address = LOOPBACK_OF[host];
  if (address === undefined || port === 0 || !allowHttp) return null;
  const allowed = new BlockList();
  for (const network of allowedNetworks) {
    const [base = '', prefix] = network.split('/');
    allowed.addSubnet(base, Number(prefix), isIPv6(base) ? 'ipv6' : 'ipv4');
  }
  const isIpv6 = isIPv6(address);
  if (!allowed.check(address, isIpv6 ? 'ipv6' : 'ipv4')) return null;
  return `http://${isIpv6 ? `[${address}]` : address}:${String(port)}/shop/inbox`;
}

/** The address under which a server that listens on a host reaches itself. */
const LOOPBACK_OF: Readonly<Record<string, string>> = {
  localhost: '127.0.0.1',
  '127.0.0.1': '127.0.0.1',
  '0.0.0.0': '127.0.0.1',
  '::1': '::1',
  '::': '::1',
};
