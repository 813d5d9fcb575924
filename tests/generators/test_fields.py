"""The field language: what is written is what was meant, and never text that was pasted."""

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dartian_cli.errors import FieldRefused
from dartian_cli.fields import parse_fields
from dartian_cli.literals import literal

QUALITY = ["app.models:Quality"]


@pytest.mark.parametrize(
    ("text", "declaration", "imports"),
    [
        ("podcast_id:int", "podcast_id: int", []),
        ("quality:str=high", 'quality: str = "high"', []),
        ("q:str=5", 'q: str = "5"', []),
        ("q:str='x y'", 'q: str = "x y"', []),
        ("q:str=", 'q: str = ""', []),
        ("q:str=a=b:c", 'q: str = "a=b:c"', []),
        ('q:str=say "hi"', "q: str = 'say \"hi\"'", []),
        ("q:str=it's", 'q: str = "it\'s"', []),
        ("q:str={{ x }}", 'q: str = "{{ x }}"', []),
        ('q:str="; import os', "q: str = '\"; import os'", []),
        ("q:str=a\nb", 'q: str = "a\\nb"', []),
        ("n:int=-5", "n: int = -5", []),
        ("n:int=0x10", "n: int = 16", []),
        ("n:float=3", "n: float = 3", []),
        ("n:bool=True", "n: bool = True", []),
        ("n:bytes=b'x'", 'n: bytes = b"x"', []),
        ("n:int?", "n: int | None = None", []),
        ("n:int:optional", "n: int | None = None", []),
        ("n:int?=3", "n: int | None = 3", []),
        ("n:int|None", "n: int | None", []),
        ("n:None|int", "n: int | None", []),
        ("n:Optional[int]", "n: int | None", []),
        ("n:Union[int, str]=a", 'n: int | str = "a"', []),
        ("n:int|int", "n: int", []),
        ("tags:list:str", "tags: list[str]", []),
        ("tags:list[str]", "tags: list[str]", []),
        ("tags:List[str]", "tags: list[str]", []),
        ("tags:list:str?", "tags: list[str] | None = None", []),
        ("tags:list:list:int", "tags: list[list[int]]", []),
        ("tags:dict:str:int", "tags: dict[str, int]", []),
        ("tags:tuple:int", "tags: tuple[int, ...]", []),
        ("tags:tuple:int:str", "tags: tuple[int, str]", []),
        ("tags:tuple[int, ...]=(1,)", "tags: tuple[int, ...] = (1,)", []),
        ("tags:list:str=[]", "tags: list[str] = field(default_factory=list[str])", []),
        ("tags:dict:str:int={}", "tags: dict[str, int] = field(default_factory=dict[str, int])", []),
        ("tags:set:int={}", "tags: set[int] = field(default_factory=set[int])", []),
        ("tags:set:int={3, 1}", "tags: set[int] = field(default_factory=lambda: {1, 3})", []),
        ("tags:frozenset:int={1}", "tags: frozenset[int] = frozenset({1})", []),
        ('tags:list[str]=["a"]', 'tags: list[str] = field(default_factory=lambda: ["a"])', []),
        ("price:Decimal", "price: Decimal", ["decimal:Decimal"]),
        ("price:Decimal=9.99", 'price: Decimal = Decimal("9.99")', ["decimal:Decimal"]),
        ("at:datetime", "at: datetime", ["datetime:datetime"]),
        ("at:datetime.datetime", "at: datetime", ["datetime:datetime"]),
        ("on:date=2026-01-02", "on: date = date(2026, 1, 2)", ["datetime:date"]),
        ("file:Path=a/b.wav", 'file: Path = Path("a/b.wav")', ["pathlib:Path"]),
        ("key:UUID", "key: UUID", ["uuid:UUID"]),
        ('q:Literal["low", "high"]=low', 'q: Literal["low", "high"] = "low"', ["typing:Literal"]),
        ("q:Literal:low:high", 'q: Literal["low", "high"]', ["typing:Literal"]),
        ("q:Literal[1, -2]=-2", "q: Literal[1, -2] = -2", ["typing:Literal"]),
        ("q:app.models.Quality", "q: Quality", QUALITY),
        ("q:app.models.Quality=HIGH", "q: Quality = Quality.HIGH", QUALITY),
        ("q:app.models.Quality=Quality.HIGH", "q: Quality = Quality.HIGH", QUALITY),
        ("q:list:app.models.Quality", "q: list[Quality]", QUALITY),
        ("q:app.models.Podcast.Quality", "q: Podcast.Quality", ["app.models:Podcast"]),
    ],
)
def test_a_field(text: str, declaration: str, imports: list[str]) -> None:
    (field,) = parse_fields([text])
    assert field.declaration == declaration
    assert sorted(f"{needed.module}:{needed.name}" for needed in field.annotation.imports()) == imports


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (["podcast_id"], "The field 'podcast_id' has no type\nWrite name:type[=default]: podcast_id:str"),
        (["tries=5"], "The field 'tries=5' has no type\nWrite name:type[=default]: tries:int=5"),
        (["x:"], "The field 'x:': the type is missing"),
        (["x:Any"], "The field 'x:Any': Any cannot be stored: name the type itself, or a choice such as 'int|str'"),
        (["x:typing.Any"], "Any cannot be stored"),
        (["x:list"], "The field 'x:list': list of what? Say what it holds: list:str"),
        (["x:dict:str"], "dict takes 2 types, not 1: dict:str:int"),
        (["x:strr"], "'strr' is not known here; did you mean 'str'?"),
        (["x:string"], "'string' is no type of Python; did you mean 'str'?"),
        (["x:Quality"], "'Quality' is not known here: write where it is imported from, as app.models.Quality"),
        (["x:int()"], "'int()' is no type: only names, dots, [ ] and | are"),
        (['x:"int"'], "is no type"),
        (["x:__import__('os').system('x')"], "is no type"),
        (["x:app.models.__class__"], "is no type"),
        (["x:app.class.Foo"], "is no type"),
        (["x:app.models.Path"], "app.models.Path would hide the Path that is known here"),
        (["x:app.models.Job"], "Both dartian_queue and app.models have a Job"),
        (["x:int[str]"], "'int' takes no [ ]"),
        (["x:set:list:int"], "list[int] cannot be in a set: it can be changed"),
        (["x:datetime|str"], "datetime | str: both are stored as text, so they could not be told apart"),
        (["x:list[int]|set[int]"], "both are stored as a list"),
        (["x:Literal[True]"], "True cannot be in a Literal that is stored"),
        (["x:int=abc"], "The field 'x:int=abc': the default 'abc' is no int"),
        (["x:int=True"], "the default 'True' is no int"),
        (["x:bool=true"], "'true' is no bool; write True"),
        (["x:str=None"], "None is no str; for a field that may be None write str?"),
        (["x:bytes=abc"], "'abc' is no bytes; write b\"abc\""),
        (["x:float=1e999"], "is no float"),
        (["x:str=\udc80"], "the default '\\\\udc80' is no str"),
        (["x:datetime=now"], "a default of type datetime cannot be given here"),
        (['x:Literal["a", "b"]=c'], '\'c\' is none of "a", "b"'),
        (["handle:int"], "The field handle: that name belongs to the job itself\nTry handle_value"),
        (["class:int"], "The field class: that is a keyword of Python"),
        (["__x:int"], "Python treats such a name in a way of its own\nTry x"),
        (["l:int"], "The field l: it reads like a digit"),
        (["user-id:int"], "'user-id' is no name for an attribute\nTry user_id"),
        (["naïve:int"], "is no name for an attribute"),
        (["date:date"], "The field date would hide date itself in the class"),
        (["field:int", "tags:list:str=[]"], "The field field would hide field itself in the class"),
        (["a:int", "a:str"], "The field a is given twice"),
        (
            ["a:str=x", "b:int", "c:int?"],
            "The field b has no default and follows a, which has one\nThis order works: b:int a:str=x 'c:int?'",
        ),
        (["a:app.models.S", "b:billing.models.S"], "Both app.models and billing.models have a S"),
        (["x:" + "list[" * 200 + "int" + "]" * 200], "has 1205 characters, and 500 are allowed"),
    ],
)
def test_a_refusal(texts: list[str], said: str) -> None:
    with pytest.raises(FieldRefused) as refusal:
        parse_fields(texts)
    assert said in str(refusal.value)
    assert refusal.value.exit_code == 2
    assert len(str(refusal.value).splitlines()) <= 3


