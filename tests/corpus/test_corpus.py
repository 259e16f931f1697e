import ast
from collections import Counter

from tests.corpus.cases import DISPUTED, FOLDER, all_cases


def kinds_run_by_each_module() -> dict[str, set[str]]:
    return {
        path.name: {
            argument.value
            for node in ast.walk(ast.parse(path.read_text("utf-8")))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "cases"
            for argument in node.args
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
        }
        for path in FOLDER.glob("test_*.py")
    }


def test_the_corpus_is_complete() -> None:
    assert len(all_cases()) == 544


def test_case_ids_are_unique() -> None:
    assert len({case.id for case in all_cases()}) == len(all_cases())


def test_every_kind_is_run_by_exactly_one_module() -> None:
    claims = Counter(kind for kinds in kinds_run_by_each_module().values() for kind in kinds)
    assert claims == dict.fromkeys({case.kind for case in all_cases()}, 1)


def test_disputed_cases_exist_and_say_why() -> None:
    assert DISPUTED.keys() <= {case.id for case in all_cases()}
    assert all(DISPUTED.values())
