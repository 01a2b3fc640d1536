-- A script of this machine that does nothing, for bench/device.py: what a runner costs without a device's project.
print("ready")
if ... == "idle" then
  collectgarbage()
  print(("heap %d"):format(collectgarbage("count") * 1024))
  rtos.receive(rtos.INF_TIMEOUT)
end
