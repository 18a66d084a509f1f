-- Puts a job into a queue. KEYS due, payloads, attempts. ARGV id, payload, delay ms, most
if redis.call('HEXISTS', KEYS[2], ARGV[1]) == 1 then return {'known'} end
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[4]) then return {'full'} end
local now = redis.call('TIME')
now = now[1] * 1000 + math.floor(now[2] / 1000)
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
redis.call('ZADD', KEYS[1], now + tonumber(ARGV[3]), ARGV[1])
return {'queued'}
