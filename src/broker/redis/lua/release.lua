-- A node holds the uid no more; the last one leaves the session its grace.
-- KEYS session, events, pushes, earlier pushes, channel. ARGV node, grace ms
redis.call('HDEL', KEYS[1], 'node:' .. ARGV[1])
-- The caller's own unsubscribing may still be on its way, and a node that crashed has left its mark:
-- somebody else holds the uid only where both tell so.
local marked = false
for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
  marked = marked or string.sub(field, 1, 5) == 'node:'
end
if marked and redis.call('PUBSUB', 'SHARDNUMSUB', KEYS[5])[2] > 0 then return {0} end
local now = redis.call('TIME')
now = now[1] * 1000 + math.floor(now[2] / 1000)
local ends = tonumber(redis.call('HGET', KEYS[1], 'ends') or 0)
local expires = math.max(ends, now) + tonumber(ARGV[2])
for i = 1, 4 do redis.call('PEXPIREAT', KEYS[i], expires) end
return {1}