names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,12}", fullmatch=True)
types = st.one_of(
    st.sampled_from(["int", "str", "list:str", "dict:str:int", "Decimal", "a.B", "bool?", "Literal:a:b", "bytes"]),
    st.text(max_size=30),
)
texts = st.one_of(
    st.builds(lambda name, kind, default: f"{name}:{kind}={default}", names, types, st.text(max_size=30)),
    st.builds(lambda name, kind: f"{name}:{kind}", names, types),
    st.text(max_size=60),
)


@given(st.lists(texts, max_size=4))
def test_whatever_is_typed_compiles_as_fields_or_is_refused(fields: list[str]) -> None:
    try:
        parsed = parse_fields(fields)
    except FieldRefused as refusal:
        said = str(refusal)
        assert said.replace("\n", "").isprintable()
        return
    body = "\n".join(f"    {field.declaration}" for field in parsed)
    tree = ast.parse(f"class A:\n    pass\n{body}\n")
    (found,) = tree.body
    assert isinstance(found, ast.ClassDef)
    declared = found.body[1:]
    assert all(isinstance(statement, ast.AnnAssign) for statement in declared)
    assert len(declared) == len(parsed)


@given(st.text())
def test_a_text_default_is_that_text(text: str) -> None:
    try:
        (field,) = parse_fields([f"x:str={text}"])
    except FieldRefused:
        assert len(text) > 480 or text.strip() == "None" or any("\ud800" <= letter <= "\udfff" for letter in text)
        return
    value = ast.literal_eval(field.default or "")
    assert value == text or (text.strip()[-1] in "\"')" and value == ast.literal_eval(text.strip()))


scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text()
)
values = st.recursive(
    scalars | st.binary() | st.sets(st.text(max_size=3)),
    lambda inner: st.lists(inner) | st.tuples(inner) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


@given(values)
def test_a_literal_is_the_value(value: object) -> None:
    written = literal(value)
    assert ast.literal_eval(written) == value
    assert type(ast.literal_eval(written)) is type(value)
    assert written.isprintable()


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("plain", '"plain"'),
        ('say "hi"', "'say \"hi\"'"),
        ("it's", '"it\'s"'),
        ('it\'s "it"', "'it\\'s \"it\"'"),
        ("\\'", '"\\\\\'"'),
        ("é\n\x1b", '"é\\n\\x1b"'),
    ],
)
def test_quotes_are_a_formatters(text: str, written: str) -> None:
    assert literal(text) == written
