import type { AddressInfo } from 'node:net';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DynamicModule, LoggerService, Type } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import request, { type Agent } from 'supertest';
import type { PosthornOptions } from '../../src/posthorn.options.js';
import { createServer } from '../../src/server/create-server.js';
import { PosthornHealth } from '../../src/wiring/health.service.js';
import { installationIn, prefixIn, SHARED_SECRETS } from './installation.js';

export const API_TOKEN = SHARED_SECRETS.apiToken;

/**
 * The server of Posthorn in this process, on a free port, with a data folder of its own and both development opt-ins.
 */
export class RestServer {
  readonly app: NestExpressApplication;
  readonly dataDir: string;

  private constructor(app: NestExpressApplication, dataDir: string) {
    this.app = app;
    this.dataDir = dataDir;
  }

  static async start(
    options: PosthornOptions = {},
    modules: readonly (DynamicModule | Type)[] = [],
    logger: LoggerService | false = false,
  ): Promise<RestServer> {
    const dataDir = await mkdtemp(join(tmpdir(), 'posthorn-rest-'));
    const app = await createServer({
      posthorn: {
        dataDir,
        ...installationIn(dataDir),
        apiToken: API_TOKEN,
        allowHttp: true,
        allowedNetworks: ['127.0.0.0/8'],
        ...options,
      },
      modules,
      logger,
    });
    try {
      await app.listen(0, '127.0.0.1');
    } catch (error) {
      await app.close();
      await rm(dataDir, { recursive: true });
      throw error;
    }
    return new RestServer(app, dataDir);
  }

  /** Makes requests that carry the token. */
  get api(): Agent {
    return request.agent(this.app.getHttpServer()).set('Authorization', `Bearer ${API_TOKEN}`);
  }

  /** Makes requests that carry no token. */
  get anonymous(): Agent {
    return request.agent(this.app.getHttpServer());
  }

  /** What the name of each of Posthorn's own streams begins with. */
  get streamPrefix(): string {
    return prefixIn(this.dataDir);
  }

  get port(): number {
    return (this.app.getHttpServer().address() as AddressInfo).port;
  }

  /** Resolves when the service says that it is ready. */
  async ready(): Promise<this> {
    const health = this.app.get(PosthornHealth);
    await eventually(() => Promise.resolve(health.isReady));
    return this;
  }

  async stop(): Promise<void> {
    await this.app.close();
    await rm(this.dataDir, { recursive: true });
  }
}

const PATIENCE_MS = 20_000;

/** Resolves when `isMet` holds, which is asked again and again; rejects when it never does. */
export async function eventually(isMet: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!(await isMet())) {
    if (performance.now() > deadline) throw new Error('it did not come to pass');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
