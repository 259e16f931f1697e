"""No request that is made up from an OpenAPI document ends in an error of the server."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error

from driving import running

EXAMPLES = 60


@pytest.mark.parametrize(
    ("name", "user"),
    [
        ("garage", "alice"),
        ("workshop", "jan"),
        ("rooms", "admin"),
        ("courses", "admin"),
        ("marketplace", "carol"),
    ],
)
def test_no_request_that_is_made_up_ends_in_an_error_of_the_server(
    name: str, user: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    database = f"sqlite:///{tmp_path_factory.mktemp(name)}/shop.sqlite3"
    headers = {"Authorization": f"Bearer demo-{user}"}
    with running(name, database, now="2025-10-22T15:30:00Z") as app:
        schema = schemathesis.openapi.from_url(f"{app.url}/openapi.json")
        tried = 0
        for result in schema.get_all_operations():
            operation = result.ok()  # type: ignore[union-attr]

            @settings(
                max_examples=EXAMPLES,
                deadline=None,
                database=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            @given(case=operation.as_strategy())
            def attempt(case: schemathesis.Case[Any]) -> None:
                nonlocal tried
                tried += 1
                case.call_and_validate(headers=headers, checks=[not_a_server_error])

            attempt()
    assert tried > EXAMPLES
