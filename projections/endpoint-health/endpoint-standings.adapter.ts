import { Injectable } from '@nestjs/common';
import { filter, map } from 'rxjs';
import type {
  EndpointStanding,
  EndpointStandings,
} from '../../modules/delivery/endpoint-standing.port.js';
import { readModel } from '../database.js';
import { ReadModels } from '../runtime/read-models.js';
import { type EndpointRow, standingOf } from './endpoint-health.schema.js';

/** How endpoints stand by the tables of this instance. */
@Injectable()
export class EndpointStandingsAdapter implements EndpointStandings {
  readonly #readModels: ReadModels;
  readonly changes: EndpointStandings['changes'];

  constructor(readModels: ReadModels) {
    this.#readModels = readModels;
    this.changes = readModels.changesOf('endpoint-health').pipe(
      map(({ output }) => (output as readonly EndpointStanding[] | undefined) ?? []),
      filter((standings) => standings.length > 0),
    );
  }

  async failing(): Promise<readonly EndpointStanding[]> {
    const rows = await this.#readModels.query<EndpointRow>(
      readModel
        .selectFrom('endpoints')
        .selectAll()
        .where((eb) =>
          eb.or([eb('failing_since', 'is not', null), eb('warned_since', 'is not', null)]),
        ),
    );
    return rows.map(standingOf);
  }

  async standingOf(
    webhookId: string,
    position: bigint | null,
  ): Promise<EndpointStanding | undefined> {
    if (position !== null) await this.#readModels.waitFor(position);
    const [row] = await this.#readModels.query<EndpointRow>(
      readModel.selectFrom('endpoints').selectAll().where('webhook_id', '=', webhookId),
    );
    return row && standingOf(row);
  }
}
