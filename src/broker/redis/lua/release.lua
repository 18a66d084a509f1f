-- A node holds the uid no more; the last one leaves the session its grace.
-- KEYS session, events, pushes, channel. ARGV node, grace ms
redis.call('HDEL', KEYS[1], 'node:' .. ARGV[1])
if redis.call('PUBSUB', 'SHARDNUMSUB', KEYS[4])[2] > 0 then return {0} end
local now = redis.call('TIME')
now = now[1] * 1000 + math.floor(now[2] / 1000)
local ends = tonumber(redis.call('HGET', KEYS[1], 'ends') or 0)
local expires = math.max(ends, now) + tonumber(ARGV[2])
for i = 1, 3 do redis.call('PEXPIREAT', KEYS[i], expires) end
return {1}
