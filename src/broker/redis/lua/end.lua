-- Ends a session and tells its holders. KEYS session, events, pushes, channel
local existed = redis.call('DEL', KEYS[1])
redis.call('DEL', KEYS[2], KEYS[3])
if existed == 1 then redis.call('SPUBLISH', KEYS[4], 'ended') end
return {existed}
