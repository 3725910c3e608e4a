// nextval, currval, lastval, setval.

#include "compute/internal/functions/session_call.h"
#include "compute/internal/privileges.h"

namespace helios::compute {

namespace {

using catalog::Privilege;
using catalog::PrivilegeMask;

constexpr PrivilegeMask Mask(Privilege privilege) { return static_cast<PrivilegeMask>(privilege); }

Result<const catalog::Sequence*> FindByOid(SessionCall& call, Oid oid, PrivilegeMask any_of) {
  const std::shared_ptr<const catalog::Snapshot> snapshot = call.session.Catalog();
  const catalog::Sequence* sequence = snapshot->FindSequence(oid);
  if (sequence == nullptr) {
    const catalog::Object* object = snapshot->Find(oid);
    if (object != nullptr) {
      return Error(ErrorCode::kWrongObjectType).Message("\"{}\" is not a sequence", object->name);
    }
    return Error(ErrorCode::kUndefinedTable).Message("could not open relation with OID {}", oid);
  }
  for (const Privilege privilege : {Privilege::kUsage, Privilege::kUpdate, Privilege::kSelect}) {
    if ((any_of & Mask(privilege)) != 0 &&
        HasPrivilege(*snapshot, call.session.role(), *sequence, Mask(privilege))) {
      return sequence;
    }
  }
  return PermissionDenied(*sequence);
}

hidb::SequenceOptions OptionsOf(const catalog::Sequence& sequence) {
  hidb::SequenceOptions options;
  options.start = sequence.start;
  options.increment = sequence.increment;
  options.minimum = sequence.minimum;
  options.maximum = sequence.maximum;
  options.cycle = sequence.cycle;
  options.name = sequence.name;
  return options;
}

Status ReadOnly(SessionCall& call) {
  if (!call.session.has_txn() || !call.session.txn().read_only) return Status::Ok();
  return Error(ErrorCode::kReadOnlySqlTransaction)
      .Message("cannot execute {}() in a read-only transaction", call.name);
}

Status NextVal(SessionCall& call) {
  HELIOS_TRY(const catalog::Sequence* sequence,
             FindByOid(call, call.AsOid(0), Mask(Privilege::kUsage) | Mask(Privilege::kUpdate)));
  if (sequence->schema != call.session.temporary_schema()) {
    HELIOS_TRY(ReadOnly(call));
  }
  // The commit makes the value durable, so that it never comes again; it needs a transaction for
  // it.
  if (call.session.has_txn()) call.session.txn().id();
  HELIOS_TRY(const int64_t value,
             call.session.storage().NextSequenceValue(sequence->storage_id, OptionsOf(*sequence)));
  call.session.sequence_values()[sequence->storage_id] = value;
  call.session.last_sequence = sequence->storage_id;
  return call.ReturnInt8(value);
}

Status CurrVal(SessionCall& call) {
  HELIOS_TRY(const catalog::Sequence* sequence,
             FindByOid(call, call.AsOid(0), Mask(Privilege::kUsage) | Mask(Privilege::kSelect)));
  const auto found = call.session.sequence_values().find(sequence->storage_id);
  if (found == call.session.sequence_values().end()) {
    return Error(ErrorCode::kObjectNotInPrerequisiteState)
        .Message("currval of sequence \"{}\" is not yet defined in this session", sequence->name);
  }
  return call.ReturnInt8(found->second);
}

Status LastVal(SessionCall& call) {
  const auto found = call.session.sequence_values().find(call.session.last_sequence);
  if (call.session.last_sequence == 0 || found == call.session.sequence_values().end()) {
    return Error(ErrorCode::kObjectNotInPrerequisiteState)
        .Message("lastval is not yet defined in this session");
  }
  return call.ReturnInt8(found->second);
}

Status SetVal(SessionCall& call) {
  HELIOS_TRY(const catalog::Sequence* sequence,
             FindByOid(call, call.AsOid(0), Mask(Privilege::kUpdate)));
  HELIOS_TRY(ReadOnly(call));
  const int64_t value = call.As<int64_t>(1);
  if (value < sequence->minimum || value > sequence->maximum) {
    return Error(ErrorCode::kNumericOutOfRange)
        .Message("setval: value {} is out of bounds for sequence \"{}\" ({}..{})", value,
                 sequence->name, sequence->minimum, sequence->maximum);
  }
  const bool is_called = call.argument_count() < 3 || call.AsBool(2);
  if (call.session.has_txn()) call.session.txn().id();
  HELIOS_TRY(call.session.storage().SetSequence(sequence->storage_id, {value, is_called}));
  if (is_called) call.session.sequence_values()[sequence->storage_id] = value;
  return call.ReturnInt8(value);
}

Status SequenceLastValue(SessionCall& call) {
  const catalog::Sequence* sequence = call.session.Catalog()->FindSequence(call.AsOid(0));
  if (sequence == nullptr) return call.ReturnNull();
  HELIOS_TRY(const hidb::SequenceState state,
             call.session.storage().ReadSequence(sequence->storage_id, OptionsOf(*sequence)));
  if (!state.is_called) return call.ReturnNull();
  return call.ReturnInt8(state.last_value);
}

}  // namespace

void AddSequenceFunctions(SessionFunctionTable* table) {
  table->insert({{"nextval", NextVal},
                 {"currval", CurrVal},
                 {"lastval", LastVal},
                 {"setval", SetVal},
                 {"pg_sequence_last_value", SequenceLastValue}});
}

}  // namespace helios::compute
