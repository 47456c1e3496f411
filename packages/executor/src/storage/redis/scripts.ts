/**
 * What must happen at once in Redis, as Lua. Each object is a hash (`h:<key>`) that the sorted set `index` names, so that lists
 * are in the order of bytes; large bodies lie beside it in chunks under a name of their own (`generation`), so that readers of
 * an old version finish what they began.
 */

/** Seconds for which the chunks of a replaced object stay for those who are reading it. */
export const LINGER = 120

/**
 * KEYS: hash, index. ARGV: key, condition ('' | 'new' | 'match'), etag wanted, new etag, size, time, content type, metadata, inline body,
 * generation ('' for inline), chunks, prefix of chunk names. Answers OK, EXISTS, MISSING, CHANGED or GONE (chunks have expired).
 */
export const COMMIT = `
local old = redis.call('HMGET', KEYS[1], 'etag', 'generation', 'chunks')
if ARGV[2] == 'new' and old[1] then return 'EXISTS' end
if ARGV[2] == 'match' then
  if not old[1] then return 'MISSING' end
  if old[1] ~= ARGV[3] then return 'CHANGED' end
end
local chunks = tonumber(ARGV[11])
for i = 0, chunks - 1 do
  if redis.call('EXISTS', ARGV[12] .. ARGV[10] .. ':' .. i) == 0 then return 'GONE' end
end
for i = 0, chunks - 1 do redis.call('PERSIST', ARGV[12] .. ARGV[10] .. ':' .. i) end
for i = 0, (tonumber(old[3]) or 0) - 1 do redis.call('EXPIRE', ARGV[12] .. old[2] .. ':' .. i, ${LINGER}) end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'etag', ARGV[4], 'size', ARGV[5], 'time', ARGV[6], 'type', ARGV[7], 'meta', ARGV[8],
  'body', ARGV[9], 'generation', ARGV[10], 'chunks', ARGV[11])
redis.call('ZADD', KEYS[2], 0, ARGV[1])
return 'OK'
`

/** KEYS: hash, index. ARGV: key, etag wanted or '', prefix of chunk names. Answers OK or CHANGED. */
export const REMOVE = `
local old = redis.call('HMGET', KEYS[1], 'etag', 'generation', 'chunks')
if not old[1] then return 'OK' end
if ARGV[2] ~= '' and old[1] ~= ARGV[2] then return 'CHANGED' end
for i = 0, (tonumber(old[3]) or 0) - 1 do redis.call('EXPIRE', ARGV[3] .. old[2] .. ':' .. i, ${LINGER}) end
redis.call('DEL', KEYS[1])
redis.call('ZREM', KEYS[2], ARGV[1])
return 'OK'
`
