module(..., package.seeall)
server = "example.org"
port = 1883
enabled = false
score = { maths = 90, names = { "a", "b" } }
