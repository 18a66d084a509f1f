-- What is on record of a uid. KEYS session
local fields = redis.call('HGETALL', KEYS[1])
local now = redis.call('TIME')
return {now[1] * 1000 + math.floor(now[2] / 1000), fields}
