-- Registers a held session again where the data was lost, and renews it where it was not.
-- KEYS session, events, pushes, earlier pushes, tombstone. ARGV ticket, key, action, ends, state, by, node, held ms, last id, grace ms
local known = redis.call('HGET', KEYS[1], 'ticket')
if known and known ~= ARGV[1] then return {"lost"} end
if not known and redis.call('GET', KEYS[5]) == ARGV[1] then return {"lost"} end
if not known then
  redis.call('HSET', KEYS[1], 'ticket', ARGV[1], 'key', ARGV[2], 'action', ARGV[3], 'ends', ARGV[4], 'state', ARGV[5], 'by', ARGV[6], 'last', ARGV[9], 'dropped', ARGV[9])
end
-- New events must have ids after those that pages have seen: Redis may have lost them, and its clock may
-- be behind the one that gave them. What was lost nobody can replay.
if type(redis.pcall('XADD', KEYS[2], ARGV[9], 't', '')) == 'string' then
  redis.call('XDEL', KEYS[2], ARGV[9])
  redis.call('HSET', KEYS[1], 'last', ARGV[9], 'dropped', ARGV[9])
end
redis.call('HSET', KEYS[1], 'node:' .. ARGV[7], 1)
local now = redis.call('TIME')
now = now[1] * 1000 + math.floor(now[2] / 1000)
local ends = tonumber(redis.call('HGET', KEYS[1], 'ends') or 0)
local life = math.max(tonumber(ARGV[8]), ends - now + tonumber(ARGV[10]))
for i = 1, 4 do redis.call('PEXPIRE', KEYS[i], life) end
return {known and "renewed" or "restored"}
