module(...)
interval = 60
