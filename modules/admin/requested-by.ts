/** Who the history names for what was asked through REST: whoever holds the API token. */
export const REQUESTED_BY = 'api';
