-- Verify, retain, publish. KEYS session, events, channel. ARGV ticket, text, deadline (Redis milliseconds),
-- keep, most events. With a push id also KEYS pushes, earlier pushes; ARGV push id, most push ids, age of
-- the scan that it tells of (ms).
local now = redis.call('TIME')
if now[1] * 1000 + now[2] / 1000 > tonumber(ARGV[3]) then return {'late'} end
local known = redis.call('HMGET', KEYS[1], 'ticket', 'last')
if not known[1] then return {'unknown'} end
if known[1] ~= ARGV[1] then return {'mismatch'} end
if ARGV[6] then
  local before = redis.call('HGET', KEYS[4], ARGV[6]) or redis.call('HGET', KEYS[5], ARGV[6])
  if before then
    local id, nodes = string.match(before, '(%S+) (%d+)')
    return {'known', id, tonumber(nodes)}
  end
end
if ARGV[4] == '0' and redis.call('PUBSUB', 'SHARDNUMSUB', KEYS[3])[2] == 0 then
  return {'not_held'}
end
-- Who hears of this event without having heard of the one before it has missed something. Its id is
-- kept in the session: reading it from the stream would read its text, too.
local before = known[2] or '0-0'
local id = redis.call('XADD', KEYS[2], '*', 't', ARGV[2])
redis.call('HSET', KEYS[1], 'last', id)
if before == '0-0' then
  redis.call('PEXPIREAT', KEYS[2], redis.call('PEXPIRETIME', KEYS[1]))
end
local over = redis.call('XLEN', KEYS[2]) - tonumber(ARGV[5])
if over > 0 then
  local oldest = redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', over)
  redis.call('HSET', KEYS[1], 'dropped', oldest[over][1])
  redis.call('XTRIM', KEYS[2], 'MAXLEN', ARGV[5])
end
-- The gateway's own events tell the nodes how far the session has come, and the scan's how old it is.
local mark = '-'
if ARGV[6] == 'o:scan' then mark = 's' .. ARGV[8] .. ' ' elseif ARGV[6] == 'o:result' then mark = 'd' end
local nodes = redis.call('SPUBLISH', KEYS[3], id .. ' ' .. before .. ' ' .. mark .. ARGV[2])
if ARGV[6] then
  -- Two generations: the newest as many as promised are always in one of them.
  if redis.call('HLEN', KEYS[4]) >= tonumber(ARGV[7]) then redis.call('RENAME', KEYS[4], KEYS[5]) end
  redis.call('HSET', KEYS[4], ARGV[6], id .. ' ' .. nodes)
  redis.call('PEXPIREAT', KEYS[4], redis.call('PEXPIRETIME', KEYS[1]))
end
return {'ok', id, nodes}
