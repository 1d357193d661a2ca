import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Resource } from './resource.entity.js';

/** The statements on `resources`. Each method takes part in the caller's transaction. */
@Injectable()
export class ResourcesRepository {
  /** All resources, by id. */
  async list(manager: EntityManager): Promise<Resource[]> {
    return manager.find(Resource, { order: { id: 'ASC' } });
  }

  /** Locks a resource until the transaction ends. Undefined if there is no such resource. */
  async lock(manager: EntityManager, id: string): Promise<Resource | undefined> {
    const lock = { mode: 'pessimistic_write' } as const;
    return (await manager.findOne(Resource, { where: { id }, lock })) ?? undefined;
  }

  /**
   * Adds a resource, or replaces one of this id; its time of creation stays.
   * @throws the database's unique violation on `uq_resources_identifier`
   */
  async put(manager: EntityManager, resource: Resource): Promise<void> {
    await manager
      .createQueryBuilder()
      .insert()
      .into(Resource)
      .values(resource)
      .orUpdate(['identifier', 'name', 'scopes', 'updated_at'], ['id'])
      .execute();
  }

  async delete(manager: EntityManager, id: string): Promise<void> {
    await manager.delete(Resource, { id });
  }
}
