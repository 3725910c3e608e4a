#include "compute/internal/functions/session_call.h"

namespace helios::compute {

namespace {

const SessionFunctionTable& Functions() {
  static const SessionFunctionTable table = [] {
    SessionFunctionTable functions;
    AddIdentityFunctions(&functions);
    AddSequenceFunctions(&functions);
    AddBackendFunctions(&functions);
    AddDefinitionFunctions(&functions);
    AddCatalogFunctions(&functions);
    AddPrivilegeFunctions(&functions);
    AddAdvisoryFunctions(&functions);
    return functions;
  }();
  return table;
}

}  // namespace

Status SessionImpl::Call(std::string_view function, std::span<const Vector* const> arguments,
                         size_t row, Vector* out, size_t out_row) {
  const auto found = Functions().find(function);
  if (found == Functions().end()) {
    return Error(ErrorCode::kFeatureNotSupported).Message("function {} is not supported", function);
  }
  SessionCall call(*this, function, arguments, row, out, out_row);
  return found->second(call);
}

}  // namespace helios::compute
