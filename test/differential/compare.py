"""What of two servers' answers must be equal."""

from harness.wire import Result

# Objects made by users have OIDs from here on, and these differ between servers.
FIRST_USER_OID = 16384

ROWS_SHOWN_MAX = 6


def outcome(result: Result, *, is_ordered: bool, with_messages: bool) -> tuple[object, ...]:
    """The comparable part of an answer."""
    if result.error is not None:
        # The constraint's name is what ORMs translate errors by.
        fields = [result.error.sqlstate, result.error.fields.get("n", "")]
        if with_messages:
            fields += [result.error.fields.get(letter, "") for letter in "MDHP"]
        return ("error", *fields)
    columns = tuple(
        (column.name, "user" if column.type_oid >= FIRST_USER_OID else column.type_oid)
        for column in result.columns
    )
    rows = list(result.rows)
    if not is_ordered:
        # An empty string and NULL must not meet in one comparison.
        rows.sort(key=lambda row: [(value is not None, value or b"") for value in row])
    return ("ok", columns, rows, result.tag, b"".join(result.copy_data))


def describe(result: Result) -> str:
    """One line that tells a reader what a server answered."""
    if result.error is not None:
        constraint = result.error.fields.get("n")
        return f"{result.error}" + (f" [constraint {constraint}]" if constraint else "")
    if not result.columns:
        data = b"".join(result.copy_data).decode("utf-8", "replace")
        return f"{result.tag} {data!r}" if data else result.tag
    header = ", ".join(f"{column.name}:{column.type_oid}" for column in result.columns)
    rows = [
        "(" + ", ".join("NULL" if value is None else value for value in row) + ")"
        for row in result.text_rows()[:ROWS_SHOWN_MAX]
    ]
    if len(result.rows) > ROWS_SHOWN_MAX:
        rows.append(f"… {len(result.rows)} rows")
    return f"[{header}] {' '.join(rows)} {result.tag}"[:1000]
