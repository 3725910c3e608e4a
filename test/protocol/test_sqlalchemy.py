"""SQLAlchemy 2 with three drivers, and Alembic: ORM, reflection, migration."""

import datetime as dt
import decimal
import enum
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from harness.target import ConnInfo
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship, selectinload

DRIVERS = ("psycopg2", "psycopg", "asyncpg")


class Base(DeclarativeBase):
    pass


class Level(enum.Enum):
    junior = "junior"
    senior = "senior"


membership = sa.Table(
    "membership",
    Base.metadata,
    sa.Column("person_id", sa.ForeignKey("person.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("team_id", sa.ForeignKey("team.id", ondelete="CASCADE"), primary_key=True),
)


class Team(Base):
    __tablename__ = "team"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(50), unique=True)
    people: Mapped[list["Person"]] = relationship(secondary=membership, back_populates="teams")


class Person(Base):
    __tablename__ = "person"
    __table_args__ = (
        sa.CheckConstraint("pay >= 0", name="pay_positive"),
        sa.Index("person_name_lower", sa.text("lower(name)")),
    )
    id: Mapped[int] = mapped_column(sa.Identity(), primary_key=True)
    name: Mapped[str]
    level: Mapped[Level] = mapped_column(default=Level.junior)
    pay: Mapped[decimal.Decimal] = mapped_column(sa.Numeric(10, 2), default=0)
    born: Mapped[dt.date | None]
    made: Mapped[dt.datetime] = mapped_column(sa.DateTime(timezone=True), server_default=sa.func.now())
    token: Mapped[uuid.UUID] = mapped_column(default=uuid.uuid4)
    extra: Mapped[dict] = mapped_column(pg.JSONB, default=dict)
    tags: Mapped[list[str]] = mapped_column(pg.ARRAY(sa.Text), default=list)
    boss_id: Mapped[int | None] = mapped_column(sa.ForeignKey("person.id", name="fk_boss"))
    boss: Mapped["Person | None"] = relationship(remote_side=[id], back_populates="reports")
    reports: Mapped[list["Person"]] = relationship(back_populates="boss")
    teams: Mapped[list[Team]] = relationship(secondary=membership, back_populates="people")


def make_engine(info: ConnInfo, schema: str, driver: str = "psycopg") -> sa.Engine:
    return sa.create_engine(
        f"postgresql+{driver}://{info.url}", connect_args={"options": f"-c search_path={schema}"}
    )


@pytest.fixture(params=["psycopg2", "psycopg"])
def engine(request: pytest.FixtureRequest, info: ConnInfo, schema: str) -> Iterator[sa.Engine]:
    engine = make_engine(info, schema, request.param)
    yield engine
    engine.dispose()


def test_orm_relationships(engine: sa.Engine) -> None:
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        core = Team(name="core")
        ann = Person(name="Ann", level=Level.senior, pay=decimal.Decimal("10.50"), extra={"k": [1]}, tags=["a", "b"])
        bob = Person(name="Bob", boss=ann, born=dt.date(2000, 2, 29), teams=[core])
        ann.teams.append(core)
        session.add_all([ann, bob])
        session.commit()
        assert [p.name for p in sorted(core.people, key=lambda p: p.name)] == ["Ann", "Bob"]
        session.expire_all()
        loaded = session.scalars(
            sa.select(Person).options(selectinload(Person.reports)).where(Person.name == "Ann")
        ).one()
        assert [r.name for r in loaded.reports] == ["Bob"]
        assert loaded.level is Level.senior and loaded.pay == decimal.Decimal("10.50")
        assert loaded.extra == {"k": [1]} and loaded.tags == ["a", "b"] and loaded.made.tzinfo is not None
        rows = session.execute(
            sa.select(Team.name, sa.func.count(Person.id), sa.func.sum(Person.pay))
            .join(Team.people).group_by(Team.name)
        ).all()
        assert rows == [("core", 2, decimal.Decimal("10.50"))]
        assert session.scalars(sa.select(Person.name).where(Person.extra["k"][0].astext == "1")).all() == ["Ann"]
        assert session.scalars(sa.select(Person.name).where(Person.tags.contains(["b"]))).all() == ["Ann"]
        session.delete(bob)
        session.commit()
        assert session.scalar(sa.select(sa.func.count()).select_from(membership)) == 1


def test_constraint_errors(engine: sa.Engine) -> None:
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add_all([Team(name="x"), Team(name="x")])
        with pytest.raises(sa.exc.IntegrityError, match="team_name_key"):
            session.commit()
        session.rollback()
        session.add(Person(name="p", pay=-1))
        with pytest.raises(sa.exc.IntegrityError, match="pay_positive"):
            session.commit()


def test_upsert_returning_and_bulk(engine: sa.Engine) -> None:
    Base.metadata.create_all(engine)
    with engine.begin() as connection:
        statement = pg.insert(Team).values([{"id": 1, "name": "a"}, {"id": 2, "name": "b"}])
        connection.execute(statement)
        statement = pg.insert(Team).values(id=1, name="c")
        statement = statement.on_conflict_do_update(index_elements=["id"], set_={"name": statement.excluded.name})
        assert connection.execute(statement.returning(Team.name)).scalar() == "c"
        inserted = connection.execute(
            sa.insert(Team).returning(Team.id), [{"id": n, "name": f"n{n}"} for n in range(10, 2010)]
        ).all()
        assert len(inserted) == 2000
        updated = connection.execute(sa.update(Team).where(Team.id > 2000).values(name=Team.name + "!"))
        assert updated.rowcount == 9
        assert connection.execute(sa.delete(Team).where(Team.id > 5)).rowcount == 2000


@pytest.mark.checklist(17)
def test_reflection(engine: sa.Engine) -> None:
    Base.metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE VIEW people_view AS SELECT id, name FROM person"))
        connection.execute(sa.text("COMMENT ON TABLE team IS 'the teams'"))
        connection.execute(sa.text("CREATE SEQUENCE plain_seq"))
    inspector = sa.inspect(engine)
    assert sorted(inspector.get_table_names()) == ["membership", "person", "team"]
    assert inspector.get_view_names() == ["people_view"]
    assert "plain_seq" in inspector.get_sequence_names()
    assert inspector.get_table_comment("team") == {"text": "the teams"}
    columns = {column["name"]: column for column in inspector.get_columns("person")}
    assert isinstance(columns["pay"]["type"], sa.Numeric) and columns["pay"]["type"].scale == 2
    assert isinstance(columns["level"]["type"], pg.ENUM) and columns["level"]["type"].enums == ["junior", "senior"]
    assert isinstance(columns["tags"]["type"], pg.ARRAY) and isinstance(columns["extra"]["type"], pg.JSONB)
    assert columns["id"]["identity"]["start"] == 1 and columns["id"]["nullable"] is False
    assert columns["made"]["default"] == "now()" and columns["made"]["type"].timezone
    assert inspector.get_pk_constraint("membership")["constrained_columns"] == ["person_id", "team_id"]
    foreign = {key["name"]: key for key in inspector.get_foreign_keys("membership")}
    assert foreign["membership_team_id_fkey"]["options"] == {"ondelete": "CASCADE"}
    assert inspector.get_unique_constraints("team")[0]["column_names"] == ["name"]
    assert [check["sqltext"] for check in inspector.get_check_constraints("person")] == ["pay >= 0::numeric"]
    indexes = {index["name"]: index for index in inspector.get_indexes("person")}
    assert indexes["person_name_lower"]["expressions"] == ["lower(name::text)"]
    reflected = sa.MetaData()
    reflected.reflect(engine)
    assert set(reflected.tables) == {"membership", "person", "team"}
    with engine.begin() as connection:
        connection.execute(sa.text("DROP VIEW people_view"))
    reflected.drop_all(engine)
    assert sa.inspect(engine).get_table_names() == []


def test_core_expressions(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        window = sa.func.row_number().over(order_by=sa.column("n").desc())
        series = sa.func.generate_series(1, 3).table_valued("n").render_derived()
        assert connection.execute(sa.select(sa.column("n"), window).select_from(series).order_by("n")).all() == [
            (1, 3), (2, 2), (3, 1)]
        deep = sa.select(sa.literal(1).label("n")).cte("deep", recursive=True)
        deep = deep.union_all(sa.select(deep.c.n + 1).where(deep.c.n < 10))
        assert connection.scalar(sa.select(sa.func.sum(deep.c.n))) == 55
        assert connection.scalar(sa.select(sa.cast("2020-01-01", sa.Date))) == dt.date(2020, 1, 1)
        assert connection.scalar(sa.select(sa.extract("year", sa.cast("2020-05-01", sa.Date)))) == 2020


def test_isolation_and_savepoints(engine: sa.Engine) -> None:
    Base.metadata.create_all(engine)
    with engine.connect().execution_options(isolation_level="SERIALIZABLE") as connection:
        assert connection.scalar(sa.text("SHOW transaction_isolation")) == "serializable"
    assert engine.dialect.server_version_info >= (14,)
    with engine.connect() as connection:
        assert connection.get_isolation_level() == "READ COMMITTED"
        with connection.begin():
            nested = connection.begin_nested()
            connection.execute(sa.insert(Team).values(id=1, name="x"))
            nested.rollback()
            assert connection.scalar(sa.select(sa.func.count()).select_from(Team)) == 0


def test_server_side_cursor(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        result = connection.execution_options(yield_per=100).execute(
            sa.text("SELECT n FROM generate_series(1, 1000) n")
        )
        assert sum(len(part) for part in result.partitions()) == 1000


async def test_async_engine(info: ConnInfo, schema: str) -> None:
    engine = create_async_engine(
        f"postgresql+asyncpg://{info.url}", connect_args={"server_settings": {"search_path": schema}}
    )
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
        await connection.execute(sa.insert(Team), [{"id": n, "name": str(n)} for n in range(100)])
        assert await connection.scalar(sa.select(sa.func.sum(Team.id))) == 4950
        await connection.execute(
            sa.insert(Person).values(name="async", extra={"a": 1}, tags=["t"], level=Level.senior)
        )
        row = (await connection.execute(sa.select(Person.extra, Person.tags, Person.level))).one()
        assert row == ({"a": 1}, ["t"], Level.senior)
    async with engine.connect() as connection:
        names = await connection.run_sync(lambda c: sa.inspect(c).get_table_names())
        assert sorted(names) == ["membership", "person", "team"]
    await engine.dispose()


MIGRATION = '''
revision = {revision!r}
down_revision = {down!r}
import sqlalchemy as sa
from alembic import op


def upgrade():
{up}


def downgrade():
{undo}
'''


def test_alembic_migration(info: ConnInfo, schema: str, tmp_path: Path) -> None:
    engine = make_engine(info, schema)
    config = Config()
    config.set_main_option("script_location", str(tmp_path / "alembic"))
    versions = tmp_path / "alembic" / "versions"
    versions.mkdir(parents=True)
    (tmp_path / "alembic" / "env.py").write_text(
        "from alembic import context\n"
        "connection = context.config.attributes['connection']\n"
        "context.configure(connection=connection)\n"
        "with context.begin_transaction():\n    context.run_migrations()\n"
    )
    (versions / "one.py").write_text(MIGRATION.format(
        revision="one", down=None,
        up="    op.create_table('account', sa.Column('id', sa.Integer, primary_key=True),\n"
           "                    sa.Column('name', sa.String(20)), sa.Column('old', sa.Integer))",
        undo="    op.drop_table('account')",
    ))
    (versions / "two.py").write_text(MIGRATION.format(
        revision="two", down="one",
        up="    op.add_column('account', sa.Column('email', sa.Text, nullable=False, server_default='none'))\n"
           "    op.alter_column('account', 'name', type_=sa.String(80), nullable=False)\n"
           "    op.drop_column('account', 'old')\n"
           "    op.create_index('account_email', 'account', ['email'], unique=True)\n"
           "    op.create_check_constraint('name_long', 'account', sa.text('length(name) > 1'))\n"
           "    op.execute(\"INSERT INTO account (id, name) VALUES (1, 'ann')\")",
        undo="    op.execute('DELETE FROM account')\n"
             "    op.drop_constraint('name_long', 'account')\n"
             "    op.drop_index('account_email')\n"
             "    op.drop_column('account', 'email')\n"
             "    op.add_column('account', sa.Column('old', sa.Integer))",
    ))
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()
        assert connection.execute(sa.text("SELECT * FROM account")).all() == [(1, "ann", "none")]
        assert connection.scalar(sa.text("SELECT version_num FROM alembic_version")) == "two"
        command.downgrade(config, "one")
        command.upgrade(config, "head")
        command.downgrade(config, "base")
        connection.commit()
        assert sa.inspect(connection).get_table_names() == ["alembic_version"]
    engine.dispose()


def test_alembic_autogenerate_finds_no_difference(info: ConnInfo, schema: str) -> None:
    engine = make_engine(info, schema)
    Base.metadata.create_all(engine)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
        extra = sa.MetaData()
        sa.Table("team", extra, sa.Column("id", sa.Integer, primary_key=True))
        kinds = {change[0] for change in compare_metadata(MigrationContext.configure(connection), extra)}
        assert "remove_column" in kinds and "remove_table" in kinds
    engine.dispose()


@pytest.mark.parametrize("driver", DRIVERS[:2])
def test_engine_with_scram(scram_server, driver: str) -> None:
    info = scram_server.info
    engine = sa.create_engine(f"postgresql+{driver}://{info.url}")
    with engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT 1")) == 1
    engine.dispose()
