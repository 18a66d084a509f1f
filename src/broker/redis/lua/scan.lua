-- Takes a person's scan. KEYS session. ARGV ticket, person
local known = redis.call('HMGET', KEYS[1], 'ticket', 'action', 'ends', 'state', 'by')
if not known[1] then return {'unknown'} end
if known[1] ~= ARGV[1] then return {'mismatch'} end
local now = redis.call('TIME')
now = now[1] * 1000 + math.floor(now[2] / 1000)
local same = known[5] == ARGV[2]
if known[4] == 'waiting' then
  if now >= tonumber(known[3]) then return {'expired'} end
elseif not same then
  return {'used'}
elseif known[4] == 'done' then
  return {'repeated'}
end
redis.call('HSET', KEYS[1], 'state', 'scanned', 'by', ARGV[2])
return {'accepted', known[2], known[1]}
