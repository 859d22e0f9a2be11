-- Appends events to the stream KEYS[1]. KEYS[2], KEYS[3], … remember one event
-- each for ARGV[1] milliseconds; an event that is remembered is passed over.
-- ARGV[2] is how to trim, MAXLEN, MINID or nothing, and ARGV[3] to what. From
-- ARGV[4] on there are seven values for each event.
local trim, to, at = ARGV[2], ARGV[3], 4
for i = 2, #KEYS do
  -- It is set even if it is there, so that a batch written again is a write,
  -- too, which WAIT can wait for.
  if not redis.call('SET', KEYS[i], 1, 'PX', ARGV[1], 'GET') then
    local reply
    if trim == '' then
      reply = redis.pcall('XADD', KEYS[1], '*',
        'event_id', ARGV[at], 'event_fingerprint', ARGV[at + 1], 'app_id', ARGV[at + 2],
        'event_name', ARGV[at + 3], 'schema', ARGV[at + 4], 'verdict', ARGV[at + 5], 'event', ARGV[at + 6])
    else
      reply = redis.pcall('XADD', KEYS[1], trim, '~', to, '*',
        'event_id', ARGV[at], 'event_fingerprint', ARGV[at + 1], 'app_id', ARGV[at + 2],
        'event_name', ARGV[at + 3], 'schema', ARGV[at + 4], 'verdict', ARGV[at + 5], 'event', ARGV[at + 6])
    end
    if type(reply) == 'table' and reply.err then
      redis.call('DEL', KEYS[i])
      return reply
    end
  end
  at = at + 7
end
return redis.status_reply('OK')
