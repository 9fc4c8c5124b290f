def emit_luacats(model):
    return ""
