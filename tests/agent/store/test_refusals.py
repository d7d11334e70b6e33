"""Whatever is wrong with a store file is told with its line, its key, what was found and what is allowed."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.store import StoreError, load_store, parse_store

GOOD = """\
schema = "store/1"

[store]
id = "demo"
currency = "EUR"

[[agent]]
id = "a1"

[[item]]
sku = "cola"
name = "Cola"
price = "1.50"
sold_by = "unit"
unit_weight_g = 350.0
unit_sd_g = 1.8

[[plate]]
id = "P1"
size_mm = [450.0, 300.0]
max_g = 20000.0

[[plate.cell]]
board = "b000000000000001"
channel = 0
x_mm = 20.0
y_mm = 20.0
zero_counts = 83123
counts_per_gram = 421.7

[[plate.lane]]
sku = "cola"
x_mm = [0.0, 150.0]
stock = 8
"""
SECOND_PLATE = """
[[plate]]
id = "P2"
size_mm = [450.0, 300.0]
max_g = 20000.0
agent = "{agent}"
[[plate.cell]]
board = "{board}"
channel = {channel}
x_mm = 20.0
y_mm = 20.0
zero_counts = 0
counts_per_gram = 400.0
"""


def refusal(text: str | bytes) -> StoreError:
    with pytest.raises(StoreError) as caught:
        parse_store(text.encode() if isinstance(text, str) else text, "shop.toml")
    return caught.value


def edited(old: str, new: str) -> tuple[str, int]:
    """The good file with one place changed, and the line where the change ends."""
    assert GOOD.count(old) == 1
    text = GOOD.replace(old, new)
    return text, text[: text.index(new) + len(new.rstrip())].count("\n") + 1


WRONG = [
    # found, put in its place, key, what the message must say
    ('currency = "EUR"\n', 'currency = "EUR"\ncolour = "red"\n', "store.colour", ["unknown key", "id, currency"]),
    ("stock = 8\n", "stock = 8\nfacing = 1\n", "plate.lane.facing", ["unknown key", "sku, x_mm, y_mm, stock"]),
    ("max_g = 20000.0\n", "max_g = 20000.0\ncells = []\n", "plate.cells", ["unknown key", "cell, lane"]),
    ("[[plate.lane]]", "[[plate.lanes]]", "plate.lanes", ["unknown key"]),
    ('schema = "store/1"', 'schema = "store/2"', "schema", ["'store/2'", '"store/1"']),
    ('id = "demo"', 'id = "De mo"', "store.id", ["'De mo'", "lower-case letters", "at most 32"]),
    ('id = "P1"', 'id = "P/1"', "plate.id", ["'P/1'", "letters"]),
    ('"EUR"', '"euro"', "store.currency", ["'euro'", "three capitals"]),
    ('price = "1.50"', "price = 1.50", "item.price", ["1.5", 'decimal text such as "1.50"']),
    ('price = "1.50"', 'price = "1,50"', "item.price.amount", ["'1,50'", "decimal text"]),
    ('price = "1.50"', 'price = "-1.50"', "item.price.amount", ["'-1.50'", "at least 0"]),
    ('price = "1.50"', 'price = "NaN"', "item.price.amount", ["'NaN'", "decimal text"]),
    ('price = "1.50"', "price = []", "item.price", ["[]", "a list"]),
    ('price = "1.50"', "price = [1]", "item.price", ["1", "steps such as"]),
    ('price = "1.50"', 'price = [{from = 2026-01-01T00:00:00, amount = "1"}]', "item.price.from", ["offset"]),
    ('price = "1.50"', 'price = [{from = "2026", amount = "1"}]', "item.price.from", ["not in quotes"]),
    ('price = "1.50"', 'price = [{amount = "1"}]', "item.price.from", ["missing"]),
    (
        'price = "1.50"',
        'price = [{from = 2026-02-01T00:00:00Z, amount = "1"}, {from = 2026-01-01T00:00:00Z, amount = "2"}]',
        "item.price",
        ["follow each other in time"],
    ),
    ('sold_by = "unit"', 'sold_by = "dozen"', "item.sold_by", ["'dozen'", "'unit' or 'weight'"]),
    ("unit_weight_g = 350.0", "unit_weight_g = nan", "item.unit_weight_g", ["nan", "finite"]),
    ("unit_weight_g = 350.0", "unit_weight_g = 0.0", "item.unit_weight_g", ["0.0", "more than 0"]),
    ("unit_weight_g = 350.0", 'unit_weight_g = "350"', "item.unit_weight_g", ["'350'", "a number"]),
    ("unit_sd_g = 1.8", "unit_sd_g = -1.8", "item.unit_sd_g", ["-1.8", "at least 0"]),
    ("unit_sd_g = 1.8", "unit_sd_g = inf", "item.unit_sd_g", ["inf", "finite"]),
    ("unit_sd_g = 1.8", "unit_sd_g = 1.8\ntax_rate = 0.2", "item.tax_rate", ["0.2", "decimal text"]),
    ("unit_sd_g = 1.8", 'unit_sd_g = 1.8\ntax_rate = "20"', "item.tax_rate", ["'20'", '"0.20" for 20 %']),
    ("unit_sd_g = 1.8", "unit_sd_g = 1.8\ndeposit = 0.25", "item.deposit", ["0.25", "decimal text"]),
    ("size_mm = [450.0, 300.0]", "size_mm = [450.0]", "plate.size_mm", ["[450.0]", "two numbers"]),
    ("size_mm = [450.0, 300.0]", "size_mm = [450.0, 0.0]", "plate.size_mm", ["0.0", "more than 0"]),
    ('"b000000000000001"', '"B1"', "plate.cell.board", ["'B1'", "16 hex digits", '"gpio"']),
    ("channel = 0", "channel = 8", "plate.cell.channel", ["8", "at most 7"]),
    ("channel = 0", "channel = 0.5", "plate.cell.channel", ["0.5", "whole number"]),
    ("zero_counts = 83123", "zero_counts = nan", "plate.cell.zero_counts", ["nan", "finite"]),
    ("counts_per_gram = 421.7", "counts_per_gram = 0.0", "plate.cell.counts_per_gram", ["0", "never 0"]),
    ("y_mm = 20.0", "y_mm = 301.0", "plate.cell.y_mm", ["301", "0 to 300 mm"]),
    ("x_mm = [0.0, 150.0]", "x_mm = [300.0, 451.0]", "plate.lane.x_mm", ["[300, 451]", "within 0 to 450 mm"]),
    ("x_mm = [0.0, 150.0]", "x_mm = [150.0, 0.0]", "plate.lane.x_mm", ["[150, 0]", "a span"]),
    ("x_mm = [0.0, 150.0]", 'x_mm = ["a", 1.0]', "plate.lane.x_mm", ["'a'", "a number"]),
    ("stock = 8", "y_mm = [0.0, 400.0]\nstock = 8", "plate.lane.y_mm", ["[0, 400]", "within 0 to 300 mm"]),
    ("stock = 8", "stock = -1", "plate.lane.stock", ["-1", "at least 0"]),
    ('sku = "cola"\nx_mm', 'sku = "fanta"\nx_mm', "plate.lane.sku", ["'fanta'", "[[item]]"]),
    ("max_g = 20000.0\n", 'max_g = 20000.0\nagent = "a9"\n', "plate.agent", ["'a9'", "a1"]),
    ('[[agent]]\nid = "a1"', '[[agent]]\nid = "a1"\n[[agent]]\nid = "a1"', "agent.id", ["'a1'", "second time"]),
    ("x_mm = 20.0\ny_mm", "x_mm = 20.0\nx_mm = 20.0\ny_mm", "", ["not TOML"]),
]


@pytest.mark.parametrize(("old", "new", "key", "says"), WRONG, ids=[f"{key}: {new[-24:]}" for _, new, key, _ in WRONG])
def test_a_wrong_value_is_told_where_it_stands(old: str, new: str, key: str, says: list[str]) -> None:
    text, last = edited(old, new)
    error = refusal(text)
    problem = error.problems[0]
    assert problem.key == key
    assert last - new.rstrip().count("\n") <= problem.line <= last
    assert str(error).startswith(f"shop.toml:{problem.line}:")
    assert "\n" not in str(error)
    for words in says:
        assert words in str(error)
    assert len(error.problems) == 1
    assert "should" not in str(error)  # pydantic's words are no words of a store file


@pytest.mark.parametrize(
    ("key", "line"),
    [
        ("schema", 0),
        ("currency", 3),
        ("sku", 10),
        ("unit_weight_g", 10),
        ("max_g", 18),
        ("zero_counts", 23),
        ("stock", 31),
    ],
)
def test_a_missing_key_is_told_at_its_section(key: str, line: int) -> None:
    start = next(k for k, text in enumerate(GOOD.splitlines()) if text.startswith(f"{key} ="))
    text = "\n".join(row for k, row in enumerate(GOOD.splitlines()) if k != start)
    problem = refusal(text).problems[0]
    assert (problem.key.rsplit(".", 1)[-1], problem.found) == (key, "missing")
    assert problem.line == (line if line < start + 1 else line - 1)


@pytest.mark.parametrize("section", ["[[item]]", "[[plate]]"])
def test_an_id_twice_is_told_at_the_second(section: str) -> None:
    begin = GOOD.index(section)
    end = GOOD.find("\n[[", begin + 1 if section == "[[item]]" else len(GOOD))
    copy = GOOD[begin : end if end > 0 else len(GOOD)].replace("channel = 0", "channel = 1")
    error = refusal(GOOD + "\n" + copy)
    assert "a second time" in error.problems[0].found
    assert error.problems[0].line > GOOD.count("\n")


def test_a_channel_used_twice_names_the_plate_that_has_it() -> None:
    text = GOOD + SECOND_PLATE.format(agent="a1", board="b000000000000001", channel=0)
    problem = refusal(text).problems[0]
    assert problem.key == "plate.cell.channel"
    assert "plate P1" in problem.found
    assert text.splitlines()[problem.line - 1] == "channel = 0"
    assert problem.line > GOOD.count("\n")


def test_one_board_hangs_on_one_agent() -> None:
    text = GOOD.replace('id = "a1"', 'id = "a1"\n[[agent]]\nid = "a2"').replace("max_g", 'agent = "a1"\nmax_g')
    second = SECOND_PLATE.format(agent="a2", board="b000000000000001", channel=1)
    problem = refusal(text + second).problems[0]
    assert problem.key == "plate.cell.board"
    assert "a1 and a2" in problem.found
    for_pins = (text + second).replace("b000000000000001", "gpio").replace("channel = 1", "channel = 0")
    assert parse_store(for_pins.encode(), "x").agents == ("a1", "a2")  # each Pi has pins of its own


def test_the_cells_of_a_plate_hang_on_one_board() -> None:
    cell = (
        "\n[[plate.cell]]"
        + SECOND_PLATE.format(agent="", board="b000000000000002", channel=0).split("[[plate.cell]]")[1]
    )
    problem = refusal(GOOD + cell).problems[0]
    assert problem.key == "plate.cell.board"
    assert "b000000000000002" in problem.found


def test_a_store_of_several_agents_says_which_serves_each_plate() -> None:
    problem = refusal(GOOD.replace('id = "a1"', 'id = "a1"\n[[agent]]\nid = "a2"')).problems[0]
    assert (problem.key, problem.found) == ("plate.agent", "missing")
    assert "a1, a2" in problem.allowed


def test_a_plate_needs_a_cell_and_a_store_a_plate() -> None:
    begin = GOOD.index("[[plate.cell]]")
    assert refusal(GOOD[:begin]).problems[0].key == "plate.cell"
    assert refusal(GOOD[: GOOD.index("[[plate]]")]).problems[0].key == "plate"


def test_all_faults_are_held_in_the_order_of_the_file_and_counted() -> None:
    text = GOOD.replace("stock = 8", "stock = -8").replace('"EUR"', '"eur"').replace("350.0", "0.0")
    error = refusal(text)
    assert [problem.key for problem in error.problems] == ["store.currency", "item.unit_weight_g", "plate.lane.stock"]
    assert str(error).endswith("(and 2 more)")


def test_what_is_not_toml_is_told_with_its_line() -> None:
    error = refusal(GOOD.replace("channel = 0", "channel = "))
    assert error.problems[0].line == 25
    assert "not TOML" in str(error)


def test_what_is_not_utf8_is_told_with_its_line() -> None:
    error = refusal(GOOD.replace("Cola", "Caf\xe9").encode("latin-1"))
    assert error.problems[0].line == 12
    assert "UTF-8" in str(error)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    for path, why in ((tmp_path / "none.toml", "no such file"), (tmp_path, "is a directory")):
        with pytest.raises(StoreError, match=why) as caught:
            load_store(path)
        assert str(path) in str(caught.value)


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_in_one_line(raw: bytes) -> None:
    assert "\n" not in str(refusal(raw)).replace("\\n", "")


@given(
    st.sampled_from([k for k, line in enumerate(GOOD.splitlines()) if "=" in line]),
    st.sampled_from(["1", "-1", "1.5", '"x"', "true", "[]", "{}", "nan", "2026-01-01", '[["a"]]', "[1, 2]"]),
)
def test_any_value_anywhere_is_taken_or_refused_at_its_line(number: int, value: str) -> None:
    lines = GOOD.splitlines()
    lines[number] = f"{lines[number].split('=')[0]}= {value}"
    try:
        parse_store("\n".join(lines).encode(), "shop.toml")
    except StoreError as error:
        # a sku or an agent's id that changed is told where it is referred to, a size where something stands beyond it
        referring = range(19, len(lines) + 1) if "size_mm" in lines[number] else (32, 8, 18)
        assert any(problem.line in (number + 1, *referring) for problem in error.problems)
        assert all(problem.allowed and "should" not in problem.allowed for problem in error.problems)
