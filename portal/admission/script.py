"""The Lua script behind `limits.RedisLimits`: all checks first, then all changes.

KEYS: the key's windows (hash), the organization's calls in flight (sorted set of leases scored by their end).
ARGV: lease, concurrency, lease in ms, then (name, limit, length in ms) for every window.
Answer: {0 let in | 1 rate | 2 concurrency, limit, remaining, reset (unix ms), wait in ms} of the tightest window.
"""

import hashlib

ENTER = b"""
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local windows = (#ARGV - 3) / 3
local fields = {}
for i = 1, windows do
  local name = ARGV[1 + i * 3]
  fields[2 * i - 1] = name .. 's'
  fields[2 * i] = name .. 'c'
end
local have = {}
if windows > 0 then have = redis.call('HMGET', KEYS[1], unpack(fields)) end
local set = {}
local longest = 0
local limit, left, reset = 0, 0, now
local over, over_limit, over_reset = 0, 0, 0
for i = 1, windows do
  local most, length = tonumber(ARGV[2 + i * 3]), tonumber(ARGV[3 + i * 3])
  local start, count = tonumber(have[2 * i - 1] or 0), tonumber(have[2 * i] or 0)
  if now >= start + length or start > now then start, count = now, 0 end
  local ends, rest = start + length, most - count - 1
  if rest < 0 and ends - now > over then over, over_limit, over_reset = ends - now, most, ends end
  if i == 1 or rest < left or (rest == left and ends > reset) then limit, left, reset = most, rest, ends end
  if length > longest then longest = length end
  set[4 * i - 3], set[4 * i - 2], set[4 * i - 1], set[4 * i] = fields[2 * i - 1], start, fields[2 * i], count + 1
end
if over > 0 then return {1, over_limit, 0, over_reset, over} end
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
if redis.call('ZCARD', KEYS[2]) >= tonumber(ARGV[2]) then return {2, limit, left + 1, reset, 1000} end
redis.call('ZADD', KEYS[2], now + ARGV[3], ARGV[1])
redis.call('PEXPIRE', KEYS[2], ARGV[3])
if windows > 0 then
  redis.call('HSET', KEYS[1], unpack(set))
  redis.call('PEXPIRE', KEYS[1], longest)
end
return {0, limit, left, reset, 0}
"""
ENTER_SHA = hashlib.sha1(ENTER, usedforsecurity=False).hexdigest().encode()
