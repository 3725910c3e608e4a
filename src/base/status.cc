#include "base/status.h"

namespace helios {

std::string Status::ToString() const {
  if (ok()) return "OK";
  std::string text = fmt::format("ERROR {}: {}", SqlState(info_->code), info_->message);
  if (!info_->detail.empty()) text += " DETAIL: " + info_->detail;
  if (!info_->hint.empty()) text += " HINT: " + info_->hint;
  if (!info_->context.empty()) text += " CONTEXT: " + info_->context;
  return text;
}

}  // namespace helios
