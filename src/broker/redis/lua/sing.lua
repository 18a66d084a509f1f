-- A node says something to itself. KEYS channel. ARGV song. Gives Redis's time in ms and who heard.
local heard = redis.call('SPUBLISH', KEYS[1], ARGV[1])
local now = redis.call('TIME')
return {now[1] * 1000 + math.floor(now[2] / 1000), heard}
