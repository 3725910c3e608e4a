// Any bytes as a row: decoding succeeds or says that the row is malformed.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "types/row_codec.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace helios;  // NOLINT: a fuzzer of one function.
  const SqlType int4{type_oid::kInt4};
  const SqlType text{type_oid::kText};
  const SqlType uuid{type_oid::kUuid};
  RowDecoder decoder({{1, int4, PhysicalType::kInt32, Value::Null(int4)},
                      {2, text, PhysicalType::kVarlen, Value::Text("missing")},
                      {3, uuid, PhysicalType::kFixed16, Value::Null(uuid)},
                      {70000, text, PhysicalType::kVarlen, Value::Null(text)}});
  Chunk chunk;
  for (const RowColumn& column : decoder.columns()) chunk.AddColumn(Vector(column.type));
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Status status = decoder.Decode(bytes, &chunk, 0);
  HELIOS_CHECK(status.ok() || status.Is(ErrorCode::kDataCorrupted));
  return 0;
}
