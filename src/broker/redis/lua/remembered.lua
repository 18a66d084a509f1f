-- The timeline of a session. KEYS session, timeline. Gives whether either is there, and the moments.
return {redis.call('EXISTS', KEYS[1], KEYS[2]), redis.call('LRANGE', KEYS[2], 0, -1)}
