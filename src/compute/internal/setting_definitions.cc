// The parameters that clients know from PostgreSQL 15. Those that have no meaning here are
// accepted, kept and shown, because drivers, ORMs and dumps set them.

#include <algorithm>
#include <string>

#include "compute/internal/settings.h"

namespace helios::compute {

namespace {

using enum SettingKind;
using enum SettingUnit;
using enum SettingContext;

constexpr double kInt32Max = 2147483647;

constexpr SettingDefinition kSettings[] = {
    {"allow_system_table_mods", kBool, "off", kNone, kSuperuser},
    {"application_name", kString, "", kNone, kUser, true},
    {"array_nulls", kBool, "on"},
    {"autovacuum", kBool, "on", kNone, kServer},
    {"backslash_quote", kEnum, "safe_encoding", kNone, kUser, false, 0, 0,
     "safe_encoding,on,off,true,false,yes,no,1,0"},
    {"block_size", kInteger, "8192", kNone, kInternal},
    {"bytea_output", kEnum, "hex", kNone, kUser, false, 0, 0, "escape,hex"},
    {"check_function_bodies", kBool, "on"},
    {"client_connection_check_interval", kInteger, "0", kMilliseconds, kUser, false, 0, kInt32Max},
    {"client_encoding", kString, "UTF8", kNone, kUser, true},
    {"client_min_messages", kEnum, "notice", kNone, kUser, false, 0, 0,
     "debug5,debug4,debug3,debug2,debug1,debug,log,notice,info,warning,error"},
    {"cluster_name", kString, "", kNone, kServer},
    {"compute_query_id", kEnum, "auto", kNone, kSuperuser, false, 0, 0, "auto,regress,on,off"},
    {"constraint_exclusion", kEnum, "partition", kNone, kUser, false, 0, 0, "partition,on,off"},
    {"cpu_index_tuple_cost", kReal, "0.005", kNone, kUser, false, 0, 1e308},
    {"cpu_operator_cost", kReal, "0.0025", kNone, kUser, false, 0, 1e308},
    {"cpu_tuple_cost", kReal, "0.01", kNone, kUser, false, 0, 1e308},
    {"cursor_tuple_fraction", kReal, "0.1", kNone, kUser, false, 0, 1},
    {"data_checksums", kBool, "on", kNone, kInternal},
    {"data_directory", kString, "", kNone, kServer},
    {"DateStyle", kString, "ISO, MDY", kNone, kUser, true},
    {"deadlock_timeout", kInteger, "1000", kMilliseconds, kSuperuser, false, 1, kInt32Max},
    {"debug_print_plan", kBool, "off"},
    {"default_statistics_target", kInteger, "100", kNone, kUser, false, 1, 10000},
    {"default_table_access_method", kString, "heap"},
    {"default_tablespace", kString, ""},
    {"default_text_search_config", kString, "pg_catalog.english"},
    {"default_toast_compression", kEnum, "pglz", kNone, kUser, false, 0, 0, "pglz,lz4"},
    {"default_transaction_deferrable", kBool, "off"},
    {"default_transaction_isolation", kEnum, "read committed", kNone, kUser, false, 0, 0,
     "serializable,repeatable read,read committed,read uncommitted"},
    {"default_transaction_read_only", kBool, "off", kNone, kUser, true},
    {"effective_cache_size", kInteger, "524288", kBlocks, kUser, false, 1, kInt32Max},
    {"effective_io_concurrency", kInteger, "1", kNone, kUser, false, 0, 1000},
    {"enable_bitmapscan", kBool, "on"},
    {"enable_hashagg", kBool, "on"},
    {"enable_hashjoin", kBool, "on"},
    {"enable_incremental_sort", kBool, "on"},
    {"enable_indexonlyscan", kBool, "on"},
    {"enable_indexscan", kBool, "on"},
    {"enable_material", kBool, "on"},
    {"enable_memoize", kBool, "on"},
    {"enable_mergejoin", kBool, "on"},
    {"enable_nestloop", kBool, "on"},
    {"enable_optimizer", kBool, "on"},
    {"enable_parallel_append", kBool, "on"},
    {"enable_parallel_hash", kBool, "on"},
    {"enable_partition_pruning", kBool, "on"},
    {"enable_partitionwise_aggregate", kBool, "off"},
    {"enable_partitionwise_join", kBool, "off"},
    {"enable_seqscan", kBool, "on"},
    {"enable_sort", kBool, "on"},
    {"enable_tidscan", kBool, "on"},
    {"escape_string_warning", kBool, "on"},
    {"exit_on_error", kBool, "off"},
    {"extra_float_digits", kInteger, "1", kNone, kUser, false, -15, 3},
    {"force_parallel_mode", kEnum, "off", kNone, kUser, false, 0, 0, "off,on,regress"},
    {"from_collapse_limit", kInteger, "8", kNone, kUser, false, 1, kInt32Max},
    {"fsync", kBool, "on", kNone, kServer},
    {"geqo", kBool, "on"},
    {"gin_fuzzy_search_limit", kInteger, "0", kNone, kUser, false, 0, kInt32Max},
    {"hot_standby", kBool, "on", kNone, kServer},
    {"idle_in_transaction_session_timeout", kInteger, "0", kMilliseconds, kUser, false, 0,
     kInt32Max},
    {"idle_session_timeout", kInteger, "0", kMilliseconds, kUser, false, 0, kInt32Max},
    {"in_hot_standby", kBool, "off", kNone, kInternal, true},
    {"integer_datetimes", kBool, "on", kNone, kInternal, true},
    {"IntervalStyle", kEnum, "postgres", kNone, kUser, true, 0, 0,
     "postgres,postgres_verbose,sql_standard,iso_8601"},
    {"is_superuser", kBool, "off", kNone, kInternal, true},
    {"jit", kBool, "off"},
    {"join_collapse_limit", kInteger, "8", kNone, kUser, false, 1, kInt32Max},
    {"lc_collate", kString, "C.UTF-8", kNone, kInternal},
    {"lc_ctype", kString, "C.UTF-8", kNone, kInternal},
    {"lc_messages", kString, "C.UTF-8", kNone, kSuperuser},
    {"lc_monetary", kString, "C.UTF-8"},
    {"lc_numeric", kString, "C.UTF-8"},
    {"lc_time", kString, "C.UTF-8"},
    {"listen_addresses", kString, "localhost", kNone, kServer},
    {"lo_compat_privileges", kBool, "off", kNone, kSuperuser},
    {"lock_timeout", kInteger, "0", kMilliseconds, kUser, false, 0, kInt32Max},
    {"log_duration", kBool, "off", kNone, kSuperuser},
    {"log_min_duration_statement", kInteger, "-1", kMilliseconds, kSuperuser, false, -1, kInt32Max},
    {"log_min_messages", kEnum, "warning", kNone, kSuperuser, false, 0, 0,
     "debug5,debug4,debug3,debug2,debug1,debug,info,notice,warning,error,log,fatal,panic"},
    {"log_statement", kEnum, "none", kNone, kSuperuser, false, 0, 0, "none,ddl,mod,all"},
    {"maintenance_work_mem", kInteger, "65536", kKilobytes, kUser, false, 1024, kInt32Max},
    {"max_connections", kInteger, "10000", kNone, kServer, false, 1, 1000000},
    {"max_function_args", kInteger, "100", kNone, kInternal},
    {"max_identifier_length", kInteger, "63", kNone, kInternal},
    {"max_index_keys", kInteger, "32", kNone, kInternal},
    {"max_locks_per_transaction", kInteger, "64", kNone, kServer},
    {"max_parallel_workers", kInteger, "8", kNone, kUser, false, 0, 1024},
    {"max_parallel_workers_per_gather", kInteger, "2", kNone, kUser, false, 0, 1024},
    {"max_prepared_transactions", kInteger, "0", kNone, kServer},
    {"max_stack_depth", kInteger, "2048", kKilobytes, kSuperuser, false, 100, kInt32Max},
    {"max_worker_processes", kInteger, "8", kNone, kServer},
    {"min_parallel_table_scan_size", kInteger, "1024", kBlocks, kUser, false, 0, kInt32Max},
    {"parallel_leader_participation", kBool, "on"},
    {"parallel_rows_min", kInteger, "50000", kNone, kUser, false, 0, kInt32Max, "",
     "Scans of fewer estimated rows stay on one thread."},
    {"parallel_setup_cost", kReal, "1000", kNone, kUser, false, 0, 1e308},
    {"parallel_tuple_cost", kReal, "0.1", kNone, kUser, false, 0, 1e308},
    {"password_encryption", kEnum, "scram-sha-256", kNone, kUser, false, 0, 0, "scram-sha-256"},
    {"plan_cache_mode", kEnum, "auto", kNone, kUser, false, 0, 0,
     "auto,force_generic_plan,force_custom_plan"},
    {"port", kInteger, "5432", kNone, kServer, false, 0, 65535},
    {"query_memory_limit", kInteger, "0", kKilobytes, kUser, false, 0, kInt32Max, "",
     "What one query may hold in memory; 0: the server's limit alone."},
    {"quote_all_identifiers", kBool, "off"},
    {"random_page_cost", kReal, "4", kNone, kUser, false, 0, 1e308},
    {"recovery_init_sync_method", kEnum, "fsync", kNone, kServer, false, 0, 0, "fsync,syncfs"},
    {"row_security", kBool, "on"},
    {"search_path", kString, "\"$user\", public"},
    {"segment_size", kInteger, "131072", kBlocks, kInternal},
    {"seq_page_cost", kReal, "1", kNone, kUser, false, 0, 1e308},
    {"server_encoding", kString, "UTF8", kNone, kInternal, true},
    {"server_version", kString, "15.8", kNone, kInternal, true},
    {"server_version_num", kInteger, "150008", kNone, kInternal},
    {"session_authorization", kString, "", kNone, kInternal, true},
    {"session_preload_libraries", kString, "", kNone, kSuperuser},
    {"session_replication_role", kEnum, "origin", kNone, kSuperuser, false, 0, 0,
     "origin,replica,local"},
    {"shared_buffers", kInteger, "16384", kBlocks, kServer},
    {"shared_preload_libraries", kString, "", kNone, kServer},
    {"ssl", kBool, "on", kNone, kServer},
    {"standard_conforming_strings", kBool, "on", kNone, kUser, true},
    {"statement_timeout", kInteger, "0", kMilliseconds, kUser, false, 0, kInt32Max},
    {"synchronize_seqscans", kBool, "on"},
    {"synchronous_commit", kEnum, "on", kNone, kUser, false, 0, 0,
     "local,remote_write,remote_apply,on,off,true,false,yes,no,1,0"},
    {"tcp_keepalives_count", kInteger, "0", kNone, kUser, false, 0, kInt32Max},
    {"tcp_keepalives_idle", kInteger, "0", kSeconds, kUser, false, 0, kInt32Max},
    {"tcp_keepalives_interval", kInteger, "0", kSeconds, kUser, false, 0, kInt32Max},
    {"temp_buffers", kInteger, "1024", kBlocks, kUser, false, 100, 1073741823},
    {"temp_tablespaces", kString, ""},
    {"TimeZone", kString, "UTC", kNone, kUser, true},
    {"timezone_abbreviations", kString, "Default"},
    {"trace_notify", kBool, "off"},
    {"track_activities", kBool, "on", kNone, kSuperuser},
    {"transaction_deferrable", kBool, "off"},
    {"transaction_isolation", kEnum, "read committed", kNone, kUser, false, 0, 0,
     "serializable,repeatable read,read committed,read uncommitted"},
    {"transaction_read_only", kBool, "off"},
    {"transform_null_equals", kBool, "off"},
    {"unix_socket_directories", kString, "", kNone, kServer},
    {"vacuum_cost_delay", kReal, "0", kMilliseconds, kUser, false, 0, 100},
    {"vector_rows", kInteger, "2048", kNone, kUser, false, 1, 2048, "",
     "Rows that operators put into one chunk; small values are for tests."},
    {"wal_block_size", kInteger, "8192", kNone, kInternal},
    {"wal_level", kEnum, "replica", kNone, kServer, false, 0, 0, "minimal,replica,logical"},
    {"work_mem", kInteger, "262144", kKilobytes, kUser, false, 64, kInt32Max},
    {"xmlbinary", kEnum, "base64", kNone, kUser, false, 0, 0, "base64,hex"},
    {"xmloption", kEnum, "content", kNone, kUser, false, 0, 0, "content,document"},
    {"zero_damaged_pages", kBool, "off", kNone, kSuperuser},
};

int CompareIgnoringCase(std::string_view a, std::string_view b) {
  const size_t common = std::min(a.size(), b.size());
  for (size_t at = 0; at < common; ++at) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; };
    if (lower(a[at]) != lower(b[at])) return lower(a[at]) < lower(b[at]) ? -1 : 1;
  }
  return a.size() < b.size() ? -1 : (a.size() > b.size() ? 1 : 0);
}

}  // namespace

std::span<const SettingDefinition> AllSettings() { return kSettings; }

const SettingDefinition* FindSetting(std::string_view name) {
  for (const SettingDefinition& definition : kSettings) {
    if (CompareIgnoringCase(definition.name, name) == 0) return &definition;
  }
  return nullptr;
}

}  // namespace helios::compute
