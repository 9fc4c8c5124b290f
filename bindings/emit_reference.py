def emit_reference(model):
    return ""
