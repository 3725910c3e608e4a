#include "server/spill_directory.h"

#include "sys/files.h"
#include "sys/machine.h"

namespace helios::server {

class DiskSpillFile final : public exec::SpillFile {
 public:
  DiskSpillFile(std::unique_ptr<sys::File> file, std::atomic<uint64_t>* spilled_bytes)
      : file_(std::move(file)), spilled_bytes_(spilled_bytes) {}
  Status Append(std::string_view bytes) override {
    spilled_bytes_->fetch_add(bytes.size(), std::memory_order_relaxed);
    return file_->Append(bytes);
  }
  Status Read(uint64_t offset, size_t byte_count, std::string* out) override {
    out->resize(byte_count);
    return file_->ReadAt(offset, byte_count, out->data());
  }
  uint64_t size() const override { return file_->size(); }

 private:
  const std::unique_ptr<sys::File> file_;
  std::atomic<uint64_t>* const spilled_bytes_;
};

Result<std::unique_ptr<SpillDirectory>> SpillDirectory::Open(std::string path) {
  HELIOS_TRY(sys::MakeDirectories(path));
  return std::unique_ptr<SpillDirectory>(new SpillDirectory(std::move(path)));
}

Result<std::unique_ptr<exec::SpillFile>> SpillDirectory::Create() {
  HELIOS_TRY(auto file, sys::File::CreateTemporary(path_));
  return std::unique_ptr<exec::SpillFile>(
      std::make_unique<DiskSpillFile>(std::move(file), &spilled_bytes_));
}

}  // namespace helios::server
