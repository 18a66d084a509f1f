-- Whether a held uid's path still stands. KEYS session, channel. Gives the newest event's id and how many
-- are subscribed.
local heard = redis.call('PUBSUB', 'SHARDNUMSUB', KEYS[2])[2]
return {redis.call('HGET', KEYS[1], 'last') or '0-0', heard}
