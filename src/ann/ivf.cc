#include "ann/ivf.h"

#include "ann/internal/ivf_impl.h"

namespace helios::ann {
namespace {

constexpr uint32_t kListCountMax = internal::CenteredCodes::kCenterCountMax;

Status CheckCodes(const IvfOptions& options) {
  if (options.codes == ListCodes::kFlat || options.codes == ListCodes::kCopy) return Status::Ok();
  if (!internal::CenteredCodes::HasCodes(options.shape, options.metric)) {
    return Error(ErrorCode::kFeatureNotSupported)
        .Message("this type of vector has no codes for lists");
  }
  if (options.codes == ListCodes::kProduct &&
      options.product_bytes > options.shape.dimension_count) {
    return Error(ErrorCode::kInvalidParameterValue)
        .Message("value {} out of bounds for option \"product_bytes\"", options.product_bytes)
        .Detail("Valid values are between \"1\" and \"{}\".", options.shape.dimension_count);
  }
  return Status::Ok();
}

}  // namespace

Status CheckOptions(const IvfOptions& options) {
  HELIOS_TRY(CheckShape(options.shape));
  const bool has_clusters = options.shape.type != ElementType::kSparse &&
                            HasMetric(options.shape.type, options.metric) &&
                            options.metric != Metric::kL1 && options.metric != Metric::kJaccard;
  if (!has_clusters) {
    return Error(ErrorCode::kFeatureNotSupported)
        .Message("metric \"{}\" is not supported for this type of vector",
                 MetricName(options.metric));
  }
  if (options.lists > kListCountMax) {
    return Error(ErrorCode::kInvalidParameterValue)
        .Message("value {} out of bounds for option \"lists\"", options.lists)
        .Detail("Valid values are between \"1\" and \"{}\".", kListCountMax);
  }
  return CheckCodes(options);
}

Result<std::unique_ptr<IvfIndex>> IvfIndex::Create(const IvfOptions& options,
                                                   const VectorSource& source) {
  HELIOS_TRY(CheckOptions(options));
  return std::unique_ptr<IvfIndex>(new IvfIndex(std::make_unique<Impl>(options, source)));
}

IvfIndex::IvfIndex(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
IvfIndex::~IvfIndex() = default;

Status IvfIndex::Build(std::span<const uint32_t> ordinals, const BuildOptions& options) {
  return impl_->Build(ordinals, options);
}
Status IvfIndex::Insert(uint32_t ordinal) { return impl_->Insert(ordinal); }
Status IvfIndex::Delete(uint32_t ordinal) { return impl_->Delete(ordinal); }
bool IvfIndex::Compact(uint32_t list_count) { return impl_->Compact(list_count); }
Result<SearchResult> IvfIndex::Search(const VectorRef& query, const SearchOptions& options) const {
  return impl_->Search(query, options);
}
Result<std::unique_ptr<IvfScan>> IvfIndex::Scan(const VectorRef& query,
                                                const SearchOptions& options) const {
  return impl_->Scan(query, options);
}
uint32_t IvfIndex::ordinal_count() const { return impl_->ordinal_count(); }
uint32_t IvfIndex::size() const { return impl_->size(); }
uint32_t IvfIndex::list_count() const { return impl_->list_count(); }
const IvfOptions& IvfIndex::options() const { return impl_->options(); }
IvfMemory IvfIndex::memory() const { return impl_->memory(); }

}  // namespace helios::ann
