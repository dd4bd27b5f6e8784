from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from batch_conformance.probes.draws import draw

ROOT = Path(__file__).parent.parent
LETTERS = st.text(alphabet="abcdefghijklmnopqrstuvwxyz", min_size=10, max_size=10)


def test_the_default_always_draws_the_same_values():
    assert draw(LETTERS, 20, None, "x") == draw(LETTERS, 20, None, "x")


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.nested_given])
@given(st.integers(), st.integers())
def test_different_seeds_draw_different_values_and_the_same_seed_the_same(one, other):
    drawn = draw(LETTERS, 5, one, "x")
    assert drawn == draw(LETTERS, 5, one, "x")
    assert (drawn == draw(LETTERS, 5, other, "x")) == (one == other)


def test_seed_zero_is_not_the_default():
    assert draw(LETTERS, 5, 0, "x") != draw(LETTERS, 5, None, "x")


def test_two_uses_of_a_strategy_are_kept_apart_by_their_salt():
    assert not set(draw(LETTERS, 20, None, "x")) & set(draw(LETTERS, 20, None, "y"))


def test_values_are_distinct_and_as_many_as_asked():
    drawn = draw(st.integers(min_value=0, max_value=99), 60, 1, "x")
    assert len(drawn) == len(set(drawn)) == 60


def test_a_strategy_with_few_values_gives_what_it_has():
    assert sorted(draw(st.booleans(), 10, None, "x")) == [False, True]


def test_the_only_value_of_a_strategy_is_drawn():
    assert draw(st.just("only"), 1, None, "x") == ["only"]


def test_nothing_is_drawn_when_nothing_is_asked():
    assert draw(LETTERS, 0, None, "x") == []


def test_the_simplest_value_that_all_seeds_share_is_left_out():
    assert all("aaaaaaaaaa" not in draw(LETTERS, 10, seed, "x") for seed in range(10))


_SCRIPT = """
import sys
sys.path[:0] = sys.argv[1:]
if len(sys.argv) > 2:
    import full_of_literals
from hypothesis import strategies as st
from batch_conformance.probes.draws import draw
print(draw(st.text(max_size=20), 200, 7, "x"), draw(st.integers(), 200, 7, "x"))
"""


def test_modules_that_happen_to_be_imported_change_nothing(tmp_path):
    literals = "\n".join(f"A{number} = {100000 + number}, 'literal number {number}'" for number in range(500))
    (tmp_path / "full_of_literals.py").write_text(literals)

    def run(*folders: Path) -> str:
        command = [sys.executable, "-c", _SCRIPT, *map(str, folders)]
        return subprocess.run(command, check=True, capture_output=True, text=True, cwd=tmp_path).stdout

    assert run(ROOT) == run(ROOT, tmp_path)


def test_a_loaded_profile_that_derandomizes_does_not_silence_the_seed():
    settings.register_profile("derandomized-for-a-test", derandomize=True)
    before = settings.get_current_profile_name()
    settings.load_profile("derandomized-for-a-test")
    try:
        assert draw(LETTERS, 5, 1, "x") != draw(LETTERS, 5, 2, "x")
    finally:
        settings.load_profile(before)
