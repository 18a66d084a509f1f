-- Ends a session and tells its holders. KEYS session, events, pushes, earlier pushes, channel
local existed = redis.call('DEL', KEYS[1])
redis.call('DEL', KEYS[2], KEYS[3], KEYS[4])
if existed == 1 then redis.call('SPUBLISH', KEYS[5], 'ended') end
return {existed}
