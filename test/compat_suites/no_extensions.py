"""A pytest plugin for SQLAlchemy's suite: no contrib modules are installed before the tests.

The suite's provisioning runs CREATE EXTENSION for hstore and citext on every PostgreSQL from version
13 on. A server without PostgreSQL's contrib modules cannot do that; the tests that need one look
for it themselves and skip.
"""

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart() -> None:
    # By now the suite's conftest has put its own sources first.
    from sqlalchemy.dialects.postgresql import provision

    provision._extensions.clear()
