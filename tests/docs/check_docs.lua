-- Whether the papers say what the program is: names and values of the modules, codes, states, options, links, examples.
--   check_docs.lua ROOT [RUNNER]
-- Runs in a stock lua5.1 or luajit, and in the runner, which has two calls more.
local root, runner = ...
local failures, checks = 0, 0

local function check(ok, ...)
  checks = checks + 1
  if ok then return end
  failures = failures + 1
  print("FAIL  " .. string.format(...))
end

local function read(path)
  local file = assert(io.open(root .. "/" .. path, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

local function output_of(command)
  local pipe = assert(io.popen(command))
  local text = pipe:read("*a")
  pipe:close()
  return text
end

local function each_line(text) return (text .. "\n"):gmatch("(.-)\r?\n") end

-- ---- The modules, the reference and the type stubs.

local modules = { socketcore = require "socketcore", rtos = require "rtos" }
local in_runner = modules.rtos.restart ~= nil

local reference = { socketcore = {}, rtos = {} }
local runner_only = {}
for line in each_line(read("docs/reference.md")) do
  local module, name = line:match("^### `(%a+)%.([%w_]+)%(")
  if module then
    reference[module][name] = "function"
    if line:find("(runner only)", 1, true) then runner_only[module .. "." .. name] = true end
  end
  local of, constant, value = line:match("^| `(%a+)%.([%u%d_]+)` | (%-?%d+) |")
  if of then reference[of][constant] = tonumber(value) end
end

local stubs = {}
for _, module in ipairs { "socketcore", "rtos" } do
  local chunk = assert(loadstring(read("types/" .. module .. ".lua"), "types/" .. module .. ".lua"))
  setfenv(chunk, stubs)
  check(chunk() == stubs[module], "types/%s.lua does not return its table", module)
end

local function kind_of(value) return type(value) == "number" and value or type(value) end

local function compare(where, documented)
  for module, table_of in pairs(modules) do
    for name, value in pairs(table_of) do
      local told = documented[module][name]
      check(told ~= nil, "%s has no %s.%s", where, module, name)
      check(told == nil or kind_of(told) == kind_of(value) or told == kind_of(value), "%s: %s.%s is %s, in truth %s", where,
        module, name, tostring(kind_of(told)), tostring(kind_of(value)))
    end
    for name in pairs(documented[module]) do
      local expected = in_runner or not runner_only[module .. "." .. name]
      check((table_of[name] ~= nil) == expected, "%s: %s.%s %s", where, module, name,
        expected and "does not exist" or "is not the runner's only")
    end
  end
end
compare("docs/reference.md", reference)
compare("types/", stubs)

-- ---- The modules of a device's project: asked in one, which prints a line for each of their names.

local ASK = [[
for name in ("adc audiocore bit cpu crypto i2c iconv json pack pio pmd pwm rtos spi uart"):gmatch "%w+" do
  for key, value in pairs(_G[name]) do
    if key ~= "pin" then print(name, key, type(value), tostring(value)) end
  end
end
for key, value in pairs(pio.pin) do print("pio.pin", key, type(value), tostring(value)) end
for key in ("opendir readdir closedir mount unmount format SDCARD USBMSC INTERNAL EXTERN_PINLCD EXTERN_PINGPIO"):gmatch "[%w_]+" do
  print("io", key, type(io[key]), tostring(io[key]))
end
print("string", "gfind", type(string.gfind), "")
]]

local function compare_device()
  local folder = os.tmpname()
  os.remove(folder)
  assert(os.execute("mkdir '" .. folder .. "'") == 0)
  local main = assert(io.open(folder .. "/main.lua", "w"))
  main:write(ASK)
  main:close()
  local answer = output_of("'" .. runner .. "' run '" .. folder .. "'")
  os.execute("rm -r '" .. folder .. "'")

  local env = { io = {}, string = {}, rtos = stubs.rtos }
  local function load_stub(name)
    local chunk = assert(loadstring(read("types/" .. name .. ".lua"), "types/" .. name .. ".lua"))
    chunk = setfenv(chunk, env)
    check(chunk() ~= nil, "types/%s.lua does not return its table", name)
  end
  for name in ("adc audiocore bit cpu crypto i2c iconv json pack pio pmd pwm rtos_device spi standard uart"):gmatch "[%w_]+" do
    load_stub(name)
  end
  env["pio.pin"], env.pio.pin = env.pio.pin, nil

  local page = read("docs/reference-device.md") .. read("docs/reference.md")
  local told = {}
  for code in page:gmatch("`([^`\n]+)`") do
    for word in code:gmatch("[%a_][%w_]*") do told[word] = true end
  end
  local real = {}
  for module, name, kind, value in answer:gmatch("(%S+) (%S+) (%S+) ?([^\n]*)") do
    real[module] = real[module] or {}
    real[module][name] = true
    -- Names that stand for a value which a stub cannot have, or that are nobody's business.
    if kind ~= "userdata" and not name:find("^_") then
      local stub = env[module] and env[module][name]
      check(type(stub) == kind, "types/: %s.%s is missing, or no %s", module, name, kind)
      check(kind ~= "number" or stub == tonumber(value), "types/: %s.%s is %s, in truth %s", module, name, tostring(stub), value)
      check(told[name], "docs/reference-device.md does not tell of %s.%s", module, name)
    end
  end
  check(real.uart and real["pio.pin"], "a project does not tell its modules: %s", answer)
  for module, names in pairs(real) do
    for name in pairs(env[module]) do
      check(names[name], "types/: %s.%s does not exist", module, name)
    end
  end
end
if runner then compare_device() end

-- ---- Messages and error codes have their sections.

local errors, headings = {}, {}
for line in each_line(read("docs/errors.md")) do
  local name, value = line:match("^## (ERR_[%u_]+) %((%-?%d+)%)$")
  if name then errors[name] = tonumber(value) end
end
for line in each_line(read("docs/reference.md")) do
  local name = line:match("^### `(MSG_[%u_]+)`$")
  if name then headings[name] = true end
end
for name, value in pairs(modules.socketcore) do
  if name:find("^ERR_") then check(errors[name] == value, "docs/errors.md has no section '## %s (%d)'", name, value) end
end
for name in pairs(errors) do check(modules.socketcore[name], "docs/errors.md: %s does not exist", name) end
for name in pairs(modules.rtos) do
  if name:find("^MSG_SOCK_") then check(headings[name], "docs/reference.md has no section of %s", name) end
end
for name in pairs(headings) do check(modules.rtos[name], "docs/reference.md: %s does not exist", name) end

-- ---- The state machine.

local function states_of_code()
  local moves = {}
  local events
  for line in each_line(read("src/device/socket_state.hpp")) do
    if line:find("^%s*//%s+ask%s") then
      events = {}
      for event in line:gmatch("[%l_]+") do events[#events + 1] = event end
    end
    local state, row = line:match("^%s*/%*%s*(%l+)%s*%*/%s*{(.*)},%s*$")
    if state then
      moves[state] = {}
      local column = 0
      for cell in row:gmatch("[^,]+") do
        column = column + 1
        moves[state][events[column]] = cell:match("to%((%l+)%)") or "-"
      end
    end
  end
  return moves
end

local function states_of_paper()
  local moves, events = {}, nil
  for line in each_line(read("docs/design.md"):match("<!%-%- state table %-%->\n(.-)\n\n")) do
    local cells = {}
    for cell in line:gmatch("|%s*([^|]-)%s*%f[|]") do cells[#cells + 1] = cell end
    if not events then
      events = cells
    elseif cells[1]:find("^%l") then
      moves[cells[1]] = {}
      for column = 2, #cells do moves[cells[1]][events[column]] = cells[column] end
    end
  end
  return moves
end

local code, paper = states_of_code(), states_of_paper()
check(next(code), "src/device/socket_state.hpp: no table found")
for state, row in pairs(code) do
  check(paper[state], "docs/design.md: the table has no state %s", state)
  for event, to in pairs(row) do
    local told = paper[state] and paper[state][event]
    check(told == to, "docs/design.md: %s + %s is '%s', in truth '%s'", state, event, tostring(told), to)
  end
end
for state in pairs(paper) do check(code[state], "docs/design.md: state %s does not exist", state) end

-- ---- All papers: links lead somewhere, examples in Lua parse.

local function slug(heading)
  heading = heading:gsub("`", ""):gsub("%[(.-)%]%(.-%)", "%1"):lower()
  -- Punctuation goes, that of CJK texts too.
  heading = heading:gsub("\227\128[\128-\191]", ""):gsub("\239[\188\189][\128-\191]", "")
  return (heading:gsub("[^%w\128-\255_ %-]", ""):gsub(" ", "-"))
end

local papers = {}
for path in output_of("cd '" .. root .. "' && find . -name '*.md' -not -path './build/*' -not -path './.git/*'"):gmatch("[^\n]+") do
  path = path:gsub("^%./", "")
  local paper = { anchors = {}, links = {} }
  papers[path] = paper
  local fence, block, first
  local number = 0
  for line in each_line(read(path)) do
    number = number + 1
    local indent, language = line:match("^(%s*)```(%w*)")
    if indent and not fence then
      fence, block, first = language ~= "" and language or "text", {}, number
    elseif indent then
      if fence == "lua" then
        local ok, message = loadstring(table.concat(block, "\n"), path .. ":" .. first)
        check(ok, "%s:%d: %s", path, first, tostring(message))
      end
      fence = nil
    elseif fence then
      block[#block + 1] = line
    else
      local heading = line:match("^#+%s+(.-)%s*$")
      if heading then paper.anchors[slug(heading)] = true end
      for target in line:gsub("`[^`]*`", ""):gmatch("%]%(([^)%s]+)%)") do
        paper.links[#paper.links + 1] = { target = target, line = number }
      end
    end
  end
  check(not fence, "%s:%s: a block is not closed", path, tostring(first))
end

local function join(from, target)
  local parts = {}
  for part in ((from:match("^(.*/)") or "") .. target):gmatch("[^/]+") do
    if part == ".." then
      if #parts == 0 then return nil end
      table.remove(parts)
    elseif part ~= "." then
      parts[#parts + 1] = part
    end
  end
  return table.concat(parts, "/")
end

for path, paper in pairs(papers) do
  for _, link in ipairs(paper.links) do
    if not link.target:find("^%a+:") then
      local file, anchor = link.target:match("^([^#]*)#?(.*)$")
      local target = file == "" and path or join(path, file)
      local there = target and io.open(root .. "/" .. target)
      if there then there:close() end
      check(there, "%s:%d: %s leads nowhere", path, link.line, link.target)
      if there and anchor ~= "" and papers[target] then
        check(papers[target].anchors[anchor], "%s:%d: %s has no heading #%s", path, link.line, target, anchor)
      end
    end
  end
end

-- ---- The command line.

local function options_in(text)
  local found = {}
  for option in text:gmatch("%-%-%l[%l%-]*") do found[option] = true end
  return found
end

if runner then
  local real = {}
  for _, command in ipairs { "", "run ", "echo ", "doctor " } do
    local help = output_of("'" .. runner .. "' " .. command .. "--help")
    check(help:find("Options:", 1, true), "'%s--help' says nothing", command)
    for option in pairs(options_in(help:gsub("\nExamples:.*", ""))) do real[option] = true end
  end
  -- What the page on projects has of its own: the options of that group, and the lines that drive modem and parts.
  local of_device = options_in(output_of("'" .. runner .. "' run --help"):match("\nA device's project:\n(.-)\n\n") or "")
  check(of_device["--modem-ctl"], "'run --help' has no group of a device's project")
  local lines = { "battery", "charger", "key" }
  for word in read("src/modem/control.cpp"):gmatch('\n    {"(%l+)", ') do lines[#lines + 1] = word end
  check(#lines > 10, "src/modem/control.cpp: no table of control lines found")
  for _, guide in ipairs { "docs/device.md", "docs/zh/device.md" } do
    local text = read(guide)
    local told = options_in(text)
    for option in pairs(of_device) do check(told[option], "%s does not tell of %s", guide, option) end
    for option in pairs(told) do check(real[option], "%s: %s does not exist", guide, option) end
    for _, word in ipairs(lines) do check(text:find("`" .. word .. "[ `]"), "%s: no control line %s", guide, word) end
  end
  for _, guide in ipairs { "docs/guide.md", "docs/zh/guide.md" } do
    local text = read(guide)
    local section = text:match("\n## The command line\n(.-)\n## ") or text:match("\n## 命令行\n(.-)\n## ")
    check(section, "%s: no section on the command line", guide)
    local told = options_in(section or "")
    for option in pairs(real) do check(told[option], "%s does not tell of %s", guide, option) end
    for option in pairs(told) do check(real[option], "%s: %s does not exist", guide, option) end
  end
  check(read("docs/compatibility.md") == output_of("'" .. runner .. "' doctor --compatibility"),
    "docs/compatibility.md is not what 'doctor --compatibility' prints")
end

print(string.format("%d passed, %d failed", checks - failures, failures))
os.exit(failures == 0 and 0 or 1)
