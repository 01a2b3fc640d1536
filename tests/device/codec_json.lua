-- The module json: as lua-cjson.
local function eq(got, want) assert(got == want, ('got %s, want %s'):format(tostring(got), tostring(want))) end

local t = json.decode('{"a":1,"b":[1,2,{"c":"d"}],"e":null,"f":true,"g":-1.5e3,"h":"\\u4e2d\\ud83d\\ude00\\n"}')
eq(t.a, 1)
eq(t.b[2], 2)
eq(t.b[3].c, 'd')
eq(t.e, json.null)
eq(t.f, true)
eq(t.g, -1500)
eq(t.h, '\228\184\173\240\159\152\128\n')
eq(type(json.null), 'userdata')

eq(json.encode({ 1, 2, 3 }), '[1,2,3]')
eq(json.encode({ a = 'x"\n' }), '{"a":"x\\"\\n"}')
eq(json.encode({}), '{}')
eq(json.encode({ json.null }), '[null]')
eq(json.encode({ 1, nil, 3 }), '[1,null,3]')
eq(json.encode('\0\1'), '"\\u0000\\u0001"')
eq(json.encode(2 ^ 31), '2147483648')
eq(json.encode(0.1), '0.1')
eq(json.encode({ [1] = 1, [2] = 2 }), '[1,2]')

-- Bad text raises.
for _, text in ipairs { '', ' ', '{', '{"a"}', '[1,]', 'nul', '"abc', '{"a":1}x', '[1 2]', '"\\x"', '"\\ud800"', '\0' } do
  local ok, message = pcall(json.decode, text)
  assert(not ok and type(message) == 'string', ('%q was taken'):format(text))
end
assert(not pcall(json.decode, nil))
assert(not pcall(json.decode, {}))

-- Nesting has an end, both ways.
assert(pcall(json.decode, ('['):rep(900) .. (']'):rep(900)))
assert(not pcall(json.decode, ('['):rep(100000) .. (']'):rep(100000)))
assert(not pcall(json.decode, ('['):rep(1e6)))
assert(not pcall(json.decode, ('{"a":'):rep(1e5)))
local ring = {}
ring[1] = ring
assert(not pcall(json.encode, ring))

-- What JSON has no words for.
assert(not pcall(json.encode, 0 / 0))
assert(not pcall(json.encode, { math.huge }))
assert(not pcall(json.encode, { print }))
assert(not pcall(json.encode, { [{}] = 1 }))
-- A table with one very large index is not an array of a million nulls.
assert(not pcall(json.encode, { [1] = 1, [1e6] = 2 }))
eq(json.encode({ [2] = 2 }), '[null,2]')

-- The script may replace its functions.
local decode = json.decode
json.decode = function(text)
  local ok, result = pcall(decode, text)
  if ok then return result, true end
  return {}, false, result
end
local result, ok, message = json.decode('{')
assert(type(result) == 'table' and ok == false and type(message) == 'string')
json.decode = decode
