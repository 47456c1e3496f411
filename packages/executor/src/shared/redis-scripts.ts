/** What must happen at once in Redis, as Lua. Times are the server's, in ms, so that clocks of workers do not matter. */

const NOW = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`

/** Ms after which a waiter that has not asked again is dead. */
export const WAITER_MS = 5_000

/** KEYS: values, versions, order, counter. ARGV: key, version wanted or '', '1' to set, value. */
export const MAP_SET = `
local version = tonumber(redis.call('HGET', KEYS[2], ARGV[1]) or '0')
if ARGV[2] ~= '' and tonumber(ARGV[2]) ~= version then return 0 end
if ARGV[3] == '' then
  redis.call('HDEL', KEYS[2], ARGV[1])
  redis.call('ZREM', KEYS[3], ARGV[1])
  return redis.call('HDEL', KEYS[1], ARGV[1])
end
local next = redis.call('INCR', KEYS[4])
if version == 0 then redis.call('ZADD', KEYS[3], next, ARGV[1]) end
redis.call('HSET', KEYS[2], ARGV[1], next)
redis.call('HSET', KEYS[1], ARGV[1], ARGV[4])
return 1
`

/** KEYS: list. ARGV: value, most or '', channel, name. Answers 1, or 0 when it is full. */
export const QUEUE_PUT = `
if ARGV[2] ~= '' and redis.call('LLEN', KEYS[1]) >= tonumber(ARGV[2]) then return 0 end
redis.call('RPUSH', KEYS[1], ARGV[1])
redis.call('PUBLISH', ARGV[3], ARGV[4])
return 1
`

/** KEYS: list. ARGV: channel, name. Answers the value or nothing. */
export const QUEUE_GET = `
local value = redis.call('LPOP', KEYS[1])
if value then redis.call('PUBLISH', ARGV[1], ARGV[2]) end
return value
`

/**
 * KEYS: holders (by end of lease), line (by ticket), waiters (by end of lease), tickets, fences. ARGV: id, permits, lease ms.
 * Answers a fence, or 0 while others are before.
 */
export const ACQUIRE = `${NOW}
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', now)) do
  redis.call('ZREM', KEYS[2], id)
  redis.call('ZREM', KEYS[3], id)
end
if not redis.call('ZSCORE', KEYS[2], ARGV[1]) then redis.call('ZADD', KEYS[2], redis.call('INCR', KEYS[4]), ARGV[1]) end
redis.call('ZADD', KEYS[3], now + ${WAITER_MS}, ARGV[1])
if redis.call('ZRANK', KEYS[2], ARGV[1]) >= tonumber(ARGV[2]) - redis.call('ZCARD', KEYS[1]) then return 0 end
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('ZREM', KEYS[3], ARGV[1])
redis.call('ZADD', KEYS[1], now + ARGV[3], ARGV[1])
return redis.call('INCR', KEYS[5])
`

/** KEYS: holders. ARGV: id, lease ms. Answers 0 when the holding was lost. */
export const RENEW = `${NOW}
local ends = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not ends or tonumber(ends) <= now then return 0 end
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
return 1
`

/** KEYS: holders. ARGV: id, channel, name. Answers 0 when the holding was lost. */
export const RELEASE = `${NOW}
local ends = redis.call('ZSCORE', KEYS[1], ARGV[1])
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('PUBLISH', ARGV[2], ARGV[3])
return (ends and tonumber(ends) > now) and 1 or 0
`

/** KEYS: line, waiters, places, tickets. ARGV: id, parties, channel, name. Answers the place in a full round, or -1. */
export const ARRIVE = `${NOW}
local place = redis.call('HGET', KEYS[3], ARGV[1])
if not place then
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now)) do
    redis.call('ZREM', KEYS[1], id)
    redis.call('ZREM', KEYS[2], id)
  end
  if not redis.call('ZSCORE', KEYS[1], ARGV[1]) then redis.call('ZADD', KEYS[1], redis.call('INCR', KEYS[4]), ARGV[1]) end
  redis.call('ZADD', KEYS[2], now + ${WAITER_MS}, ARGV[1])
  if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[2]) then
    for i, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, ARGV[2] - 1)) do
      redis.call('ZREM', KEYS[1], id)
      redis.call('ZREM', KEYS[2], id)
      redis.call('HSET', KEYS[3], id, i - 1)
    end
    redis.call('EXPIRE', KEYS[3], 3600)
    redis.call('PUBLISH', ARGV[3], ARGV[4])
    place = redis.call('HGET', KEYS[3], ARGV[1])
  end
end
if not place then return -1 end
redis.call('HDEL', KEYS[3], ARGV[1])
return tonumber(place)
`

/** KEYS: line, waiters, places or any. ARGV: id. Takes a waiter out; answers its place if a round was full already, else -1. */
export const LEAVE = `
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('ZREM', KEYS[2], ARGV[1])
local place = redis.call('HGET', KEYS[3], ARGV[1])
redis.call('HDEL', KEYS[3], ARGV[1])
return place and tonumber(place) or -1
`
