/** A pool of workers with the words of Python's multiprocessing. */
export { Pool, type PoolOptions } from './pool.js'
export { AsyncResult } from './result.js'
