-- The members of a group, which lives on for being asked for. KEYS group. ARGV life ms
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return redis.call('HGETALL', KEYS[1])
