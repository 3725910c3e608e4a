#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "compute/internal/session_impl.h"

namespace helios::compute {

// One evaluation of a function that asks the session: its arguments of one row, and where the
// result goes.
class SessionCall {
 public:
  SessionCall(SessionImpl& session_in, std::string_view name_in,
              std::span<const Vector* const> arguments, size_t row, Vector* out, size_t out_row)
      : session(session_in),
        name(name_in),
        arguments_(arguments),
        row_(row),
        out_(out),
        out_row_(out_row) {}

  SessionImpl& session;
  const std::string_view name;

  size_t argument_count() const { return arguments_.size(); }
  bool IsNull(size_t index) const { return arguments_[index]->IsNull(row_); }
  SqlType TypeOf(size_t index) const { return arguments_[index]->type(); }
  std::string Text(size_t index) const { return std::string(arguments_[index]->View(row_)); }
  template <typename T>
  T As(size_t index) const {
    return arguments_[index]->At<T>(row_);
  }
  Oid AsOid(size_t index) const { return static_cast<Oid>(As<int32_t>(index)); }
  bool AsBool(size_t index) const { return As<uint8_t>(index) != 0; }
  const Vector& argument(size_t index) const { return *arguments_[index]; }
  size_t row() const { return row_; }

  Status ReturnNull() {
    out_->SetNull(out_row_);
    return Status::Ok();
  }
  Status ReturnText(std::string_view text) {
    out_->SetString(out_row_, text);
    return Status::Ok();
  }
  Status ReturnBool(bool value) {
    out_->Set<uint8_t>(out_row_, value ? 1 : 0);
    return Status::Ok();
  }
  Status ReturnInt4(int32_t value) {
    out_->Set<int32_t>(out_row_, value);
    return Status::Ok();
  }
  Status ReturnInt8(int64_t value) {
    out_->Set<int64_t>(out_row_, value);
    return Status::Ok();
  }
  Status ReturnOid(Oid value) { return ReturnInt4(static_cast<int32_t>(value)); }
  Status ReturnFloat8(double value) {
    out_->Set<double>(out_row_, value);
    return Status::Ok();
  }
  // For functions that return nothing.
  Status ReturnVoid() { return ReturnInt4(0); }

 private:
  std::span<const Vector* const> arguments_;
  const size_t row_;
  Vector* const out_;
  const size_t out_row_;
};

using SessionFunction = Status (*)(SessionCall& call);
using SessionFunctionTable = std::map<std::string_view, SessionFunction>;

// Each family adds its functions by name (functions/*.cc).
void AddIdentityFunctions(SessionFunctionTable* table);
void AddSequenceFunctions(SessionFunctionTable* table);
void AddBackendFunctions(SessionFunctionTable* table);
void AddDefinitionFunctions(SessionFunctionTable* table);
void AddCatalogFunctions(SessionFunctionTable* table);
void AddPrivilegeFunctions(SessionFunctionTable* table);
void AddAdvisoryFunctions(SessionFunctionTable* table);

}  // namespace helios::compute
