import {
  DummyDriver,
  Kysely,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import type { DeliveriesTables } from './deliveries/deliveries.schema.js';
import type { EndpointHealthTables } from './endpoint-health/endpoint-health.schema.js';
import type { ReplaysTables } from './replays/replays.schema.js';
import type { WebhooksTables } from './webhooks/webhooks.schema.js';

/** All tables of the read model. */
export type ReadModelDatabase = WebhooksTables &
  DeliveriesTables &
  EndpointHealthTables &
  ReplaysTables;

/** Builds queries on the read model. It compiles only: `ReadModels.query` runs them, in a thread of their own. */
export const readModel = new Kysely<ReadModelDatabase>({
  dialect: {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  },
});
