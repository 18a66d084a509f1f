-- Puts a session on record, or renews it. KEYS session, events, pushes, earlier pushes, tombstone.
-- ARGV ticket, key, action, life ms, grace ms
local now = redis.call('TIME')
now = now[1] * 1000 + math.floor(now[2] / 1000)
local ends = now + tonumber(ARGV[4])
local known = redis.call('HMGET', KEYS[1], 'ticket', 'key')
if known[1] then
  if known[1] ~= ARGV[1] then return {'conflict'} end
  redis.call('HSET', KEYS[1], 'ends', ends)
else
  redis.call('HSET', KEYS[1], 'ticket', ARGV[1], 'key', ARGV[2], 'action', ARGV[3], 'ends', ends, 'state', 'waiting')
end
-- A held session lives longer than that already.
local expires = ends + tonumber(ARGV[5])
for i = 1, 4 do
  if redis.call('PEXPIRETIME', KEYS[i]) < expires then redis.call('PEXPIREAT', KEYS[i], expires) end
end
redis.call('DEL', KEYS[5])
if known[1] then return {'renewed', known[2] or ''} end
return {'created'}
