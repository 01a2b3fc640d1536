-- The parameters' defaults. The parameter store (nvm) takes each `name = value` of a module like this one.
module(...)

broker = "127.0.0.1"
port = 1883
transport = "tcp" -- or "tls"
user = ""
password = ""
keepalive_s = 60
period_ms = 5000
