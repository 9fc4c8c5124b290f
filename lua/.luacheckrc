std = "max"
max_line_length = 130
files["tests/lua"] = { std = "+busted" }
files["**/*.d.lua"] = { ignore = { "211", "212", "241" } } -- declarations without bodies
