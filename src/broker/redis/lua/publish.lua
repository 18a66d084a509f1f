-- Verify, retain, publish. KEYS session, events, pushes, earlier pushes, channel.
-- ARGV ticket, text, deadline (Redis milliseconds, 0 = none), keep, most events, push id, most push ids
local deadline = tonumber(ARGV[3])
if deadline > 0 then
  local now = redis.call('TIME')
  if now[1] * 1000 + now[2] / 1000 > deadline then return {'late'} end
end
local ticket = redis.call('HGET', KEYS[1], 'ticket')
if not ticket then return {'unknown'} end
if ticket ~= ARGV[1] then return {'mismatch'} end
if ARGV[6] ~= '' then
  local before = redis.call('HGET', KEYS[3], ARGV[6]) or redis.call('HGET', KEYS[4], ARGV[6])
  if before then
    local id, nodes = string.match(before, '(%S+) (%d+)')
    return {'ok', id, tonumber(nodes)}
  end
end
if ARGV[4] == '0' and redis.call('PUBSUB', 'SHARDNUMSUB', KEYS[5])[2] == 0 then
  return {'not_held'}
end
local many = redis.call('XLEN', KEYS[2])
if many >= tonumber(ARGV[5]) then
  local oldest = redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', 1)
  redis.call('HSET', KEYS[1], 'dropped', oldest[1][1])
  redis.call('XTRIM', KEYS[2], 'MAXLEN', tonumber(ARGV[5]) - 1)
end
-- Who hears of this event without having heard of the one before it has missed something.
local newest = redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)
local before = newest[1] and newest[1][1] or '0-0'
local id = redis.call('XADD', KEYS[2], '*', 't', ARGV[2])
if many == 0 then
  redis.call('PEXPIREAT', KEYS[2], redis.call('PEXPIRETIME', KEYS[1]))
end
-- The gateway's own events tell the nodes how far the session has come.
local mark = ({['o:scan'] = 's', ['o:result'] = 'd'})[ARGV[6]] or '-'
local nodes = redis.call('SPUBLISH', KEYS[5], id .. ' ' .. before .. ' ' .. mark .. ARGV[2])
if ARGV[6] ~= '' then
  -- Two generations: the newest as many as promised are always in one of them.
  if redis.call('HLEN', KEYS[3]) >= tonumber(ARGV[7]) then redis.call('RENAME', KEYS[3], KEYS[4]) end
  redis.call('HSET', KEYS[3], ARGV[6], id .. ' ' .. nodes)
  redis.call('PEXPIREAT', KEYS[3], redis.call('PEXPIRETIME', KEYS[1]))
end
return {'ok', id, nodes}
