#include "exec/spill.h"

namespace helios::exec {
namespace {

class MemorySpillFile : public SpillFile {
 public:
  Status Append(std::string_view bytes) override {
    bytes_.append(bytes);
    return Status::Ok();
  }
  Status Read(uint64_t offset, size_t byte_count, std::string* out) override {
    if (offset > bytes_.size() || byte_count > bytes_.size() - offset) {
      return Error(ErrorCode::kIoError).Message("read past the end of a spill file");
    }
    out->assign(bytes_, offset, byte_count);
    return Status::Ok();
  }
  uint64_t size() const override { return bytes_.size(); }

 private:
  std::string bytes_;
};

}  // namespace

Result<std::unique_ptr<SpillFile>> MemorySpillArea::Create() {
  return std::make_unique<MemorySpillFile>();
}

}  // namespace helios::exec
