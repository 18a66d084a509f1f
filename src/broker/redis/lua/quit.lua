-- Takes a uid out of a group; where a ticket is given, only with that one. KEYS group. ARGV uid, ticket
if ARGV[2] and redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return {0} end
return {redis.call('HDEL', KEYS[1], ARGV[1])}
