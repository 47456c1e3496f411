/** How workers find the state their host shares. Apart, so that a worker's control thread need not load the rest. */

/** Environment variable with the path of the socket. */
export const SHARED_VARIABLE = 'MAYFLY_SHARED'

/** Beginning of the name of the folder the socket lies in. */
export const SHARED_FOLDER = 'mayfly-shared-'
