export { ADMIN_OPTIONS, type AdminOptions } from './admin.options.js';
export { API_DOCS_PATH, apiDocument, setUpApiDocs } from './api-docs.js';
export { ProblemFilter } from './problems/problem.filter.js';
