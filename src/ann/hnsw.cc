#include "ann/hnsw.h"

#include "ann/internal/bfloat16_codes.h"
#include "ann/internal/centered_codes.h"
#include "ann/internal/hnsw_impl.h"

namespace helios::ann {

Status CheckOptions(const HnswOptions& options) {
  HELIOS_TRY(CheckShape(options.shape));
  if (!HasMetric(options.shape.type, options.metric)) {
    return Error(ErrorCode::kFeatureNotSupported)
        .Message("metric \"{}\" is not supported for this type of vector",
                 MetricName(options.metric));
  }
  constexpr uint32_t kLinksMin = 2;
  constexpr uint32_t kLinksMax = 100;
  if (options.m < kLinksMin || options.m > kLinksMax) {
    return Error(ErrorCode::kInvalidParameterValue)
        .Message("value {} out of bounds for option \"m\"", options.m)
        .Detail("Valid values are between \"{}\" and \"{}\".", kLinksMin, kLinksMax);
  }
  constexpr uint32_t kListMin = 4;
  constexpr uint32_t kListMax = 1000;
  if (options.ef_construction < kListMin || options.ef_construction > kListMax) {
    return Error(ErrorCode::kInvalidParameterValue)
        .Message("value {} out of bounds for option \"ef_construction\"", options.ef_construction)
        .Detail("Valid values are between \"{}\" and \"{}\".", kListMin, kListMax);
  }
  if (options.ef_construction < 2 * options.m) {
    return Error(ErrorCode::kInvalidParameterValue)
        .Message("ef_construction must be greater than or equal to 2 * m");
  }
  const bool has_codes =
      options.shape.type != ElementType::kBit && options.shape.type != ElementType::kSparse;
  if (options.codes == CodeKind::kScalar8 && !has_codes) {
    return Error(ErrorCode::kFeatureNotSupported)
        .Message("this type of vector has no codes of 8 bits");
  }
  if (options.codes == CodeKind::kRabitq &&
      !internal::CenteredCodes::HasCodes(options.shape, options.metric)) {
    return Error(ErrorCode::kFeatureNotSupported)
        .Message("this type of vector has no codes of 1 bit");
  }
  if (options.codes == CodeKind::kBfloat16 &&
      !internal::Bfloat16Codes::HasCodes(options.shape, options.metric)) {
    return Error(ErrorCode::kFeatureNotSupported)
        .Message("this type of vector has no codes of 16 bits");
  }
  return Status::Ok();
}

Result<std::unique_ptr<HnswIndex>> HnswIndex::Create(const HnswOptions& options,
                                                     const VectorSource& source) {
  HELIOS_TRY(CheckOptions(options));
  return std::unique_ptr<HnswIndex>(new HnswIndex(std::make_unique<Impl>(options, source)));
}

Result<std::unique_ptr<HnswIndex>> HnswIndex::Load(std::span<const SnapshotPart> parts,
                                                   const VectorSource& source) {
  HELIOS_TRY(std::unique_ptr<Impl> impl, Impl::Load(parts, source));
  return std::unique_ptr<HnswIndex>(new HnswIndex(std::move(impl)));
}

HnswIndex::HnswIndex(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HnswIndex::~HnswIndex() = default;

Result<uint32_t> HnswIndex::Allocate() { return impl_->Allocate(); }
Status HnswIndex::Insert(uint32_t ordinal) { return impl_->Insert(ordinal); }
Status HnswIndex::Build(uint32_t count, const BuildOptions& options) {
  return impl_->Build(count, options);
}
Status HnswIndex::Delete(uint32_t ordinal) { return impl_->Delete(ordinal); }
bool HnswIndex::Repair(uint32_t node_count) { return impl_->Repair(node_count); }
Result<SearchResult> HnswIndex::Search(const VectorRef& query, const SearchOptions& options) const {
  return impl_->Search(query, options);
}
Result<uint64_t> HnswIndex::Save(uint64_t since_epoch, const BlockSink& sink) {
  return impl_->Save(since_epoch, sink);
}
uint64_t HnswIndex::saved_epoch() const { return impl_->saved_epoch(); }
bool HnswIndex::Contains(uint32_t ordinal) const { return impl_->Contains(ordinal); }
uint32_t HnswIndex::ordinal_count() const { return impl_->ordinal_count(); }
uint32_t HnswIndex::size() const { return impl_->size(); }
const HnswOptions& HnswIndex::options() const { return impl_->options(); }
HnswMemory HnswIndex::memory() const { return impl_->memory(); }

}  // namespace helios::ann
