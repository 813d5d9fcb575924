"""The shapes of an ``__init__.py`` that a job is registered in, under the words of those who ask for them."""

__all__ = ["BOTH", "EXPORT", "IMPORT", "LAZY", "LOOP", "PAIRS", "RELATIVE", "SAME", "THREE"]

IMPORT = "from app.jobs.process_podcast import ProcessPodcast\n"
EXPORT = '__all__ = [\n    "ProcessPodcast",\n]\n'

RELATIVE = "from .process_podcast import ProcessPodcast\n"
BOTH = "from .a import A\nfrom .z import Z\n"
THREE = f"from .a import A\n{RELATIVE}from .z import Z\n"
LOOP = (
    'for module in pkgutil.iter_modules(__path__):\n    found = importlib.import_module(f"{__name__}.{module.name}")\n'
)
LAZY = "\n\ndef __getattr__(name):\n    return getattr(import_module(_LAZY[name], __name__), name)\n"

PAIRS: dict[str, tuple[str | None, str]] = {
    "missing": (None, f'"""The jobs of this application."""\n\n{IMPORT}\n{EXPORT}'),
    "empty": ("", f"{IMPORT}\n{EXPORT}"),
    "licence only": ("# licence\n", f"# licence\n\n{IMPORT}\n{EXPORT}"),
    "only a docstring": ('"""Jobs."""\n', f'"""Jobs."""\n\n{IMPORT}\n{EXPORT}'),
    "only a docstring, no final newline": ('"""Jobs."""', f'"""Jobs."""\n\n{IMPORT}\n{EXPORT}'.removesuffix("\n")),
    "from __future__": (
        '"""Jobs."""\n\nfrom __future__ import annotations\n',
        f'"""Jobs."""\n\nfrom __future__ import annotations\n\n{IMPORT}\n{EXPORT}',
    ),
    "as dartian new writes it": (
        '"""Jobs."""\n\n__all__: list[str] = []\n',
        f'"""Jobs."""\n\n{IMPORT}\n__all__: list[str] = [\n    "ProcessPodcast",\n]\n',
    ),
    "an empty tuple": ("__all__ = ()\n", f'{IMPORT}\n__all__ = ("ProcessPodcast",)\n'),
    "an open empty list": ("__all__ = [\n]\n", f"{IMPORT}\n{EXPORT}"),
    "imports sorted, absolute: between": (
        'from app.jobs.a import A\nfrom app.jobs.z import Z\n\n__all__ = ["A", "Z"]\n',
        f'from app.jobs.a import A\n{IMPORT}from app.jobs.z import Z\n\n__all__ = ["A", "ProcessPodcast", "Z"]\n',
    ),
    "sorted, capitals first as ruff has it": (
        '__all__ = ["HTTPServer", "PROMpt"]\n',
        f'{IMPORT}\n__all__ = ["HTTPServer", "PROMpt", "ProcessPodcast"]\n',
    ),
    "sorted, first": (
        'from app.jobs.z import Z\n\n__all__ = ["Z"]\n',
        f'{IMPORT}from app.jobs.z import Z\n\n__all__ = ["ProcessPodcast", "Z"]\n',
    ),
    "imports not sorted: last": (
        'from app.jobs.z import Z\nfrom app.jobs.a import A\n\n__all__ = ["Z", "A"]\n',
        f'from app.jobs.z import Z\nfrom app.jobs.a import A\n{IMPORT}\n__all__ = ["Z", "A", "ProcessPodcast"]\n',
    ),
    "imports relative, a line each, sorted without case": (
        'from .a import A\nfrom .z import z\n\n__all__ = [\n    "A",\n    "z",\n]\n',
        "from .a import A\nfrom .process_podcast import ProcessPodcast\nfrom .z import z\n\n"
        '__all__ = [\n    "A",\n    "ProcessPodcast",\n    "z",\n]\n',
    ),
    "multi-line with a comment an item, no last comma": (
        'from .a import A\n\n__all__ = [\n    # ours\n    "A"  # the first\n    # the end\n]\n',
        "from .a import A\nfrom .process_podcast import ProcessPodcast\n\n"
        '__all__ = [\n    # ours\n    "A",  # the first\n    "ProcessPodcast",\n    # the end\n]\n',
    ),
    "no last comma": (
        '__all__ = [\n    "A",\n    "B"\n]\n',
        f'{IMPORT}\n__all__ = [\n    "A",\n    "B",\n    "ProcessPodcast"\n]\n',
    ),
    "several a line": (
        '__all__ = [\n    "A", "C",\n    "D", "Z",\n]\n',
        f'{IMPORT}\n__all__ = [\n    "A", "C",\n    "D", "ProcessPodcast", "Z",\n]\n',
    ),
    "the bracket after the last": (
        '__all__ = ["A",\n           "B"]\n',
        f'{IMPORT}\n__all__ = ["A",\n           "B",\n           "ProcessPodcast"]\n',
    ),
    "__all__ as a bare tuple, single quotes": (
        "__all__ = 'A', 'B'\n",
        f"{IMPORT}\n__all__ = 'A', 'B', 'ProcessPodcast'\n",
    ),
    "__all__ as a tuple of one": ('__all__ = ("A",)\n', f'{IMPORT}\n__all__ = ("A", "ProcessPodcast")\n'),
    "__all__ as a tuple of one, first": (
        '__all__ = ("Z",)\n',
        f'{IMPORT}\n__all__ = (\n    "ProcessPodcast",\n    "Z",\n)\n',
    ),
    "__all__ as a bare tuple of one": ('__all__ = "A",\n', f'{IMPORT}\n__all__ = "A", "ProcessPodcast"\n'),
    "__all__ as a bare tuple of one, first": (
        '__all__ = "Z",\n',
        f'{IMPORT}\n__all__ = (\n    "ProcessPodcast",\n    "Z",\n)\n',
    ),
    "a section comment above the first of its section": (
        "import os\n\n# ours\nfrom .z import Z\n\n__all__ = ['Z', 'os']\n",
        f"import os\n\n{RELATIVE}\n# ours\nfrom .z import Z\n\n__all__ = ['ProcessPodcast', 'Z', 'os']\n",
    ),
    "stars in the list": ('__all__ = [*a, "b"]\n', f'{IMPORT}\n__all__ = [*a, "b", "ProcessPodcast"]\n'),
    "constants before classes": (
        '__all__ = ["LIMIT", "Audio", "track"]\n',
        f'{IMPORT}\n__all__ = ["LIMIT", "Audio", "ProcessPodcast", "track"]\n',
    ),
    "tabs and CRLF": (
        'from .a import A\r\n\r\n__all__ = (\r\n\t"A",\r\n)\r\n',
        "from .a import A\r\nfrom .process_podcast import ProcessPodcast\r\n\r\n"
        '__all__ = (\r\n\t"A",\r\n\t"ProcessPodcast",\r\n)\r\n',
    ),
    "CR only": (
        'from .a import A\r__all__ = ["A"]\r',
        'from .a import A\rfrom .process_podcast import ProcessPodcast\r__all__ = ["A", "ProcessPodcast"]\r',
    ),
    "no final newline": (
        'from .a import A\n__all__ = ["A"]',
        'from .a import A\nfrom .process_podcast import ProcessPodcast\n__all__ = ["A", "ProcessPodcast"]',
    ),
    "section comments": (
        'from .a import A\n\n# audio\nfrom .z import Z\n\n__all__ = ["A", "Z"]\n',
        "from .a import A\nfrom .process_podcast import ProcessPodcast\n\n# audio\nfrom .z import Z\n\n"
        '__all__ = ["A", "ProcessPodcast", "Z"]\n',
    ),
    "shebang and licence above the first import": (
        '#!/usr/bin/env python\n# licence\nfrom .z import Z\n\n__all__ = ["Z"]\n',
        "#!/usr/bin/env python\n# licence\nfrom .process_podcast import ProcessPodcast\nfrom .z import Z\n\n"
        '__all__ = ["ProcessPodcast", "Z"]\n',
    ),
    "long imports over several lines": (
        'from .a import (\n    A,\n    B,\n)  # both\nfrom .z import Z\n\n__all__ = ["A", "B", "Z"]\n',
        "from .a import (\n    A,\n    B,\n)  # both\nfrom .process_podcast import ProcessPodcast\nfrom .z import Z\n\n"
        '__all__ = ["A", "B", "ProcessPodcast", "Z"]\n',
    ),
    "numbers as a person counts": (
        'from .step2 import A\nfrom .step10 import B\n\n__all__ = ["A", "B"]\n',
        "from .process_podcast import ProcessPodcast\nfrom .step2 import A\nfrom .step10 import B\n\n"
        '__all__ = ["A", "B", "ProcessPodcast"]\n',
    ),
    "after other imports, in a block of its own": (
        "import os\n\n__all__ = []\nprint(os)\n",
        f'import os\n\n{IMPORT}\n__all__ = [\n    "ProcessPodcast",\n]\nprint(os)\n',
    ),
    "__all__ absent: exported by its import": (
        "from .a import A\n\nA.register()\n",
        "from .a import A\nfrom .process_podcast import ProcessPodcast as ProcessPodcast\n\nA.register()\n",
    ),
    "half registered by hand: imported, not exported": (
        f'{IMPORT}\n__all__ = ["A"]\n',
        f'{IMPORT}\n__all__ = ["A", "ProcessPodcast"]\n',
    ),
    "half registered by hand: exported, not imported": (
        '__all__ = ["ProcessPodcast"]\n',
        f'{IMPORT}\n__all__ = ["ProcessPodcast"]\n',
    ),
    "aliases: another name": (
        "from .process_podcast import ProcessPodcast as Old\n",
        "from .process_podcast import ProcessPodcast as Old\n"
        "from .process_podcast import ProcessPodcast as ProcessPodcast\n",
    ),
    "try blocks: of optional jobs": (
        "try:\n    from .a import A\nexcept ImportError:\n    A = None\n\n__all__ = ['A']\n",
        f"{IMPORT}\ntry:\n    from .a import A\nexcept ImportError:\n    A = None\n\n"
        "__all__ = ['A', 'ProcessPodcast']\n",
    ),
    "statements that share a line": (
        'x = """a\nb"""; from .a import A; __all__ = ["A"]\n',
        'x = """a\nb"""; from .a import A; __all__ = ["A", "ProcessPodcast"]\n'
        "from .process_podcast import ProcessPodcast\n",
    ),
    "letters beyond ASCII": (
        'from .a import A  # ünï\n\n__all__ = ["é", "A"]  # ça\n',
        "from .a import A  # ünï\nfrom .process_podcast import ProcessPodcast\n\n"
        '__all__ = ["é", "A", "ProcessPodcast"]  # ça\n',
    ),
    "shebang and licence, a docstring, from __future__": (
        '#!/usr/bin/env python\n# licence\n\n"""Jobs."""\n\nfrom __future__ import annotations\n',
        f'#!/usr/bin/env python\n# licence\n\n"""Jobs."""\n\nfrom __future__ import annotations\n\n{IMPORT}\n{EXPORT}',
    ),
    "from __future__ and other imports": (
        "from __future__ import annotations\n\nimport os\n\nfrom .a import A\n\n__all__ = ['A', 'os']\n",
        f"from __future__ import annotations\n\nimport os\n\nfrom .a import A\n{RELATIVE}\n"
        "__all__ = ['A', 'ProcessPodcast', 'os']\n",
    ),
    "__all__ annotated": (
        f'{BOTH}\n__all__: Final[tuple[str, ...]] = ("A", "Z")\n',
        f'{THREE}\n__all__: Final[tuple[str, ...]] = ("A", "ProcessPodcast", "Z")\n',
    ),
    "__all__ annotated first, assigned later": (
        f'__all__: list[str]\n{BOTH}\n__all__ = ["A", "Z"]\n',
        f'__all__: list[str]\n{THREE}\n__all__ = ["A", "ProcessPodcast", "Z"]\n',
    ),
    "__all__ augmented: where the jobs stand": (
        f'{BOTH}\n__all__ = ["LIMIT"]\n__all__ += ["A", "Z"]\n',
        f'{THREE}\n__all__ = ["LIMIT"]\n__all__ += ["A", "ProcessPodcast", "Z"]\n',
    ),
    "__all__ augmented: by another module's": (
        f'{BOTH}\n__all__ = ["A", "Z"]\n__all__ += other.__all__\n',
        f'{THREE}\n__all__ = ["A", "ProcessPodcast", "Z"]\n__all__ += other.__all__\n',
    ),
    "__all__ augmented: extended": (
        f'{BOTH}\n__all__ = ["A", "Z"]\n__all__.extend(other.__all__)\n',
        f'{THREE}\n__all__ = ["A", "ProcessPodcast", "Z"]\n__all__.extend(other.__all__)\n',
    ),
    "__all__ augmented: in an if": (
        f'{BOTH}\n__all__ = ["A"]\nif x:\n    __all__ += ["Z"]\n',
        f'{THREE}\n__all__ = ["A", "ProcessPodcast"]\nif x:\n    __all__ += ["Z"]\n',
    ),
    "__all__ augmented: by itself": (
        f'{BOTH}\n__all__ = ["x"]\n__all__ = __all__ + ["A", "Z"]\n',
        f'{THREE}\n__all__ = ["x"]\n__all__ = __all__ + ["A", "ProcessPodcast", "Z"]\n',
    ),
    "__all__ augmented: an empty list first": (
        '__all__ = []\n__all__ += ["A"]\n',
        f'{IMPORT}\n__all__ = []\n__all__ += ["A", "ProcessPodcast"]\n',
    ),
    "__all__ concatenated: with another module's": (
        f'{BOTH}\n__all__ = ["A", "Z"] + sub.__all__\n',
        f'{THREE}\n__all__ = ["A", "ProcessPodcast", "Z"] + sub.__all__\n',
    ),
    "__all__ concatenated: another module's first": (
        f'{BOTH}\n__all__ = sub.__all__ + ["A", "Z"]\n',
        f'{THREE}\n__all__ = sub.__all__ + ["A", "ProcessPodcast", "Z"]\n',
    ),
    "__all__ concatenated: lists, no jobs in them": (
        '__all__ = ["a"] + ["b"]\n',
        f'{IMPORT}\n__all__ = ["a"] + ["ProcessPodcast", "b"]\n',
    ),
    "__all__ concatenated: over lines": (
        f'{BOTH}\n__all__ = (\n    [\n        "A",\n        "Z",\n    ]\n    + sub.__all__\n)\n',
        f'{THREE}\n__all__ = (\n    [\n        "A",\n        "ProcessPodcast",\n        "Z",\n    ]\n'
        "    + sub.__all__\n)\n",
    ),
    "__all__ a list in parentheses": (
        f'{BOTH}\n__all__ = (["A", "Z"])\n',
        f'{THREE}\n__all__ = (["A", "ProcessPodcast", "Z"])\n',
    ),
    "__all__ sorted by a call": (
        f'{BOTH}\n__all__ = sorted(["Z", "A"])\n',
        f'{THREE}\n__all__ = sorted(["Z", "A", "ProcessPodcast"])\n',
    ),
    "__all__ read elsewhere": (
        f'{BOTH}\n__all__ = ["A", "Z"]\n\nfor n in __all__:\n    print(n)\nassert len(__all__) > 1\n',
        f'{THREE}\n__all__ = ["A", "ProcessPodcast", "Z"]\n\nfor n in __all__:\n    print(n)\n'
        "assert len(__all__) > 1\n",
    ),
    "__all__ not sorted": (
        f'{BOTH}\n__all__ = ["Z", "A"]\n',
        f'{THREE}\n__all__ = ["Z", "A", "ProcessPodcast"]\n',
    ),
    "multi-line with a comment an item, above it": (
        'from .z import Z\n\n__all__ = [\n    # the last\n    "Z",\n]\n',
        f'{RELATIVE}from .z import Z\n\n__all__ = [\n    "ProcessPodcast",\n    # the last\n    "Z",\n]\n',
    ),
    "__all__ above the imports": (
        f'"""Jobs."""\n\n__all__ = ["A", "Z"]\n\n{BOTH}',
        f'"""Jobs."""\n\n__all__ = ["A", "ProcessPodcast", "Z"]\n\n{THREE}',
    ),
    "__all__ too long for a line": (
        f'__all__ = ["{"A" * 40}", "{"B" * 20}"]\n',
        f'{IMPORT}\n__all__ = [\n    "{"A" * 40}",\n    "{"B" * 20}",\n    "ProcessPodcast",\n]\n',
    ),
    "__all__ as a bare tuple too long for a line": (
        f'__all__ = "{"A" * 40}", "Z{"b" * 20}"\n',
        f'{IMPORT}\n__all__ = (\n    "{"A" * 40}",\n    "ProcessPodcast",\n    "Z{"b" * 20}",\n)\n',
    ),
    "__all__ too long for a line already": (
        f'__all__ = ["{"A" * 60}", "{"B" * 20}"]\n',
        f'{IMPORT}\n__all__ = ["{"A" * 60}", "{"B" * 20}", "ProcessPodcast"]\n',
    ),
    "__all__ several a line, one too long": (
        f'__all__ = [\n    "{"A" * 30}", "{"B" * 30}",\n    "Z",\n]\n',
        f'{IMPORT}\n__all__ = [\n    "{"A" * 30}", "{"B" * 30}",\n    "ProcessPodcast",\n    "Z",\n]\n',
    ),
    "imports absolute, of the application": (
        "import os\n\nfrom app.models import M\nfrom app.zoo import Z\n\n__all__ = ['M', 'Z', 'os']\n",
        f"import os\n\n{IMPORT}from app.models import M\nfrom app.zoo import Z\n\n"
        "__all__ = ['M', 'ProcessPodcast', 'Z', 'os']\n",
    ),
    "imports absolute, below __version__": (
        '"""Jobs."""\n\n__version__ = "1"\n\nimport os\n\n__all__ = ["os"]\n',
        f'"""Jobs."""\n\n__version__ = "1"\n\nimport os\n\n{IMPORT}\n__all__ = ["ProcessPodcast", "os"]\n',
    ),
    "imports relative from above": (
        "from ..models import M\n\n__all__ = ['M']\n",
        f"from ..models import M\n{RELATIVE}\n__all__ = ['M', 'ProcessPodcast']\n",
    ),
    "imports mostly relative": (
        f"from app.jobs.other import O\n\n{BOTH}\n__all__ = ['A', 'O', 'Z']\n",
        f"from app.jobs.other import O\n\n{THREE}\n__all__ = ['A', 'O', 'ProcessPodcast', 'Z']\n",
    ),
    "isort: off and on, the jobs in it": (
        "# isort: off\nfrom .z import Z\nfrom .a import A\n# isort: on\n\n__all__ = ['A', 'Z']\n",
        f"# isort: off\nfrom .z import Z\nfrom .a import A\n# isort: on\n{RELATIVE}\n"
        "__all__ = ['A', 'ProcessPodcast', 'Z']\n",
    ),
    "isort: off and on, imports after it": (
        "# isort: off\nfrom .z import Z\nfrom .a import A\n# isort: on\nfrom ..y import Y\n\n__all__ = ['A', 'Z']\n",
        f"# isort: off\nfrom .z import Z\nfrom .a import A\n# isort: on\nfrom ..y import Y\n{RELATIVE}\n"
        "__all__ = ['A', 'ProcessPodcast', 'Z']\n",
    ),
    "isort: off to the end": (
        "# isort: off\nfrom .z import Z\nfrom .a import A\n\n__all__ = ['A', 'Z']\n",
        f"# isort: off\nfrom .z import Z\nfrom .a import A\n{RELATIVE}\n__all__ = ['A', 'ProcessPodcast', 'Z']\n",
    ),
    "isort: off and on, the jobs below": (
        f"# isort: off\nfrom .setup import go\n\n# isort: on\n{BOTH}\n__all__ = ['A', 'Z', 'go']\n",
        f"# isort: off\nfrom .setup import go\n\n# isort: on\n{THREE}\n__all__ = ['A', 'ProcessPodcast', 'Z', 'go']\n",
    ),
    "isort: split, the jobs below": (
        "from .setup import go\n# isort: split\nfrom .z import Z\n\n__all__ = ['Z', 'go']\n",
        f"from .setup import go\n# isort: split\n{RELATIVE}from .z import Z\n\n"
        "__all__ = ['ProcessPodcast', 'Z', 'go']\n",
    ),
    "isort: split, the jobs above": (
        f"{BOTH}\n# isort: split\nfrom .last import end\n\n__all__ = ['A', 'Z', 'end']\n",
        f"{THREE}\n# isort: split\nfrom .last import end\n\n__all__ = ['A', 'ProcessPodcast', 'Z', 'end']\n",
    ),
    "isort: skip": (
        "from .setup import go  # isort: skip\nfrom .a import A\n\n__all__ = ['A', 'go']\n",
        f"from .setup import go  # isort: skip\nfrom .a import A\n{RELATIVE}\n"
        "__all__ = ['A', 'ProcessPodcast', 'go']\n",
    ),
    "isort:skip_file": (
        "# isort:skip_file\nfrom .z import Z\nfrom .a import A\n\n__all__ = ['A', 'Z']\n",
        f"# isort:skip_file\nfrom .z import Z\nfrom .a import A\n{RELATIVE}\n__all__ = ['A', 'ProcessPodcast', 'Z']\n",
    ),
    "isort in a string is no region": (
        f'"""\n# isort: off\n"""\n\n{BOTH}\n__all__ = ["A", "Z"]\n',
        f'"""\n# isort: off\n"""\n\n{THREE}\n__all__ = ["A", "ProcessPodcast", "Z"]\n',
    ),
    "fmt: off and on around a table": (
        f'{BOTH}\n# fmt: off\n__all__ = [\n    "A",   # one\n    "Zoo", # two\n]\n# fmt: on\n',
        f'{THREE}\n# fmt: off\n__all__ = [\n    "A",   # one\n    "ProcessPodcast",\n    "Zoo", # two\n]\n# fmt: on\n',
    ),
    "fmt: skip on a long line": (
        f'__all__ = ["{"A" * 60}"]  # fmt: skip\n',
        f'{IMPORT}\n__all__ = ["{"A" * 60}", "ProcessPodcast"]  # fmt: skip\n',
    ),
    "TYPE_CHECKING block": (
        "from typing import TYPE_CHECKING\n\nfrom .a import A\n\nif TYPE_CHECKING:\n    from .z import Z\n\n"
        "__all__ = ['A']\n",
        f"from typing import TYPE_CHECKING\n\nfrom .a import A\n{RELATIVE}\nif TYPE_CHECKING:\n    from .z import Z\n\n"
        "__all__ = ['A', 'ProcessPodcast']\n",
    ),
    "try blocks: the job is optional by hand": (
        f"try:\n    {RELATIVE}except ImportError:\n    ProcessPodcast = None\n\n__all__ = ['A']\n",
        f"try:\n    {RELATIVE}except ImportError:\n    ProcessPodcast = None\n\n__all__ = ['A', 'ProcessPodcast']\n",
    ),
    "star imports: of other jobs": (
        "from .a import *\nfrom .z import *\n\n__all__ = ['A']\n",
        f"from .a import *\n{RELATIVE}from .z import *\n\n__all__ = ['A', 'ProcessPodcast']\n",
    ),
    "star imports: of the job's own module": (
        "from .process_podcast import *\n\n__all__ = ['A']\n",
        "from .process_podcast import *\n\n__all__ = ['A', 'ProcessPodcast']\n",
    ),
    "half registered by hand: something else of its module": (
        'from .process_podcast import LIMIT, run\n\n__all__ = ["LIMIT", "run"]\n',
        'from .process_podcast import LIMIT, ProcessPodcast, run\n\n__all__ = ["LIMIT", "ProcessPodcast", "run"]\n',
    ),
    "half registered by hand: something else of its module, over lines": (
        'from .process_podcast import (  # all\n    LIMIT,  # a\n    run,\n)\n\n__all__ = ["LIMIT"]\n',
        "from .process_podcast import (  # all\n    LIMIT,  # a\n    ProcessPodcast,\n    run,\n)\n\n"
        '__all__ = ["LIMIT", "ProcessPodcast"]\n',
    ),
    "half registered by hand: something else of its module, too long for a line": (
        f"from .process_podcast import {'A' * 50}\n\n__all__ = []\n",
        f"from .process_podcast import (\n    {'A' * 50},\n    ProcessPodcast,\n)\n\n"
        '__all__ = [\n    "ProcessPodcast",\n]\n',
    ),
    "auto-discovery loop that imports modules only": (
        f"import importlib\nimport pkgutil\n\n{LOOP}",
        f"import importlib\nimport pkgutil\n\n{IMPORT.strip()} as ProcessPodcast\n\n{LOOP}",
    ),
    "__getattr__ that loads no job": (
        f"{BOTH}\n__all__ = ['A', 'Z']\n\n\ndef __getattr__(name):\n    raise AttributeError(name)\n",
        f"{THREE}\n__all__ = ['A', 'ProcessPodcast', 'Z']\n\n\n"
        "def __getattr__(name):\n    raise AttributeError(name)\n",
    ),
    "statements that share a line, with strings over lines": (
        'x = """\n"""; from .z import Z; __all__ = ["Z"]; y = """\n"""\n',
        f'{RELATIVE}x = """\n"""; from .z import Z; __all__ = ["ProcessPodcast", "Z"]; y = """\n"""\n',
    ),
    "thousand-term expressions": (
        f'{BOTH}\n__all__ = ["A", "Z"]\nTOTAL = {" + ".join(["1"] * 900)}\n',
        f'{THREE}\n__all__ = ["A", "ProcessPodcast", "Z"]\nTOTAL = {" + ".join(["1"] * 900)}\n',
    ),
    "form feeds between sections and before code": (
        '"""Jobs."""\n\f\nfrom .a import A\n\f\n\ffrom .z import Z\n\f\n__all__ = [\n\f    "A",\n    "Z",\n]\n',
        f'"""Jobs."""\n\f\nfrom .a import A\n{RELATIVE}\f\n\ffrom .z import Z\n\f\n'
        '__all__ = [\n\f    "A",\n    "ProcessPodcast",\n    "Z",\n]\n',
    ),
    "form feeds: a job above the first": (
        '\ffrom .z import Z\n\f__all__ = ["Z"]\n',
        f'{RELATIVE}\ffrom .z import Z\n\f__all__ = ["ProcessPodcast", "Z"]\n',
    ),
    "mixed endings": (
        'from .a import A\r\nfrom .z import Z\n\r\n__all__ = [\n    "A",\r\n    "Z",\n]\r\n',
        "from .a import A\r\nfrom .process_podcast import ProcessPodcast\r\nfrom .z import Z\n\r\n"
        '__all__ = [\n    "A",\r\n    "ProcessPodcast",\r\n    "Z",\n]\r\n',
    ),
    "CRLF, a comment above the first import": (
        '"""Jobs."""\r\n\r\n# ours\r\nfrom .z import Z\r\n\r\n__all__ = ["Z"]\r\n',
        '"""Jobs."""\r\n\r\nfrom .process_podcast import ProcessPodcast\r\n\r\n# ours\r\nfrom .z import Z\r\n\r\n'
        '__all__ = ["ProcessPodcast", "Z"]\r\n',
    ),
    "a docstring, then a function": (
        '"""Jobs."""\n\n\ndef f():\n    pass\n',
        f'"""Jobs."""\n\n{IMPORT.strip()} as ProcessPodcast\n\n\ndef f():\n    pass\n',
    ),
    "a docstring, then code right below": (
        '"""Jobs."""\nx = 1\n',
        f'"""Jobs."""\n\n{IMPORT.strip()} as ProcessPodcast\n\nx = 1\n',
    ),
    "a class only": (
        "@final\nclass X:\n    pass\n",
        f"{IMPORT.strip()} as ProcessPodcast\n\n\n@final\nclass X:\n    pass\n",
    ),
}
"""Files as people write them, by the words for what is special in each: before and after."""

