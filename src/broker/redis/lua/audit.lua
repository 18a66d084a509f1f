-- Whether a held uid's path still stands. KEYS session, events, channel. Gives the newest event's id and
-- how many are subscribed.
local newest = redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)
local heard = redis.call('PUBSUB', 'SHARDNUMSUB', KEYS[3])[2]
return {newest[1] and newest[1][1] or '0-0', heard}
