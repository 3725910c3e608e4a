#include "ann/internal/dense_filter.h"

#include <algorithm>

#include "ann/internal/ordinal_bits.h"

namespace helios::ann::internal {

void DenseFilter::SetToBits(uint32_t ordinal_count, std::vector<uint64_t>* words) {
  if (set_ == nullptr) return;
  // At least a word: without any, all would pass.
  words->assign(std::max<size_t>((size_t{ordinal_count} + kWordBits - 1) / kWordBits, 1), 0);
  set_->SetBits(*words);
  if (!filter_.passing.empty()) {
    const size_t reach = std::min(words->size(), filter_.passing.size());
    words->resize(reach);
    for (size_t at = 0; at < reach; ++at) (*words)[at] &= filter_.passing[at];
  }
  filter_.passing = *words;
  set_ = nullptr;
}

}  // namespace helios::ann::internal
