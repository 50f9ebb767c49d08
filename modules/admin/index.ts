export { AdminModule, type AdminModuleOptions } from './admin.module.js';
export { ADMIN_OPTIONS, type AdminOptions } from './admin.options.js';
export { API_PREFIX } from './api-controller.decorator.js';
export { API_DOCS_PATH, apiDocument, setUpApiDocs } from './api-docs.js';
export { type Readiness, READINESS, type ReadinessCheck } from './health/readiness.port.js';
export { ProblemFilter } from './problems/problem.filter.js';
