export {
  TENANCY_DEFAULTS,
  TENANCY_OPTIONS,
  type TenancyOptions,
  type TenantResolver,
} from './tenancy.options.js';
export { tenantOf } from './tenant.js';
