"""The shapes in which scripts see C functions: the middle of the generator.

Built from the declarations of header.py and the exceptions of overrides.py; read by every emitter. A parameter that
fits no shape stops the generator.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import overrides
from header import Constant, CType, Function, Header, Struct, Variable


class ShapeError(Exception):
    """A function, parameter or member that no shape expresses."""


# ---- inputs: what a script passes ----


@dataclass
class Input:
    """A parameter of the script's function. `optional`: None or nil is a value."""

    name: str
    optional: bool = False


@dataclass
class HandleIn(Input):
    kind: str = ""


@dataclass
class ContextStep(Input):
    """phContext and phNewContext as one: None on the first call, which makes the object that is the result."""

    new_name: str = ""
    kind: str = "CtxtHandle"


@dataclass
class TextIn(Input):
    pass


@dataclass
class BytesIn(Input):
    size_name: str = ""


@dataclass
class NumberIn(Input):
    signed: bool = False


@dataclass
class FlagIn(Input):
    pass


@dataclass
class IdentityIn(Input):
    pass


@dataclass
class BuffersIn(Input):
    """A descriptor. `writable`: 0 read, 1 changed in place, 2 changed but for DATA."""

    writable: int = 0


@dataclass
class BuffersOut(Input):
    """pOutput of a step: by default one token that the package allocates."""


@dataclass
class CallbackIn(Input):
    function: str = ""


# ---- outputs: what a script gets ----


@dataclass
class Output:
    name: str


@dataclass
class HandleOut(Output):
    kind: str = ""


@dataclass
class ContextResult(Output):
    """The object of a ContextStep."""


@dataclass
class NumberOut(Output):
    pass


@dataclass
class TimeOut(Output):
    pass


@dataclass
class TextOut(Output):
    pass


@dataclass
class BytesOut(Output):
    size_name: str = ""
    ctype: str = ""


@dataclass
class RowOut(Output):
    row: str = ""


@dataclass
class RowsOut(Output):
    row: str = ""
    count_name: str = ""


@dataclass
class AttributeOut(Output):
    number_name: str = ""
    table: str = ""


@dataclass
class BuffersResult(Output):
    """Type and size of each buffer after a message function."""


@dataclass
class TokenResult(Output):
    """What became of pOutput."""


# ---- functions and tables ----


@dataclass
class Call:
    """One function as scripts see it."""

    name: str
    function: Function
    result: str  # "status", "void", "number" or "text"
    inputs: list[Input] = field(default_factory=list)
    outputs: list[Output] = field(default_factory=list)
    # C arguments in order: the Input or Output that gives each, or a constant expression.
    arguments: list[tuple[str, Input | Output | str]] = field(default_factory=list)
    releases: str = ""
    optional_release: bool = False

    @property
    def reports_status(self) -> bool:
        return self.function.name in overrides.REPORTS_STATUS


@dataclass
class RowField:
    """A member of a structure: kind as in enum sspi_field_kind."""

    name: str
    kind: str
    member: str
    width: int = 0
    size_member: str = ""
    row: str = ""
    secret: bool = False
    comment: str = ""


@dataclass
class Row:
    """A structure that a call fills in."""

    name: str  # in scripts
    struct: str  # in C
    fields: list[RowField]
    comment: str


@dataclass
class Model:
    calls: list[Call] = field(default_factory=list)
    rows: dict[str, Row] = field(default_factory=dict)
    attributes: dict[str, list[tuple[Constant, str]]] = field(default_factory=dict)
    constants: list[Constant] = field(default_factory=list)
    header: Header = field(default_factory=Header)
    options: list[tuple[str, str, str, str]] = field(default_factory=list)  # name, values, default, description


WIDE = ("SEC_WCHAR", "WCHAR")
WIDTHS = {
    "uint8_t": 1,
    "unsigned char": 1,
    "unsigned int": 4,
    "uint16_t": 2,
    "uint32_t": 4,
    "uint64_t": 8,
    "int": 4,
    "int32_t": 4,
}


