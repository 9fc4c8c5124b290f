def emit_stub(model):
    return ""
