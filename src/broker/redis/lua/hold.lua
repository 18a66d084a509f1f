-- Verifies a claim and marks the session as held by a node. KEYS session, events, pushes, earlier pushes,
-- tombstone.
-- ARGV ticket, key, register, node, held ms, grace ms
local known = redis.call('HMGET', KEYS[1], 'ticket', 'key', 'action', 'ends', 'state', 'last')
if not known[1] then
  if ARGV[3] == '0' or ARGV[1] == '' then return {'unknown'} end
  redis.call('HSET', KEYS[1], 'ticket', ARGV[1], 'key', '', 'action', '', 'ends', 0, 'state', 'waiting')
  redis.call('DEL', KEYS[5])
  known = {ARGV[1], '', '', '0', 'waiting', false}
end
if known[1] ~= ARGV[1] or (known[2] ~= '' and known[2] ~= ARGV[2]) then return {'mismatch'} end
redis.call('HSET', KEYS[1], 'node:' .. ARGV[4], 1)
local now = redis.call('TIME')
now = now[1] * 1000 + math.floor(now[2] / 1000)
-- At least until its code, and the grace after it, are over.
local life = math.max(tonumber(ARGV[5]), tonumber(known[4]) - now + tonumber(ARGV[6]))
for i = 1, 4 do redis.call('PEXPIRE', KEYS[i], life) end
return {'held', known[6] or '0-0', known[3], tonumber(known[4]), known[5], now, known[2]}
