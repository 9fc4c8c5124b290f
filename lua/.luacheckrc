std = "max"
max_line_length = 130
files["tests/lua"] = { std = "+busted" }
