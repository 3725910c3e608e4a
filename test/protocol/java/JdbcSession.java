import java.io.StringReader;
import java.io.StringWriter;
import java.math.BigDecimal;
import java.sql.Array;
import java.sql.BatchUpdateException;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.sql.Types;
import java.time.LocalDate;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.TreeSet;
import java.util.UUID;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;
import org.postgresql.util.PSQLException;

/** pgjdbc, unmodified: each section is ordinary work of a Java program. Prints "NAME ok" or "NAME failed". */
public final class JdbcSession {
  private interface Section {
    void run(Connection connection) throws Exception;
  }

  private static String url;
  private static String user;
  private static String password;
  private static String schema;
  private static boolean failed;

  public static void main(String[] arguments) throws Exception {
    url = arguments[0];
    user = arguments[1];
    password = arguments[2];
    schema = arguments[3];
    run("types", JdbcSession::types);
    run("preparedToBinary", JdbcSession::preparedToBinary);
    run("transactions", JdbcSession::transactions);
    run("batches", JdbcSession::batches);
    run("fetchSize", JdbcSession::fetchSize);
    run("generatedKeys", JdbcSession::generatedKeys);
    run("copy", JdbcSession::copy);
    run("errors", JdbcSession::errors);
    run("timeout", JdbcSession::timeout);
    run("notifications", JdbcSession::notifications);
    run("updatableResultSet", JdbcSession::updatableResultSet);
    run("metaDataTables", JdbcSession::metaDataTables);
    run("metaDataKeys", JdbcSession::metaDataKeys);
    run("metaDataTypes", JdbcSession::metaDataTypes);
    run("simpleMode", JdbcSession::simpleMode);
    System.exit(failed ? 1 : 0);
  }

  private static Connection open(String... settings) throws SQLException {
    Properties properties = new Properties();
    properties.setProperty("user", user);
    properties.setProperty("password", password);
    properties.setProperty("currentSchema", schema);
    for (int i = 0; i < settings.length; i += 2) properties.setProperty(settings[i], settings[i + 1]);
    return DriverManager.getConnection(url, properties);
  }

  private static void run(String name, Section section) {
    try (Connection connection = open()) {
      try (Statement statement = connection.createStatement()) {
        statement.execute("DROP TABLE IF EXISTS j_child; DROP TABLE IF EXISTS j");
      }
      section.run(connection);
      System.out.println(name + " ok");
    } catch (Exception | AssertionError error) {
      failed = true;
      System.out.println(name + " failed: " + error);
      error.printStackTrace(System.out);
    }
  }

  private static void check(Object got, Object wanted) {
    if (!java.util.Objects.equals(got, wanted)) {
      throw new AssertionError("wanted " + wanted + ", got " + got);
    }
  }

