---@meta _

-- What Lua's own tables have besides in a device's project. This file is never run by a script. `os.time` and `os.date`
-- follow the script's clock; paths are the device's; `os.execute` and `io.popen` raise.

---@class iolib
io = io

---Opens a folder; one at a time.
---@param path string
---@return 0|1 opened
function io.opendir(path) end

---The next entry of the open folder.
---@return integer? kind 16 a folder, 32 a file; nothing at the end
---@return string? name
---@return number? size
function io.readdir() end

---@param path string
---@return 1
function io.closedir(path) end

---Makes a medium reachable: the SD card at `/sdcard0`, the USB disk at `/usbmsc0`.
---@param medium integer `io.SDCARD` and so on
---@param path? string Of the other media
---@return 0|1 mounted
function io.mount(medium, path) end

---@param medium integer
---@param path? string
---@return 0|1 unmounted
function io.unmount(medium, path) end

---Empties a medium.
---@param medium integer
---@param path? string
---@return 0|1 formatted
function io.format(medium, path) end

---A medium.
io.INTERNAL = 0
---A medium: `/sdcard0`.
io.SDCARD = 1
---A medium: a flash chip, with its path.
io.EXTERN_PINLCD = 2
---A medium: a flash chip, with its path.
io.EXTERN_PINGPIO = 3
---A medium: `/usbmsc0`.
io.USBMSC = 4

---@class stringlib
string = string

---The old name of `string.gmatch`.
---@param text string
---@param pattern string
---@return fun(): string, ...
function string.gfind(text, pattern) end

return io