SAME: dict[str, str] = {
    "auto-discovery loop that binds what it finds": (
        f"import importlib, pkgutil\n\n{LOOP}    globals().update(vars(found))\n"
    ),
    "lazy __getattr__ with a map that has the job": f"_LAZY = {{'ProcessPodcast': '.process_podcast'}}\n{LAZY}",
    "lazy __getattr__, for type checkers and in __all__": (
        f"if TYPE_CHECKING:\n    {RELATIVE}__all__ = ['ProcessPodcast']\n{LAZY}"
    ),
    "__all__ by append, pasted": f"{THREE}__all__ = ['A']\n__all__.append('ProcessPodcast')\n",
    "__all__ by append of its name, pasted": f"{THREE}__all__ = ['A']\n__all__.append(ProcessPodcast.__name__)\n",
    "__all__ in a loop, pasted": f"{THREE}__all__ = ['ProcessPodcast']\nfor m in ms:\n    __all__.extend(m.__all__)\n",
    "__all__ augmented, pasted": f"{THREE}__all__ = other.__all__\n__all__ += ('ProcessPodcast',)\n",
    "__all__ split from a text": f"{THREE}__all__ = 'A ProcessPodcast'.split()\n",
    "__all__ computed, imported": f"{THREE}__all__ = [name for name in dir() if name[0] != '_']\n",
    "__getattr__, imported": f"{THREE}{LAZY}",
    "__all__ absent, imported without an alias": THREE,
    "try blocks: imported in one": f"try:\n    {RELATIVE}except ImportError:\n    ProcessPodcast = None\n",
}
"""Files in which the job is registered already, in whatever way."""
