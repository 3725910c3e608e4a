"""A pytest plugin for asyncpg's suite: its tests take the database "postgres" for granted.

A HeliosDB data set holds one database under a name of its own. Where a test names "postgres" it means
any database that is there, so it gets the one of the connection's environment.
"""

import os

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_configure() -> None:
    from asyncpg import _testbase

    original = _testbase.ClusterTestCase.get_connection_spec.__func__

    def get_connection_spec(cls, kwargs={}):
        if kwargs.get("database") == "postgres":
            kwargs = kwargs | {"database": os.environ["PGDATABASE"]}
        return original(cls, kwargs)

    _testbase.ClusterTestCase.get_connection_spec = classmethod(get_connection_spec)
