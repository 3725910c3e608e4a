#include "exec/spill.h"

#include "sys/files.h"

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

// Writes in blocks; what is still in the block is read from there.
class DiskSpillFile : public SpillFile {
 public:
  explicit DiskSpillFile(std::unique_ptr<sys::File> file) : file_(std::move(file)) {}

  Status Append(std::string_view bytes) override {
    block_.append(bytes);
    if (block_.size() < kBlockBytes) return Status::Ok();
    HELIOS_TRY(file_->Append(block_));
    block_.clear();
    return Status::Ok();
  }
  Status Read(uint64_t offset, size_t byte_count, std::string* out) override {
    // One append never lies half in the file: blocks are written whole.
    if (offset >= file_->size()) {
      const uint64_t at = offset - file_->size();
      if (at > block_.size() || byte_count > block_.size() - at) {
        return Error(ErrorCode::kIoError).Message("read past the end of a spill file");
      }
      out->assign(block_, at, byte_count);
      return Status::Ok();
    }
    out->resize(byte_count);
    return file_->ReadAt(offset, byte_count, out->data());
  }
  uint64_t size() const override { return file_->size() + block_.size(); }

 private:
  static constexpr size_t kBlockBytes = size_t{64} << 10;
  std::unique_ptr<sys::File> file_;
  std::string block_;
};

}  // namespace

Result<std::unique_ptr<SpillFile>> FileSpillArea::Create() {
  HELIOS_TRY(sys::CreateDirectory(directory_));
  HELIOS_TRY(std::unique_ptr<sys::File> file, sys::File::CreateTemporary(directory_));
  return std::make_unique<DiskSpillFile>(std::move(file));
}

Result<std::unique_ptr<SpillFile>> MemorySpillArea::Create() {
  return std::make_unique<MemorySpillFile>();
}

}  // namespace helios::exec
