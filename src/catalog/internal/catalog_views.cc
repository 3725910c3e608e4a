// Views of pg_catalog that are queries over its tables.

#include "catalog/internal/system_tables.h"

namespace helios::catalog::internal {

namespace {

struct ViewText {
  const char* name;
  const char* sql;
};

constexpr ViewText kViews[] = {
    {"pg_tables",
     "SELECT n.nspname AS schemaname, c.relname AS tablename, "
     "pg_catalog.pg_get_userbyid(c.relowner) AS tableowner, NULL::name AS tablespace, "
     "c.relhasindex AS hasindexes, c.relhasrules AS hasrules, c.relhastriggers AS hastriggers, "
     "c.relrowsecurity AS rowsecurity FROM pg_catalog.pg_class c "
     "LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'r'"},
    {"pg_views",
     "SELECT n.nspname AS schemaname, c.relname AS viewname, "
     "pg_catalog.pg_get_userbyid(c.relowner) AS viewowner, "
     "pg_catalog.pg_get_viewdef(c.oid) AS definition FROM pg_catalog.pg_class c "
     "LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'v'"},
    {"pg_matviews",
     "SELECT n.nspname AS schemaname, c.relname AS matviewname, "
     "pg_catalog.pg_get_userbyid(c.relowner) AS matviewowner, NULL::name AS tablespace, "
     "c.relhasindex AS hasindexes, c.relispopulated AS ispopulated, "
     "pg_catalog.pg_get_viewdef(c.oid) AS definition FROM pg_catalog.pg_class c "
     "LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'm'"},
    {"pg_indexes",
     "SELECT n.nspname AS schemaname, c.relname AS tablename, i.relname AS indexname, "
     "NULL::name AS tablespace, pg_catalog.pg_get_indexdef(i.oid) AS indexdef "
     "FROM pg_catalog.pg_index x JOIN pg_catalog.pg_class c ON c.oid = x.indrelid "
     "JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid "
     "LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"},
    {"pg_sequences",
     "SELECT n.nspname AS schemaname, c.relname AS sequencename, "
     "pg_catalog.pg_get_userbyid(c.relowner) AS sequenceowner, s.seqtypid::regtype AS data_type, "
     "s.seqstart AS start_value, s.seqmin AS min_value, s.seqmax AS max_value, "
     "s.seqincrement AS increment_by, s.seqcycle AS cycle, s.seqcache AS cache_size, "
     "pg_catalog.pg_sequence_last_value(c.oid::regclass) AS last_value "
     "FROM pg_catalog.pg_sequence s JOIN pg_catalog.pg_class c ON c.oid = s.seqrelid "
     "LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"},
};

}  // namespace

const char* CatalogViewSql(std::string_view name) {
  for (const ViewText& view : kViews) {
    if (name == view.name) return view.sql;
  }
  return nullptr;
}

}  // namespace helios::catalog::internal
