def emit_enums(model):
    return ""
