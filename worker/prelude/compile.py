# SPDX-License-Identifier: BSD-2-Clause
"""Looks at scripts without running them, for `firecurtain check`: what cannot be compiled, found, or meant.

Findings are lines on standard output, of fields with tabs between them; broker/python/compile.c reads them. Only what no
import can do otherwise is an error; a warning is given where a name can hardly be right, and nothing is said of modules that
make names as they run.
"""

import os
import sys

_MOST_FILES = 200
_MOST_BYTES = 48 << 10  # of findings: the pipe holds them all
_LEAST_BYTES = 4 << 10  # of these that functions leave for what comes last
_DYNAMIC = {"globals", "locals", "vars", "exec", "eval", "__import__", "setattr", "__getattr__"}
_ALWAYS = {"__file__", "__name__", "__doc__", "__spec__", "__loader__", "__package__", "__path__", "__builtins__", "__annotations__",
           "__debug__", "__cached__", "__dict__", "__module__", "__qualname__", "__class__", "WindowsError"}


class _Report:
    def __init__(self):
        self.left = _MOST_BYTES

    def line(self, *fields):
        text = "\t".join(" ".join(str(field).split()) for field in fields)
        line = text.encode("utf-8", "replace") + b"\n"
        if len(line) <= self.left:
            self.left -= len(line)
            os.write(1, line)

    def found(self, severity, path, source, line, column, text, hint="", of=()):
        lines = source.splitlines()
        shown = lines[line - 1].replace("\t", " ") if 0 < line <= len(lines) else ""
        head = "\t".join(" ".join(str(field).split()) for field in ("@" + severity, *of, path, line, column, text, hint))
        data = (head + "\t" + shown[:200]).encode("utf-8", "replace") + b"\n"
        if len(data) <= self.left:
            self.left -= len(data)
            os.write(1, data)


def _locate(name):
    """The path of a module's source, found as an import would but without running a package; "" for one without, None: not there."""
    import importlib.machinery
    parts, path = name.split("."), None
    if parts[0] in sys.modules or parts[0] in sys.builtin_module_names or importlib.machinery.FrozenImporter.find_spec(parts[0]):
        return ""
    for n in range(1, len(parts) + 1):
        spec = importlib.machinery.PathFinder.find_spec(".".join(parts[:n]), path)
        if spec is None:
            return None
        if n < len(parts) and spec.submodule_search_locations is None:
            return None
        path = spec.submodule_search_locations
    return spec.origin if spec.origin and spec.origin.endswith(".py") else ""


def _say_missing(report, name):
    """A module whose file is there and cannot be imported. Of one that has no file, others tell."""
    path = os.path.join(sys.path[0], *name.split(".")) + ".py"
    if os.path.lexists(path):
        report.found("error", path, "", 1, 1, outside(path) or "it is not a file")


def _is_own(path):
    return path.startswith(sys.path[0] + "/") and "/site-packages/" not in path


