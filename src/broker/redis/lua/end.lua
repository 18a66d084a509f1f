-- Ends a session and tells its holders. KEYS session, events, pushes, earlier pushes, channel, tombstone. ARGV held ms
local ticket = redis.call('HGET', KEYS[1], 'ticket')
redis.call('DEL', KEYS[1], KEYS[2], KEYS[3], KEYS[4])
if not ticket then return {0} end
-- A node whose subscriptions are away just now does not hear, and must not put it on record again.
redis.call('SET', KEYS[6], ticket, 'PX', ARGV[1])
redis.call('SPUBLISH', KEYS[5], 'ended')
return {1}