  private static void types(Connection connection) throws Exception {
    String sql = "SELECT ?::int2, ?::int4, ?::int8, ?::float4, ?::float8, ?::numeric, ?::text, ?::bool,"
        + " ?::date, ?::time, ?::timestamptz, ?::uuid, ?::bytea, ?::jsonb, ?::int4[]";
    UUID uuid = new UUID(1, 2);
    OffsetDateTime instant = OffsetDateTime.of(2020, 1, 2, 3, 4, 5, 6000, ZoneOffset.UTC);
    // The later rounds run as named statements with binary results.
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      for (int round = 0; round < 8; round++) {
        statement.setShort(1, (short) 7);
        statement.setInt(2, -5);
        statement.setLong(3, 1L << 60);
        statement.setFloat(4, 1.5f);
        statement.setDouble(5, 0.1);
        statement.setBigDecimal(6, new BigDecimal("-12345.6700"));
        statement.setString(7, "naïve 😀");
        statement.setBoolean(8, true);
        statement.setObject(9, LocalDate.of(2020, 2, 29));
        statement.setObject(10, LocalTime.of(1, 2, 3));
        statement.setObject(11, instant);
        statement.setObject(12, uuid);
        statement.setBytes(13, new byte[] {0, -1});
        statement.setString(14, "{\"a\": 1}");
        statement.setArray(15, connection.createArrayOf("int4", new Integer[] {1, null, 3}));
        try (ResultSet rows = statement.executeQuery()) {
          check(rows.next(), true);
          check(rows.getShort(1), (short) 7);
          check(rows.getInt(2), -5);
          check(rows.getLong(3), 1L << 60);
          check(rows.getFloat(4), 1.5f);
          check(rows.getDouble(5), 0.1);
          check(rows.getBigDecimal(6), new BigDecimal("-12345.6700"));
          check(rows.getString(7), "naïve 😀");
          check(rows.getBoolean(8), true);
          check(rows.getObject(9, LocalDate.class), LocalDate.of(2020, 2, 29));
          check(rows.getObject(10, LocalTime.class), LocalTime.of(1, 2, 3));
          check(rows.getObject(11, OffsetDateTime.class).toInstant(), instant.toInstant());
          check(rows.getObject(12), uuid);
          check(rows.getBytes(13)[1], (byte) -1);
          check(rows.getString(14), "{\"a\": 1}");
          check(((Integer[]) rows.getArray(15).getArray())[2], 3);
        }
      }
      statement.setNull(1, Types.SMALLINT);
      try (ResultSet rows = statement.executeQuery()) {
        rows.next();
        rows.getShort(1);
        check(rows.wasNull(), true);
      }
    }
  }

  private static void preparedToBinary(Connection connection) throws Exception {
    try (Statement ddl = connection.createStatement()) {
      ddl.execute("CREATE TABLE j (id int PRIMARY KEY, v text)");
    }
    try (PreparedStatement insert = connection.prepareStatement("INSERT INTO j VALUES (?, ?)")) {
      for (int i = 0; i < 20; i++) {
        insert.setInt(1, i);
        insert.setString(2, "v" + i);
        check(insert.executeUpdate(), 1);
      }
    }
    try (PreparedStatement select = connection.prepareStatement("SELECT v FROM j WHERE id = ?")) {
      for (int i = 0; i < 20; i++) {
        select.setInt(1, i);
        try (ResultSet rows = select.executeQuery()) {
          rows.next();
          check(rows.getString(1), "v" + i);
        }
      }
    }
  }

  private static void transactions(Connection connection) throws Exception {
    try (Statement statement = connection.createStatement()) {
      statement.execute("CREATE TABLE j (id int PRIMARY KEY)");
      connection.setAutoCommit(false);
      connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
      statement.execute("INSERT INTO j VALUES (1)");
      Savepoint savepoint = connection.setSavepoint("s");
      statement.execute("INSERT INTO j VALUES (2)");
      connection.rollback(savepoint);
      connection.commit();
      statement.execute("INSERT INTO j VALUES (3)");
      connection.rollback();
      try (ResultSet rows = statement.executeQuery("SELECT count(*) FROM j")) {
        rows.next();
        check(rows.getInt(1), 1);
      }
      connection.commit();
      connection.setReadOnly(true);
      try {
        statement.execute("INSERT INTO j VALUES (4)");
        throw new AssertionError("a read-only transaction wrote");
      } catch (PSQLException error) {
        check(error.getSQLState(), "25006");
      }
      connection.rollback();
    }
  }

  private static void batches(Connection connection) throws Exception {
    try (Statement ddl = connection.createStatement()) {
      ddl.execute("CREATE TABLE j (id int PRIMARY KEY, v text)");
    }
    try (PreparedStatement insert = connection.prepareStatement("INSERT INTO j VALUES (?, ?)")) {
      for (int i = 0; i < 500; i++) {
        insert.setInt(1, i);
        insert.setString(2, "v");
        insert.addBatch();
      }
      int[] counts = insert.executeBatch();
      check(counts.length, 500);
      check(counts[499], 1);
      insert.setInt(1, 1000);
      insert.setString(2, "x");
      insert.addBatch();
      insert.setInt(1, 1);
      insert.addBatch();
      try {
        insert.executeBatch();
        throw new AssertionError("no error from the batch");
      } catch (BatchUpdateException error) {
        check(error.getSQLState(), "23505");
      }
    }
    try (Connection rewriting = open("reWriteBatchedInserts", "true");
        PreparedStatement insert = rewriting.prepareStatement("INSERT INTO j VALUES (?, ?)")) {
      for (int i = 2000; i < 3000; i++) {
        insert.setInt(1, i);
        insert.setString(2, "r");
        insert.addBatch();
      }
      check(insert.executeBatch().length, 1000);
    }
  }

  private static void fetchSize(Connection connection) throws Exception {
    connection.setAutoCommit(false);
    try (Statement statement = connection.createStatement()) {
      statement.setFetchSize(50);
      int sum = 0;
      try (ResultSet rows = statement.executeQuery("SELECT n FROM generate_series(1, 1000) n")) {
        while (rows.next()) sum += rows.getInt(1);
      }
      check(sum, 500500);
      statement.setMaxRows(7);
      int count = 0;
      try (ResultSet rows = statement.executeQuery("SELECT n FROM generate_series(1, 1000) n")) {
        while (rows.next()) count++;
      }
      check(count, 7);
    }
    connection.commit();
  }

  private static void generatedKeys(Connection connection) throws Exception {
    try (Statement statement = connection.createStatement()) {
      statement.execute("CREATE TABLE j (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, v text)");
      statement.executeUpdate("INSERT INTO j (v) VALUES ('a'), ('b')", Statement.RETURN_GENERATED_KEYS);
      try (ResultSet keys = statement.getGeneratedKeys()) {
        keys.next();
        check(keys.getInt("id"), 1);
        keys.next();
        check(keys.getInt(1), 2);
      }
    }
  }

  private static void copy(Connection connection) throws Exception {
    try (Statement statement = connection.createStatement()) {
      statement.execute("CREATE TABLE j (id int, v text)");
    }
    var manager = connection.unwrap(PGConnection.class).getCopyAPI();
    StringBuilder data = new StringBuilder();
    for (int i = 0; i < 10000; i++) data.append(i).append("\tv").append(i).append('\n');
    check(manager.copyIn("COPY j FROM STDIN", new StringReader(data.toString())), 10000L);
    StringWriter out = new StringWriter();
    check(manager.copyOut("COPY (SELECT * FROM j WHERE id < 2 ORDER BY id) TO STDOUT", out), 2L);
    check(out.toString(), "0\tv0\n1\tv1\n");
  }

  private static void errors(Connection connection) throws Exception {
    try (Statement statement = connection.createStatement()) {
      statement.execute("CREATE TABLE j (id int PRIMARY KEY, v int CONSTRAINT v_ok CHECK (v > 0))");
      statement.execute("INSERT INTO j VALUES (1, 1)");
      try {
        statement.execute("INSERT INTO j VALUES (2, -1)");
        throw new AssertionError("no error");
      } catch (PSQLException error) {
        check(error.getSQLState(), "23514");
        check(error.getServerErrorMessage().getConstraint(), "v_ok");
        check(error.getServerErrorMessage().getTable(), "j");
      }
      try {
        statement.execute("SELECT nope");
        throw new AssertionError("no error");
      } catch (PSQLException error) {
        check(error.getServerErrorMessage().getPosition(), 8);
      }
    }
  }

  private static void timeout(Connection connection) throws Exception {
    try (Statement statement = connection.createStatement()) {
      statement.setQueryTimeout(1);
      statement.execute("SELECT pg_sleep(60)");
      throw new AssertionError("the statement was not cancelled");
    } catch (PSQLException error) {
      check(error.getSQLState(), "57014");
    }
  }

  private static void notifications(Connection connection) throws Exception {
    try (Statement statement = connection.createStatement()) {
      statement.execute("LISTEN ch");
      statement.execute("NOTIFY ch, 'hi'");
      PGNotification[] heard = connection.unwrap(PGConnection.class).getNotifications(5000);
      check(heard.length, 1);
      check(heard[0].getParameter(), "hi");
    }
  }

  private static void updatableResultSet(Connection connection) throws Exception {
    try (Statement statement = connection.createStatement(
        ResultSet.TYPE_SCROLL_INSENSITIVE, ResultSet.CONCUR_UPDATABLE)) {
      statement.execute("CREATE TABLE j (id int PRIMARY KEY, v text)");
      statement.execute("INSERT INTO j VALUES (1, 'a'), (2, 'b')");
      try (ResultSet rows = statement.executeQuery("SELECT id, v FROM j ORDER BY id")) {
        rows.last();
        rows.updateString("v", "changed");
        rows.updateRow();
        rows.first();
        rows.deleteRow();
        rows.moveToInsertRow();
        rows.updateInt("id", 3);
        rows.updateString("v", "new");
        rows.insertRow();
      }
      try (ResultSet rows = statement.executeQuery("SELECT string_agg(id || v, ',' ORDER BY id) FROM j")) {
        rows.next();
        check(rows.getString(1), "2changed,3new");
      }
    }
  }

  private static void makeTables(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute("CREATE TABLE j (id int PRIMARY KEY, name varchar(20) NOT NULL DEFAULT 'x', n numeric(8,2))");
      statement.execute("CREATE TABLE j_child (a int, b int, j_id int REFERENCES j ON DELETE CASCADE, PRIMARY KEY (a, b))");
      statement.execute("CREATE INDEX j_name ON j (name)");
      statement.execute("COMMENT ON COLUMN j.n IS 'a number'");
    }
  }

  private static List<String> column(ResultSet rows, String name) throws SQLException {
    List<String> values = new ArrayList<>();
    try (rows) {
      while (rows.next()) values.add(rows.getString(name));
    }
    return values;
  }

  private static void metaDataTables(Connection connection) throws Exception {
    makeTables(connection);
    DatabaseMetaData meta = connection.getMetaData();
    check(meta.getDatabaseProductName(), "PostgreSQL");
    check(column(meta.getTables(null, schema, "j%", new String[] {"TABLE"}), "TABLE_NAME"), List.of("j", "j_child"));
    try (ResultSet rows = meta.getColumns(null, schema, "j", "%")) {
      rows.next();
      check(rows.getString("COLUMN_NAME"), "id");
      check(rows.getInt("DATA_TYPE"), Types.INTEGER);
      check(rows.getString("IS_NULLABLE"), "NO");
      rows.next();
      check(rows.getString("TYPE_NAME"), "varchar");
      check(rows.getInt("COLUMN_SIZE"), 20);
      check(rows.getString("COLUMN_DEF"), "'x'::character varying");
      rows.next();
      check(rows.getInt("COLUMN_SIZE"), 8);
      check(rows.getInt("DECIMAL_DIGITS"), 2);
      check(rows.getString("REMARKS"), "a number");
    }
    check(column(meta.getSchemas(null, schema), "TABLE_SCHEM"), List.of(schema));
    if (column(meta.getCatalogs(), "TABLE_CAT").isEmpty()) throw new AssertionError("no catalogs");
    column(meta.getTablePrivileges(null, schema, "j"), "PRIVILEGE");
    column(meta.getFunctions(null, "pg_catalog", "lower"), "FUNCTION_NAME");
    column(meta.getProcedures(null, schema, "%"), "PROCEDURE_NAME");
    try (PreparedStatement statement = connection.prepareStatement("SELECT id, name, n FROM j WHERE id = ?")) {
      ResultSetMetaData columns = statement.getMetaData();
      check(columns.getColumnTypeName(2), "varchar");
      check(columns.getPrecision(3), 8);
      check(columns.getTableName(1), "j");
      check(columns.isNullable(1), ResultSetMetaData.columnNoNulls);
      check(statement.getParameterMetaData().getParameterTypeName(1), "int4");
    }
  }

  private static void metaDataKeys(Connection connection) throws Exception {
    makeTables(connection);
    DatabaseMetaData meta = connection.getMetaData();
    check(new TreeSet<>(column(meta.getPrimaryKeys(null, schema, "j_child"), "COLUMN_NAME")), new TreeSet<>(List.of("a", "b")));
    try (ResultSet rows = meta.getImportedKeys(null, schema, "j_child")) {
      rows.next();
      check(rows.getString("PKTABLE_NAME"), "j");
      check(rows.getString("FKCOLUMN_NAME"), "j_id");
      check(rows.getInt("DELETE_RULE"), DatabaseMetaData.importedKeyCascade);
    }
    check(column(meta.getExportedKeys(null, schema, "j"), "FKTABLE_NAME"), List.of("j_child"));
    check(new TreeSet<>(column(meta.getIndexInfo(null, schema, "j", false, false), "INDEX_NAME")),
        new TreeSet<>(List.of("j_name", "j_pkey")));
    check(column(meta.getBestRowIdentifier(null, schema, "j", DatabaseMetaData.bestRowSession, false), "COLUMN_NAME"),
        List.of("id"));
  }

  private static void metaDataTypes(Connection connection) throws Exception {
    List<String> names = column(connection.getMetaData().getTypeInfo(), "TYPE_NAME");
    for (String name : List.of("int4", "text", "jsonb", "uuid", "_int4", "timestamptz")) {
      if (!names.contains(name)) throw new AssertionError("no type " + name);
    }
    try (Statement statement = connection.createStatement()) {
      statement.execute("DROP TYPE IF EXISTS j_mood");
      statement.execute("CREATE TYPE j_mood AS ENUM ('a', 'b')");
      try (ResultSet rows = statement.executeQuery("SELECT 'a'::j_mood, ARRAY['b']::j_mood[]")) {
        rows.next();
        check(rows.getString(1), "a");
        Array array = rows.getArray(2);
        check(((String[]) array.getArray())[0], "b");
      }
      statement.execute("DROP TYPE j_mood");
    }
  }

  private static void simpleMode(Connection unused) throws Exception {
    try (Connection connection = open("preferQueryMode", "simple");
        PreparedStatement statement = connection.prepareStatement("SELECT ?::int + ?, ?")) {
      statement.setInt(1, 1);
      statement.setInt(2, 2);
      statement.setString(3, "it's");
      try (ResultSet rows = statement.executeQuery()) {
        rows.next();
        check(rows.getInt(1), 3);
        check(rows.getString(2), "it's");
      }
    }
  }
}
