-- One action on the records of KEYS; see records.py for what a record is.
-- ARGV: the time now, the action, an amount, and for each key its rates as [number, window, delay].
-- Answers, for each key, 1 where its limit is reached before the action; for give_back, where there was one.
local now, action, amount = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3])
local rates_of = cjson.decode(ARGV[4])
local EXACT = 300

local function longest_window(rates)
  local longest = 0
  for _, rate in ipairs(rates) do longest = math.max(longest, rate[2]) end
  return longest
end

local function sum(log, window, delay)
  local total = 0
  for i = 1, #log, 2 do
    local age = now - log[i]
    if math.max(age, 0) >= delay and math.abs(age) < window then total = total + log[i + 1] end
  end
  return total
end

local function is_full(record, rates)
  for _, rate in ipairs(rates) do
    if sum(record[1], rate[2], rate[3]) >= rate[1] + sum(record[2], rate[2], 0) then return true end
  end
  return false
end

local function trimmed(log, oldest)
  local kept = {}
  for i = 1, #log, 2 do
    if log[i] > oldest then
      kept[#kept + 1] = log[i]
      kept[#kept + 1] = log[i + 1]
    end
  end
  return kept
end

local function add(log, rates, count)
  local step = math.floor(longest_window(rates) / EXACT)
  local last = #log
  if last >= 2 * EXACT and math.floor(log[last - 1] / step) == math.floor(now / step) then
    log[last - 1] = now
    log[last] = log[last] + count
  else
    log[last + 1] = now
    log[last + 2] = count
  end
end

local function take_newest_back(log)
  local last = #log
  if last > 0 and log[last] > 1 then
    log[last] = log[last] - 1
  else
    log[last] = nil
    log[last - 1] = nil
  end
end

local records, full, any_full = {}, {}, false
for i, key in ipairs(KEYS) do
  local stored = redis.call('GET', key)
  records[i] = stored and cmsgpack.unpack(stored) or {{}, {}}
  full[i] = is_full(records[i], rates_of[i]) and 1 or 0
  any_full = any_full or full[i] == 1
end
if action == 'look' or (action == 'take' and any_full) then return full end

for i, key in ipairs(KEYS) do
  local record, rates = records[i], rates_of[i]
  local oldest = now - longest_window(rates)
  record = {trimmed(record[1], oldest), trimmed(record[2], oldest)}
  if action == 'take' then add(record[1], rates, 1) end
  if action == 'give_back' then
    full[i] = #record[1] > 0 and 1 or 0
    take_newest_back(record[1])
  end
  if action == 'allow_more' then add(record[2], rates, amount) end
  redis.call('SET', key, cmsgpack.pack(record), 'PX', math.ceil(longest_window(rates) / 1000))
end
return full
