import { type DynamicModule, Module, type ModuleMetadata } from '@nestjs/common';
import {
  ADMIN_OPTIONS,
  AdminModule,
  type AdminOptions,
  READINESS,
} from '../../modules/admin/index.js';
import type { PosthornConfig } from '../config/posthorn-config.js';
import { POSTHORN_CONFIG } from './foundation.module.js';
import { PosthornHealth } from './health.service.js';
import { apiTokenOf } from './secrets.js';

/** What the REST face is told by the shell. */
@Module({})
class RestFaceOptionsModule {}

/** The REST face on the given rooms. */
export function restFace(rooms: NonNullable<ModuleMetadata['imports']>): DynamicModule {
  const options: DynamicModule = {
    module: RestFaceOptionsModule,
    imports: rooms,
    providers: [
      {
        provide: ADMIN_OPTIONS,
        inject: [POSTHORN_CONFIG],
        useFactory: async (config: PosthornConfig): Promise<AdminOptions> => ({
          apiToken: await apiTokenOf(config),
        }),
      },
      { provide: READINESS, useExisting: PosthornHealth },
    ],
    exports: [ADMIN_OPTIONS, READINESS],
  };
  return AdminModule.forRoot({ imports: [...rooms, options] });
}
