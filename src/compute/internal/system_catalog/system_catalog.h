#pragma once

#include <memory>
#include <string>

#include "compute/internal/session_impl.h"
#include "compute/internal/system_catalog/row_builder.h"
#include "exec/executor.h"

namespace helios::compute {

// Fills the rows of one system table as the session sees them.
using SystemTableGenerator = Status (*)(SessionImpl& session, SystemRowBuilder& rows);

// The generator of a table, by name; null: the table is always empty.
SystemTableGenerator FindSystemTableGenerator(std::string_view name);

// System tables for a session's executions.
std::unique_ptr<exec::SystemTableSource> MakeSystemTableSource(SessionImpl& session);

// OIDs of the catalogs themselves, for classid columns.
inline constexpr Oid kPgClassOid = 1259, kPgTypeOid = 1247, kPgConstraintOid = 2606,
                     kPgNamespaceOid = 2615, kPgRewriteOid = 2618, kPgAttrdefOid = 2604,
                     kPgAuthidOid = 1260, kPgDatabaseOid = 1262;

// Synthetic OIDs of things that have none of their own: a column's default, a view's rule.
Oid DefaultOid(Oid table, int16_t column);
Oid RuleOid(Oid view);

// {=r/helios,bob=arw/helios}: an acl as aclitem[], or nothing.
std::vector<std::string> AclItems(const catalog::Snapshot& snapshot, const catalog::Acl& acl);

// --- generators, by file
Status FillPgClass(SessionImpl& session, SystemRowBuilder& rows);
Status FillPgAttribute(SessionImpl& session, SystemRowBuilder& rows);
Status FillPgAttrdef(SessionImpl& session, SystemRowBuilder& rows);
Status FillPgIndex(SessionImpl& session, SystemRowBuilder& rows);
Status FillPgConstraint(SessionImpl& session, SystemRowBuilder& rows);
Status FillSequenceState(SessionImpl& session, SystemRowBuilder& rows);
Status FillPgSequence(SessionImpl& session, SystemRowBuilder& rows);
Status FillPgDepend(SessionImpl& session, SystemRowBuilder& rows);
Status FillPgDescription(SessionImpl& session, SystemRowBuilder& rows);
Status FillPgRewrite(SessionImpl& session, SystemRowBuilder& rows);
Status FillPgType(SessionImpl& session, SystemRowBuilder& rows);
Status FillPgEnum(SessionImpl& session, SystemRowBuilder& rows);
Status FillPgCollation(SessionImpl& session, SystemRowBuilder& rows);
Status FillPgAm(SessionImpl& session, SystemRowBuilder& rows);
Status FillPgOpclass(SessionImpl& session, SystemRowBuilder& rows);
Status FillPgProc(SessionImpl& session, SystemRowBuilder& rows);
Status FillPgOperator(SessionImpl& session, SystemRowBuilder& rows);
Status FillPgCast(SessionImpl& session, SystemRowBuilder& rows);
Status FillPgAggregate(SessionImpl& session, SystemRowBuilder& rows);
Status FillPgLanguage(SessionImpl& session, SystemRowBuilder& rows);
Status FillPgNamespace(SessionImpl& session, SystemRowBuilder& rows);
Status FillPgDatabase(SessionImpl& session, SystemRowBuilder& rows);
Status FillPgAuthid(SessionImpl& session, SystemRowBuilder& rows);
Status FillPgRoles(SessionImpl& session, SystemRowBuilder& rows);
Status FillPgUser(SessionImpl& session, SystemRowBuilder& rows);
Status FillPgAuthMembers(SessionImpl& session, SystemRowBuilder& rows);
Status FillPgTablespace(SessionImpl& session, SystemRowBuilder& rows);
Status FillPgExtension(SessionImpl& session, SystemRowBuilder& rows);
Status FillPgShdescription(SessionImpl& session, SystemRowBuilder& rows);
Status FillPgSettings(SessionImpl& session, SystemRowBuilder& rows);
Status FillPgStatActivity(SessionImpl& session, SystemRowBuilder& rows);
Status FillPgPreparedStatements(SessionImpl& session, SystemRowBuilder& rows);
Status FillPgCursors(SessionImpl& session, SystemRowBuilder& rows);
Status FillPgTimezoneNames(SessionImpl& session, SystemRowBuilder& rows);
Status FillPgTimezoneAbbrevs(SessionImpl& session, SystemRowBuilder& rows);
Status FillPgStatUserTables(SessionImpl& session, SystemRowBuilder& rows);
Status FillPgStatDatabase(SessionImpl& session, SystemRowBuilder& rows);

}  // namespace helios::compute
