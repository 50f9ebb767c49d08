import {
  type DynamicModule,
  type LoggerService,
  Module,
  type NestApplicationOptions,
  type Type,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { POSTHORN_CONFIG } from '../wiring/foundation.module.js';
import type { PosthornConfig } from '../config/posthorn-config.js';
import { PosthornModule } from '../posthorn.module.js';
import type { PosthornOptions } from '../posthorn.options.js';
import { setUpHttpFace } from './http-face.js';

@Module({})
class ServerModule {}

export interface ServerOptions {
  readonly posthorn: PosthornOptions;
  /** Modules with webhooks to serve too. */
  readonly modules?: readonly (DynamicModule | Type)[];
  readonly logger: LoggerService | false;
}

/**
 * An HTTP server with nothing but Posthorn and the given modules in it, complete but for `listen`.
 *
 * @throws PosthornError what `PosthornModule.forRoot` throws when the application starts
 */
export async function createServer(options: ServerOptions): Promise<NestExpressApplication> {
  const { posthorn, modules = [], logger } = options;
  const root: DynamicModule = {
    module: ServerModule,
    imports: [PosthornModule.forRoot({ ...posthorn, admin: true }), ...modules],
  };
  const settings: NestApplicationOptions = {
    logger,
    abortOnError: false,
    bodyParser: false,
    rawBody: true,
  };
  const app = await NestFactory.create<NestExpressApplication>(root, settings);
  setUpHttpFace(app, app.get<PosthornConfig>(POSTHORN_CONFIG).maxBodyBytes);
  return app;
}
