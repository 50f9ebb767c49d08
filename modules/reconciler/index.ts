export { type AuditStatus, GetAudit } from './get-audit.query.js';
export type { KnownDeliveries } from './known-deliveries.port.js';
export {
  type ExpectedDelivery,
  RECONCILE_DELIVERY,
  type ReconcileDelivery,
} from './reconcile-delivery.port.js';
export type { AuditCheckpoint, UnresolvedStretch } from './reconciler.events.js';
export { ReconcilerModule, type ReconcilerModuleOptions } from './reconciler.module.js';
export { RECONCILER_DEFAULTS, type ReconcilerOptions } from './reconciler.options.js';
export { Reconciler, type ReconcilerHealth, type ReconcilerState } from './reconciler.js';
