"""What must happen at once in Redis, as scripts; each mends a key of the wrong type by itself.

Numbers of microseconds have 16 digits: Lua's own way to print a number would round them.
"""

from __future__ import annotations

TAKE = """
local key, ticket = KEYS[1], ARGV[1]
local limit, window, late = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local kind = redis.call('TYPE', key).ok
if kind ~= 'none' and kind ~= 'zset' then redis.call('DEL', key) end
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local function whole(number) return string.format('%.0f', number) end
redis.call('ZREMRANGEBYSCORE', key, '-inf', whole(now - window))
-- Later than a use can be: somebody else's value, or the server's clock was set back.
redis.call('ZREMRANGEBYSCORE', key, '(' .. whole(now + late), '+inf')
local used = redis.call('ZCARD', key)
if used < limit then
    redis.call('ZADD', key, whole(now + late), ticket)
    redis.call('PEXPIRE', key, whole((window + late) / 1000 + 1000))
    return 0
end
local freed = redis.call('ZRANGE', key, used - limit, used - limit, 'WITHSCORES')
return math.max(1, tonumber(freed[2]) + window - now)
"""
"""KEYS: the budget. ARGV: ticket, limit, window and lateness (microseconds). Returns microseconds to wait."""

SETTLE = """
if redis.call('TYPE', KEYS[1]).ok ~= 'zset' then return 0 end
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local counted = redis.call('ZSCORE', KEYS[1], ARGV[1])
if counted and tonumber(counted) > now then
    redis.call('ZADD', KEYS[1], 'XX', string.format('%.0f', now), ARGV[1])
end
return 1
"""

CLAIM = """
local kind = redis.call('TYPE', KEYS[1]).ok
if kind ~= 'none' then
    local left = redis.call('PTTL', KEYS[1])
    if kind == 'string' and left >= 0 and left <= tonumber(ARGV[2]) then return 0 end
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""
"""KEYS: the claim. ARGV: value, life in milliseconds. Returns 1 where it is ours now."""

HOLD = """
local key, owner, life = KEYS[1], ARGV[1], tonumber(ARGV[2])
local kind, left = redis.call('TYPE', key).ok, redis.call('PTTL', key)
if kind == 'string' and left >= 0 and left <= life then
    local number, holder = string.match(redis.call('GET', key), '^(%d+):(.+)$')
    if number and #number <= 16 then
        if holder == owner then redis.call('PEXPIRE', key, ARGV[2]) end
        return {number, holder}
    end
end
if ARGV[3] ~= '1' then return {'0', ''} end
local time = redis.call('TIME')
local number = string.format('%.0f', tonumber(time[1]) * 1000000 + tonumber(time[2]))
redis.call('SET', key, number .. ':' .. owner, 'PX', ARGV[2])
return {number, owner}
"""
"""KEYS: the lease. ARGV: owner, life in milliseconds, 1 to take it when free. Returns number and holder.

The number is the server's time of the taking, so that it grows even over a restart that lost everything.
"""

LET_GO = """
if redis.call('TYPE', KEYS[1]).ok ~= 'string' then return 0 end
local holder = string.match(redis.call('GET', KEYS[1]), '^%d+:(.+)$')
if holder == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
"""
