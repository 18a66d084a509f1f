-- Marks the action of a scanned session as done. KEYS session
if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('HSET', KEYS[1], 'state', 'done') end
return {1}
