-- Names that Lua 5.1 has, in either flavour.
assert(string.gfind == string.gmatch or string.gfind)
local words = {}
for word in string.gfind("a bc", "%a+") do words[#words + 1] = word end
assert(table.concat(words, "|") == "a|bc")
assert(("x"):gfind("x"), "by way of the strings' metatable, too")
assert(math.mod(7, 3) == 1 and math.mod(-7, 3) == -1)
assert(table.getn({1, 2, 3}) == 3)
assert(not pcall(table.getn, 5))
assert(unpack and loadstring and setfenv and getfenv and module and package.seeall)
assert(string.format("%d", "0x0B") == "11")
assert(string.format("%d", 2.9) == "2")
assert(arg == nil, "no global arg")
