-- The parameters' defaults, for the parameter store (nvm).
module(...)

owner = "13800000000"
contact = 5
armed = false
