-- Retained events after an id. KEYS session, events. ARGV after, limit
local known = redis.call('HMGET', KEYS[1], 'ticket', 'dropped')
local events = redis.call('XRANGE', KEYS[2], '(' .. ARGV[1], '+', 'COUNT', ARGV[2])
return {known[1] and 1 or 0, known[2] or '0-0', events}
