-- Retained events after an id. KEYS session, events. ARGV after, limit
local dropped = redis.call('HGET', KEYS[1], 'dropped') or '0-0'
return {dropped, redis.call('XRANGE', KEYS[2], '(' .. ARGV[1], '+', 'COUNT', ARGV[2])}
