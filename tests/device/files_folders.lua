-- io.opendir and its kin, and media.
local FILE, FOLDER = 32, 16

local function put(path, text)
  local file = assert(io.open(path, "w"))
  file:write(text)
  file:close()
end

local function listing(path)
  assert(io.opendir(path) == 1, path)
  local all = {}
  while true do
    local kind, name, size = io.readdir()
    if not kind then break end
    all[#all + 1] = (kind == FILE and "" or kind == FOLDER and "+" or "?") .. name .. ":" .. size
  end
  assert(select("#", io.readdir()) == 0, "nothing at the end")
  assert(io.closedir(path) == 1)
  return table.concat(all, " ")
end

assert(listing("/") == "")
put("/b", "12345")
rtos.make_dir("/a")
put("/a/c", "")
assert(listing("/") == "+a:0 b:5")
assert(listing("/a") == "c:0")
assert(io.opendir("/none") == 0 and io.opendir("/b") == 0 and io.opendir("/..") == 0)
assert(select("#", io.readdir()) == 0)

-- A folder left open is no obstacle.
assert(io.opendir("/") == 1)
io.readdir()
assert(io.opendir("/a") == 1)
assert(select(2, io.readdir()) == "c")
io.closedir("/a")
assert(select("#", io.readdir()) == 0)

-- What the project consists of.
assert((" " .. listing("/lua")):find(" flat_module.lua:%d+"))
assert((" " .. listing("/ldata")):find(" flat_text.crt:12"))

-- A card is there while it is mounted.
assert(io.open("/sdcard0/x", "w") == nil)
assert(io.opendir("/sdcard0") == 0)
assert(io.unmount(io.SDCARD) == 0)
assert(io.mount(io.SDCARD) == 1)
assert(io.opendir("/sdcard0") == 1)
put("/sdcard0/x", "photo")
assert(listing("/sdcard0") == "x:5")
local file = assert(io.open("/sdcard0/x", "a"))
file:write("s")
file:close()
assert(listing("/sdcard0") == "x:6")
assert(listing("/") == "+a:0 b:5 +sdcard0:0")
assert(rtos.get_fs_total_size(1) > 0 and rtos.get_fs_total_size(2) == 0)
assert(rtos.remove_dir("/sdcard0") == false and os.remove("/sdcard0") == nil)
assert(io.unmount(io.SDCARD) == 1)
assert(io.open("/sdcard0/x") == nil)
assert(io.mount(io.SDCARD) == 1 and io.open("/sdcard0/x"), "kept")
assert(io.format(io.SDCARD) == 1)
assert(listing("/sdcard0") == "")

assert(io.open("/usbmsc0/x", "w") == nil)
assert(io.mount(io.USBMSC) == 1)
put("/usbmsc0/x", "")
assert(io.unmount(io.USBMSC) == 1)

-- Flash chips have a path of their own.
assert(io.format(io.EXTERN_PINLCD, "/ext1", 0x400000, 0, 50000000) == 1)
assert(io.mount(io.EXTERN_PINLCD, "/ext1", 0x400000, 0, 50000000) == 1)
put("/ext1/x", "")
assert(io.unmount(io.EXTERN_PINLCD, "/ext1") == 1)
assert(io.open("/ext1/x") == nil)
assert(io.mount(io.EXTERN_PINGPIO, "/lua", 0x400000) == 0)
assert(io.mount(io.INTERNAL, "/../x", 0x400000) == 0)
assert(not pcall(io.mount, io.INTERNAL))
assert(not pcall(io.mount))
assert(io.mount(99) == 0 and io.mount(-1) == 0 and io.mount(0.5) == 0 and io.mount(0 / 0) == 0)