class Builder:
    """Header to model."""

    def __init__(self, header: Header) -> None:
        self.header = header
        self.model = Model(header=header)

    def build(self) -> Model:
        self.model.constants = [c for c in self.header.constants.values() if self.is_shown(c)]
        self.attributes("QueryContextAttributesA", ("SECPKG_ATTR_", "SSPI_ATTR_"), "SecPkgContext_")
        self.attributes("QueryCredentialsAttributesA", ("SECPKG_CRED_ATTR_",), "SecPkgCredentials_")
        for name in overrides.CALLBACK_ROWS:
            if name in self.header.structs:
                self.row(name)
        for function in self.header.functions.values():
            if not function.name.endswith("W") and function.name not in overrides.LEFT_OUT:
                self.model.calls.append(self.call(function))
        return self.model

    def is_shown(self, constant: Constant) -> bool:
        names = self.header.constants
        wide = constant.name.endswith(("_W", "_ANSIW"))
        generic = constant.name + "_A" in names and isinstance(constant.value, str)
        return not constant.name.startswith("_") and not wide and not generic

    def fail(self, function: Function, variable: Variable, why: str) -> ShapeError:
        notes = " ".join(a.name for a in variable.annotations)
        return ShapeError(f"{function.name}: parameter {variable.name} ({notes} {variable.type}): {why}")

    # ---- functions ----

    def call(self, function: Function) -> Call:
        name = function.name[:-1] if function.name.endswith("A") and self.has_wide(function.name) else function.name
        if function.comment.startswith("UTF-8 form of "):
            function.comment = self.header.functions[function.name[:-1] + "W"].comment
        call = Call(name, function, self.result(function))
        if function.name in overrides.RELEASES:
            call.releases = overrides.RELEASES[function.name]
            note = function.parameters[0].annotation("_In_opt_", "_Inout_opt_")
            call.optional_release = note is not None
            call.inputs = [HandleIn(function.parameters[0].name, call.optional_release, call.releases)]
            return call
        used = self.merged(function)
        for position, variable in enumerate(function.parameters):
            if variable.name not in used:
                self.parameter(call, variable, position)
        self.check_arguments(call)
        call.inputs.sort(key=lambda i: isinstance(i, BuffersOut))
        return call

    def has_wide(self, name: str) -> bool:
        return name[:-1] + "W" in self.header.functions

    def result(self, function: Function) -> str:
        kind = self.header.resolve(function.result)
        if function.result.name == "SECURITY_STATUS":
            return "status"
        if kind == CType("void"):
            return "void"
        if kind == CType("char", 1, True):
            return "text"
        if kind.name in WIDTHS and not kind.pointers:
            return "number"
        raise ShapeError(f"{function.name}: the result {function.result} has no shape")

    def merged(self, function: Function) -> set[str]:
        """Parameters that another one absorbs: sizes, counts, the callback's argument and release."""
        used = set()
        for variable in function.parameters:
            for note in variable.annotations:
                if note.arguments and note.name != "_When_":
                    used.add(note.arguments[0].lstrip("*"))
            if self.is_callback(variable):
                used |= {"argument", "release"} - {variable.name}
            if self.role(function, variable) == "context":
                used.add("phNewContext")
        return used & {v.name for v in function.parameters}

    def is_callback(self, variable: Variable) -> bool:
        return variable.type.name in self.header.callbacks and not variable.type.name.endswith("RELEASE_FN")

    def role(self, function: Function, variable: Variable) -> str:
        return overrides.ROLES.get(function.name, {}).get(variable.name, "")

    def check_arguments(self, call: Call) -> None:
        """Every C parameter must have become something, in order."""
        order = [v.name for v in call.function.parameters]
        call.arguments.sort(key=lambda a: order.index(a[0]))
        given = [a[0] for a in call.arguments]
        for variable in call.function.parameters:
            if variable.name not in given:
                raise self.fail(call.function, variable, "is absorbed by another parameter, but not passed on")

    def parameter(self, call: Call, variable: Variable, position: int) -> None:
        role = self.role(call.function, variable)
        if role in ("null", "zero"):
            call.arguments.append((variable.name, "NULL" if role == "null" else "0"))
        elif role == "identity":
            self.add_input(call, IdentityIn(variable.name, True))
        elif role == "context":
            step = ContextStep(variable.name, True, "phNewContext")
            self.add_input(call, step)
            call.arguments.append(("phNewContext", step))
            call.outputs.append(ContextResult(variable.name))
        elif role == "attribute":
            table = "credential" if "Credentials" in call.name else "context"
            self.add_output(call, AttributeOut(variable.name, call.function.parameters[position - 1].name, table))
        elif any(a.name.startswith(("_In_", "_Inout_")) for a in variable.annotations):
            self.input(call, variable)
        elif any(a.name.startswith("_Out") for a in variable.annotations):
            self.output(call, variable)
        else:
            raise self.fail(call.function, variable, "no direction is annotated")

    def add_input(self, call: Call, shape: Input) -> None:
        call.inputs.append(shape)
        call.arguments.append((shape.name, shape))

    def add_output(self, call: Call, shape: Output) -> None:
        call.outputs.append(shape)
        call.arguments.append((shape.name, shape))

    def input(self, call: Call, variable: Variable) -> None:
        kind = self.header.resolve(variable.type)
        optional = any("opt" in a.name for a in variable.annotations)
        sized = variable.annotation("_In_reads_bytes_", "_In_reads_bytes_opt_")
        alias = self.handle_type(variable.type)
        if variable.type.name == "PSecBufferDesc":
            self.buffers(call, variable, optional)
        elif self.is_callback(variable):
            shape = CallbackIn(variable.name, optional, variable.type.name)
            self.add_input(call, shape)
            call.arguments += [("argument", shape), ("release", shape)]
        elif alias:
            self.add_input(call, HandleIn(variable.name, optional, alias))
        elif sized:
            data = BytesIn(variable.name, optional, sized.arguments[0])
            self.add_input(call, data)
            call.arguments.append((sized.arguments[0], data))
        elif variable.annotation("_In_z_", "_In_opt_z_") and kind.name == "char" and kind.pointers == 1:
            self.add_input(call, TextIn(variable.name, optional))
        elif variable.type.name in ("BOOL", "BOOLEAN"):
            self.add_input(call, FlagIn(variable.name))
        elif not kind.pointers and WIDTHS.get(kind.name) == 4:
            self.add_input(call, NumberIn(variable.name, signed=kind.name.startswith("int")))
        else:
            raise self.fail(call.function, variable, "no shape for this input")

    def buffers(self, call: Call, variable: Variable, optional: bool) -> None:
        if variable.annotation("_Inout_opt_") and variable.name == "pOutput":
            shape = BuffersOut(variable.name, True)
            self.add_input(call, shape)
            call.outputs.append(TokenResult(variable.name))
            return
        writable = 0
        if variable.annotation("_Inout_", "_Inout_opt_"):
            writable = 2 if call.function.name in overrides.READS_DATA else 1
        self.add_input(call, BuffersIn(variable.name, optional, writable))
        if writable:
            call.outputs.append(BuffersResult(variable.name))

    def handle_type(self, ctype: CType, pointers: int = 1) -> str:
        """The handle's C name for PCredHandle, CredHandle * and the like; empty for any other type."""
        while True:
            if ctype.name in overrides.HANDLES and ctype.pointers == pointers:
                return ctype.name
            target = self.header.typedefs.get(ctype.name)
            if target is None:
                return ""
            ctype = CType(target.name, target.pointers + ctype.pointers)

    def output(self, call: Call, variable: Variable) -> None:
        kind = self.header.resolve(variable.type)
        name = variable.name
        rows = variable.annotation("_Outptr_result_buffer_")
        data = variable.annotation("_Outptr_result_bytebuffer_")
        outptr = variable.annotation("_Outptr_") is not None
        if rows:
            count = rows.arguments[0].lstrip("*")
            shape = RowsOut(name, self.row(kind.name), count)
            self.add_output(call, shape)
            call.arguments.append((count, shape))
        elif data:
            size = data.arguments[0].lstrip("*")
            blob = BytesOut(name, size, f"{kind.name} {'*' * (kind.pointers - 1)}")
            self.add_output(call, blob)
            call.arguments.append((size, blob))
        elif outptr and self.handle_type(variable.type, 2):
            self.add_output(call, HandleOut(name, self.handle_type(variable.type, 2)))
        elif outptr and kind.name in self.header.structs and self.header.structs[kind.name].members:
            self.add_output(call, RowOut(name, self.row(kind.name)))
        elif variable.annotation("_Outptr_result_z_") and kind == CType("char", 2):
            self.add_output(call, TextOut(name))
        elif variable.annotation("_Out_") and self.handle_type(variable.type):
            self.add_output(call, HandleOut(name, self.handle_type(variable.type)))
        elif variable.type.name == "PTimeStamp":
            self.add_output(call, TimeOut(name))
        elif kind.pointers == 1 and WIDTHS.get(kind.name) == 4:
            self.add_output(call, NumberOut(name))
        else:
            raise self.fail(call.function, variable, "no shape for this output")

    # ---- structures ----

    def row(self, struct_name: str) -> str:
        """Makes the row of a structure once; gives its C name."""
        if struct_name in self.model.rows:
            return struct_name
        struct = self.header.structs[struct_name]
        sizes = {a.arguments[0] for v in struct.members for a in v.annotations if a.arguments}
        sizes |= {size for (owner, _), size in overrides.ARRAY_SIZES.items() if owner == struct.name}
        fields = [self.member(struct, v) for v in struct.members if v.name not in sizes and v.name != "Size"]
        twin = struct_name.endswith("A") and struct_name[:-1] + "W" in self.header.structs
        name = struct_name[:-1] if twin else struct_name
        self.model.rows[struct_name] = Row(name, struct_name, fields, struct.comment)
        return struct_name

    def member(self, struct: Struct, variable: Variable) -> RowField:
        kind = self.header.resolve(variable.type)
        sized = variable.annotation("_Field_size_bytes_", "_Field_size_bytes_opt_")
        shape = RowField(variable.name, "", variable.name, comment=variable.comment)
        if variable.array is not None:
            return self.array(struct, variable)
        if variable.type.name in ("TimeStamp", "LARGE_INTEGER"):
            shape.kind = "TIME"
        elif not kind.pointers and kind.name in self.header.enums:
            shape.kind, shape.width = "UNSIGNED", 4
        elif not kind.pointers and kind.name in WIDTHS:
            shape.width = WIDTHS[kind.name]
            status = variable.type.name in ("SECURITY_STATUS", "NTSTATUS")
            shape.kind = "STATUS" if status else "SIGNED" if kind.name.startswith("int") else "UNSIGNED"
        elif sized and kind.pointers == 1:
            size = next(v for v in struct.members if v.name == sized.arguments[0])
            shape.kind, shape.size_member = "BYTES", size.name
            shape.width = WIDTHS[self.header.resolve(size.type).name]
            base = struct.name.rstrip("AW") if struct.name[-1] in "AW" else struct.name
            shape.secret = (base, variable.name) in overrides.SECRET_MEMBERS
        elif kind.name == "char" and kind.pointers == 1:
            shape.kind = "TEXT"
        elif variable.type.name == "LPWSTR" or (variable.type.name in WIDE and kind.pointers == 1):
            shape.kind = "WIDE"
        elif kind.pointers == 1 and kind.name in self.header.structs and self.header.structs[kind.name].members:
            shape.kind, shape.row = "ROW", self.row(kind.name)
        else:
            raise ShapeError(f"{struct.name}: member {variable.name} ({variable.type}): no shape")
        return shape

    def array(self, struct: Struct, variable: Variable) -> RowField:
        """Text in place, or bytes whose size is another member."""
        shape = RowField(variable.name, "WIDE_ARRAY", variable.name, comment=variable.comment)
        size = overrides.ARRAY_SIZES.get((struct.name, variable.name))
        if variable.type.name in WIDE:
            return shape
        if size is None or WIDTHS.get(self.header.resolve(variable.type).name) != 1:
            raise ShapeError(f"{struct.name}: member {variable.name}: an array without a size has no shape")
        member = next(v for v in struct.members if v.name == size)
        shape.kind, shape.size_member = "BYTES_ARRAY", size
        shape.width = WIDTHS[self.header.resolve(member.type).name]
        return shape

    def attributes(self, function: str, prefixes: tuple[str, ...], struct_prefix: str) -> None:
        """The table of one query function, from the structure that each number's comment names."""
        table: list[tuple[Constant, str]] = []
        for constant in self.header.constants.values():
            known = constant.name.startswith(prefixes) and constant.name not in overrides.ATTRIBUTES_LEFT_OUT
            if not known or not constant.comment.startswith(struct_prefix):
                continue
            name = constant.comment.split()[0].rstrip(",")
            struct = next((n for n in (name, name + "A") if n in self.header.structs), "")
            if not struct:
                alias = self.header.typedefs.get(name)
                struct = alias.name if alias else ""
            if not struct:
                raise ShapeError(f"{constant.name}: its comment names {name}, which is not declared")
            if constant.value not in [c.value for c, _ in table]:
                table.append((constant, self.row(struct)))
        self.model.attributes["credential" if "Credentials" in function else "context"] = table


def build_model(header: Header) -> Model:
    return Builder(header).build()
