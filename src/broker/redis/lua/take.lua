-- Takes due jobs: they are due again when the lease is over. Answers when the next is due, how many there
-- are in all, and those taken.
-- KEYS due, payloads, attempts. ARGV most, lease ms
local now = redis.call('TIME')
now = now[1] * 1000 + math.floor(now[2] / 1000)
local taken = {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, ARGV[1])) do
  redis.call('ZADD', KEYS[1], now + tonumber(ARGV[2]), id)
  taken[#taken + 1] = id
  taken[#taken + 1] = redis.call('HGET', KEYS[2], id)
  taken[#taken + 1] = redis.call('HINCRBY', KEYS[3], id, 1)
end
local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
return {first[2] and math.max(0, tonumber(first[2]) - now) or -1, redis.call('ZCARD', KEYS[1]), taken}
