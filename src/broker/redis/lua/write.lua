-- Writes a record, or removes it where no text is given, if its version is the one known.
-- KEYS record. ARGV known version (0: none), life ms (0: for ever), text
local version = redis.call('HGET', KEYS[1], 'v') or '0'
if version ~= ARGV[1] then return {0} end
if not ARGV[3] then
  redis.call('DEL', KEYS[1])
  return {1}
end
local now = redis.call('TIME')
local fresh = math.max(now[1] * 1000000 + now[2], tonumber(version) + 1)
redis.call('HSET', KEYS[1], 'v', string.format('%.0f', fresh), 't', ARGV[3])
if ARGV[2] == '0' then redis.call('PERSIST', KEYS[1]) else redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return {1}