class _Module:
    """One source file of the script."""

    def __init__(self, report, name, path):
        self.report, self.name, self.path, self.tree, self.source = report, name, path, None, ""
        self.outputs, self.is_dynamic, self.imports, self.uncallable = set(), False, [], []

    def compile(self):
        import ast
        import importlib.util
        import warnings
        try:
            with open(self.path, "rb") as file:
                data = file.read()
            self.source = data.decode("utf-8", "replace")  # to be shown, if it is not what its encoding says
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                self.tree = ast.parse(data, self.path)
                self.source = importlib.util.decode_source(data)
                compile(self.tree, self.path, "exec", dont_inherit=True)
        except SyntaxError as error:
            self.tree = None
            self.report.found("error", self.path, self.source, error.lineno or 1, max(error.offset or 1, 1), error.msg)
        except MemoryError:
            self.tree = None
            self.report.found("error", self.path, "", 1, 1, "it is too large to be compiled with what the option memory allows")
        except (OSError, ValueError, UnicodeError, RecursionError) as error:
            self.tree = None
            self.report.found("error", self.path, "", 1, 1, f"{type(error).__name__}: {error}")
        return self.tree is not None

    def warn(self, node, text, hint=""):
        column = len(self.source.splitlines()[node.lineno - 1].encode()[:node.col_offset].decode(errors="replace").encode()) + 1
        self.report.found("warning", self.path, self.source, node.lineno, column, text, hint)

    def look(self):
        import ast
        self.names = {node.id for node in ast.walk(self.tree) if isinstance(node, ast.Name)}
        self._look_at_imports(ast)
        self._look_at_api(ast)
        if not self.is_free:
            self._look_at_names(ast)
            self._look_at_functions(ast)

    def _look_at_imports(self, ast):
        self.is_free = bool(self.names & _DYNAMIC)
        guarded = set()
        for node in ast.walk(self.tree):
            if isinstance(node, (ast.Try, ast.If)):
                guarded |= {id(inner) for inner in ast.walk(node)}
            if isinstance(node, ast.FunctionDef) and node.name == "__getattr__":
                self.is_free = True
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names):
                self.is_free = True
            if isinstance(node, ast.Import):
                for alias in node.names:
                    self._look_at_import(node, alias.name, id(node) in guarded)
            elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
                if self._look_at_import(node, node.module, id(node) in guarded):
                    self.imports += [f"{node.module}.{alias.name}" for alias in node.names]

    def _look_at_import(self, node, name, is_guarded):
        top = name.partition(".")[0]
        path = _locate(top)
        if path and _is_own(path):
            self.imports.append(name)
            if _locate(name) is not None:
                return True
        elif path is not None:
            return False
        if is_guarded:
            return False
        error = ModuleNotFoundError(name=top if path is None else name)
        self.warn(node, f'the module "{name}" cannot be imported', hint(error).strip())
        return False

    def _look_at_api(self, ast):
        import midimonster
        known = set(dir(midimonster))
        aliases, outputs = set(), set()
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                aliases |= {alias.asname or alias.name for alias in node.names if alias.name == "midimonster"}
            elif isinstance(node, ast.ImportFrom) and node.module == "midimonster" and not node.level:
                for alias in node.names:
                    if alias.name not in known and alias.name != "*":
                        self.warn(node, f'midimonster has no function "{alias.name}"', self._meant(alias.name, known))
                    if alias.name in ("output", "*"):
                        outputs.add(alias.asname or "output")
            elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                known.add(node.attr)
        called = set()
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call) and self._is_output(ast, node.func, aliases, outputs):
                called.add(id(node.func))
                if node.args and isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str):
                    self.outputs.add(node.args[0].value)
                else:
                    self.is_dynamic = True
        attributes = set()
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in aliases:
                attributes.add(id(node.value))
                if node.attr not in known:
                    self.warn(node, f'midimonster has no function "{node.attr}"', self._meant(node.attr, known))
            if self._is_output(ast, node, aliases, outputs) and id(node) not in called:
                self.is_dynamic = True
            elif isinstance(node, ast.Name) and node.id in aliases and id(node) not in attributes:
                self.is_dynamic = True
        self.is_dynamic |= bool(self.names & {"exec", "eval"})

    @staticmethod
    def _is_output(ast, node, aliases, outputs):
        if isinstance(node, ast.Attribute):
            return node.attr == "output" and isinstance(node.value, ast.Name) and node.value.id in aliases
        return isinstance(node, ast.Name) and node.id in outputs and isinstance(node.ctx, ast.Load)

    @staticmethod
    def _meant(word, names):
        near = nearest(word, names)
        return f'did you mean "{near}"?' if near else ""

    def _look_at_names(self, ast):
        """Names that nothing in the module binds: a NameError as soon as they are met."""
        import builtins
        import symtable
        top = symtable.symtable(self.source, self.path, "exec")
        bound, used, local, tables = set(_ALWAYS) | set(dir(builtins)), set(), set(), [top]
        while tables:
            table = tables.pop()
            tables += table.get_children()
            for symbol in table.get_symbols():
                is_global = table is top or symbol.is_global()
                if symbol.is_local():
                    local.add(symbol.get_name())
                if is_global and (symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace() or symbol.is_annotated()):
                    bound.add(symbol.get_name())
                elif is_global and symbol.is_referenced():
                    used.add(symbol.get_name())
        missing = used - bound
        for node in sorted((node for node in ast.walk(self.tree) if isinstance(node, ast.Name)), key=lambda node: node.lineno):
            if node.id in missing and isinstance(node.ctx, ast.Load):
                missing.discard(node.id)
                self.warn(node, f'the name "{node.id}" is not defined', self._meant(node.id, (bound | local) - _ALWAYS))


    def _look_at_functions(self, ast):
        """Functions that cannot be called with one value. Only the broker knows which of them are handlers."""
        stored = {node.id for node in ast.walk(self.tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
        stored |= {(alias.asname or alias.name).partition(".")[0] for node in ast.walk(self.tree) if isinstance(node, (ast.Import, ast.ImportFrom)) for alias in node.names}
        named = [node.name for node in ast.walk(self.tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))]
        for node in self.tree.body:
            if not isinstance(node, ast.FunctionDef) or node.decorator_list or node.name in stored or named.count(node.name) > 1:
                continue
            parameters = node.args.posonlyargs + node.args.args
            if (len(parameters) - len(node.args.defaults) > 1 or not (parameters or node.args.vararg)
                    or any(default is None for default in node.args.kw_defaults)):
                self.uncallable.append((node, f"a handler is called with the value: def {node.name}(value)"))

    def say_uncallable(self):
        for node, text in self.uncallable:
            if self.report.left > _LEAST_BYTES:
                self.report.found("handler", self.path, self.source, node.lineno, node.col_offset + 1, text, of=(f"{self.name}.{node.name}",))


def compile_modules(modules):
    report, todo, seen, looked_at = _Report(), list(modules), set(), []
    outputs, is_dynamic = set(), False
    while todo and len(seen) < _MOST_FILES:
        name = todo.pop(0)
        path = _locate(name)
        if path is None and name in modules:
            _say_missing(report, name)
        if not path or path in seen or not _is_own(path):
            continue
        seen.add(path)
        module = _Module(report, name, path)
        if not module.compile():
            is_dynamic = True
            continue
        try:
            module.look()
        except (RecursionError, MemoryError):
            module.is_dynamic = True
        if name in modules:
            looked_at.append(module)
        todo += module.imports
        outputs |= module.outputs
        is_dynamic |= module.is_dynamic
    for name in sorted(outputs):
        report.line("@output", name)
    if is_dynamic or not seen:
        report.line("@dynamic")
    for module in looked_at:  # last, for there may be many, of which few or none are handlers
        module.say_uncallable()
    report.line("@done")
