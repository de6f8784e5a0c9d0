# SPDX-License-Identifier: BSD-2-Clause
"""What can be said of an exception in addition to its traceback."""

import os
import sys

_MOST_SOURCE = 1 << 20  # bytes


def is_lasting(error):
    """Whether the same files raise it again, whatever else happens."""
    if isinstance(error, SyntaxError):
        return bool(error.filename) and not error.filename.startswith("<")  # not of code that the script made itself
    return isinstance(error, ModuleNotFoundError)


def keep_source(path):
    """Keeps the lines of a file that was loaded: tracebacks show these, also when the file has been saved again since."""
    import linecache
    if os.stat(path).st_size > _MOST_SOURCE or not linecache.getlines(path):
        return
    size, _, lines, name = linecache.cache[path]
    linecache.cache[path] = (size, None, lines, name)  # without a time it is not compared with the file


def nearest(word, names):
    """The name that somebody may have meant, or None."""
    import difflib
    near = difflib.get_close_matches(word, [name for name in names if name != word], 1, 0.7)
    return near[0] if near else None


def meant(question):
    """For the tail of a message about an unknown name: (word, known names)."""
    word, names = question
    near = nearest(word, names[:5000])
    return f'; did you mean "{near}"?' if near else ""


def _neighbours():
    """The modules in the script's own folder."""
    try:
        names = os.listdir(sys.path[0])
    except OSError:
        return []
    return [name.removesuffix(".py") for name in names if name.endswith(".py") or "." not in name]


def outside(path):
    """What is wrong with a link that leads nowhere in here; or nothing."""
    if not os.path.islink(path) or os.path.exists(path):
        return ""
    return f"it is a link to {os.readlink(path)}, which is not in the folder of the script: copy the file into it"


def hint(error):
    """What to do, as a last line of the traceback; or nothing."""
    if not isinstance(error, ModuleNotFoundError) or not isinstance(error.name, str):
        return ""
    package = error.name.partition(".")[0]
    if package in sys.modules:  # of a package that is there
        return ""
    linked = outside(os.path.join(sys.path[0], package + ".py"))
    if linked:
        return f"{package}.py: {linked}\n"
    near = nearest(package, _neighbours())
    if near and near != package:
        return f'did you mean "{near}"?\n'
    return (f'{package} is neither beside the script nor installed for all of this machine. '
            'If it is in a virtual environment, show that: read = /PATH/lib/python%d.%d/site-packages\n' % sys.version_info[:2])


def text_of(error):
    """The traceback as Python writes it, without the worker's own lines, and what may help."""
    import traceback
    lines = [line for line in traceback.format_exception(error) if not line.startswith('  File "<firecurtain>"')]
    try:
        lines.append(hint(error))
    except Exception:  # of a script's own importer, for example
        pass
    return "".join(lines)
