-- Adds moments to the timeline of a session. KEYS session, timeline. ARGV most, life ms, was session,
-- moments…
if ARGV[3] == '0' and redis.call('EXISTS', KEYS[1], KEYS[2]) == 0 then return {0} end
redis.call('RPUSH', KEYS[2], unpack(ARGV, 4))
-- One more is kept than is told, to know that there were more.
redis.call('LTRIM', KEYS[2], -1 - tonumber(ARGV[1]), -1)
redis.call('PEXPIRE', KEYS[2], ARGV[2])
return {1}
