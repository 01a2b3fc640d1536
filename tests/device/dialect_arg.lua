-- The implicit arg.
local function count(...) return arg.n end
assert(count() == 0 and count(nil) == 1 and count(nil, nil, 3, nil) == 4)

local function values(first, ...) return arg[1], arg[2], arg.n end
local a, b, n = values(1, 2, 3)
assert(a == 2 and b == 3 and n == 2)

-- The scheduler's way: arguments kept for later, in a closure.
local function later(f, ...)
  return function() return f(unpack(arg, 1, arg.n)) end
end
assert(later(count, nil, nil)() == 2)
assert(select("#", later(function(...) return ... end, 1, nil)()) == 2)

-- nil where the body mentions the dots, an outer arg or not.
local arg = "outer"
local function both(...) return arg, ... end
assert(both(5) == nil and select(2, both(5)) == 5)
local function none() return arg end
assert(none() == "outer")

-- As a field it is a name like any other.
local t = {arg = 1}
local function field(...) return t.arg, t["arg"] end
assert(field(2) == 1)

-- In text that is compiled while running.
assert(loadstring("local function f(...) return arg.n end return f(nil, nil)")() == 2)
local pieces = {"local function f(.", "..) return ar", "g.n end return f(1)"}
local place = 0
assert(load(function() place = place + 1 return pieces[place] end)() == 1)
assert(setfenv(loadstring("local function f(...) return arg.n end return f(1, 2, 3)"), {})() == 3)

-- Functions over several lines keep their lines.
local function lines(first,
                     ...)
  return debug.getinfo(1, "l").currentline, arg.n
end
assert(lines(1, 2) == debug.getinfo(1, "l").currentline - 2)

-- Text that is no Lua is the compiler's to judge.
for _, text in ipairs {"function f(...) arg", "end end ... arg", ("("):rep(100000) .. "... arg", "'... arg", "--[[ ... arg"} do
  local chunk, message = loadstring(text, "=text")
  assert(chunk == nil and message:find("^text:1:"), message)
end
