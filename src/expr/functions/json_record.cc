// json_populate_record, json_to_record and their set forms: json objects as rows of known types.

#include "expr/internal/array_values.h"
#include "expr/internal/families.h"
#include "types/io.h"
#include "types/json.h"
#include "types/record.h"

namespace helios::expr {
namespace {

constexpr int kNestingMax = 64;

// Converts json values to SQL values of given types.
class JsonReader {
 public:
  explicit JsonReader(EvalContext& context)
      : context_(context), lookup_(context.text_format.lookup) {}

  // Writes row `row` of a flat vector of the type's physical type.
  Status Read(std::string_view json, SqlType type, Vector* out, size_t row, int depth = 0) {
    if (depth > kNestingMax) {
      return Error(ErrorCode::kStatementTooComplex).Message("json value is nested too deeply");
    }
    if (JsonTypeOf(json) == JsonType::kNull) {
      out->SetNull(row);
      return Status::Ok();
    }
    if (type.oid == type_oid::kJson) {
      out->SetString(row, json);
      return Status::Ok();
    }
    if (type.oid == type_oid::kJsonb) {
      HELIOS_TRY(const std::string canonical, ParseJsonb(json));
      out->SetString(row, canonical);
      return Status::Ok();
    }
    const JsonType kind = JsonTypeOf(json);
    const TypeLookup::UserType* user = FindUser(type.oid);
    if (kind == JsonType::kObject && user != nullptr &&
        user->kind == TypeLookup::UserKind::kComposite) {
      HELIOS_TRY(const std::string record, ReadObject(json, *user, {}, depth));
      out->SetString(row, record);
      return Status::Ok();
    }
    const Oid element = ElementTypeOf(type.oid, lookup_);
    if (element != kInvalidOid && kind == JsonType::kArray) {
      return ReadArray(json, element, out, row, depth);
    }
    HELIOS_TRY(const std::optional<std::string> text, JsonToText(json));
    return ParseText(type, text.value_or(""), context_.text_format, out, row);
  }

  // A record of `type`; fields that the object does not name come from `base`, or are NULL.
  Result<std::string> ReadObject(std::string_view json, const TypeLookup::UserType& type,
                                 std::string_view base, int depth = 0) {
    RecordBuilder builder(static_cast<uint16_t>(type.field_types.size()));
    const RecordReader defaults(base);
    for (size_t i = 0; i < type.field_types.size(); ++i) {
      const SqlType field = type.field_types[i];
      Vector value(field, PhysicalTypeOf(field.oid, lookup_));
      const auto member = JsonField(json, i < type.field_names.size() ? type.field_names[i] : "");
      if (member.has_value()) {
        HELIOS_TRY(Read(*member, field, &value, 0, depth + 1));
      } else if (i < defaults.field_count() && !defaults.field(i).is_null) {
        defaults.Load(i, &value, 0);
      } else {
        value.SetNull(0);
      }
      builder.AddFrom(value, 0);
    }
    return std::move(builder).Finish();
  }

  const TypeLookup::UserType* FindUser(Oid type) const {
    return type < kFirstUserOid || lookup_ == nullptr ? nullptr : lookup_->FindUserType(type);
  }

 private:
  Status ReadArray(std::string_view json, Oid element, Vector* out, size_t row, int depth) {
    const PhysicalType physical = PhysicalTypeOf(element, lookup_);
    ArrayBuilder builder(element, physical);
    std::vector<int32_t> dimensions;
    HELIOS_TRY(ReadDimension(json, element, physical, 0, depth, &dimensions, &builder));
    if (builder.size() == 0) {
      out->SetString(row, builder.Finish());
    } else {
      out->SetString(row, builder.Finish(dimensions, std::vector<int32_t>(dimensions.size(), 1)));
    }
    return Status::Ok();
  }
  Status ReadDimension(std::string_view json, Oid element, PhysicalType physical, size_t level,
                       int depth, std::vector<int32_t>* dimensions, ArrayBuilder* builder) {
    const std::vector<JsonMember> members = JsonMembers(json);
    if (level >= static_cast<size_t>(kArrayDimensionsMax)) {
      return Error(ErrorCode::kProgramLimitExceeded)
          .Message("number of array dimensions exceeds the maximum allowed ({})",
                   kArrayDimensionsMax);
    }
    if (dimensions->size() <= level) {
      dimensions->push_back(static_cast<int32_t>(members.size()));
    } else if ((*dimensions)[level] != static_cast<int32_t>(members.size())) {
      return Error(ErrorCode::kInvalidTextRepresentation)
          .Message("malformed JSON array")
          .Detail("Multidimensional arrays must have sub-arrays with matching dimensions.");
    }
    for (const JsonMember& member : members) {
      const bool nested = JsonTypeOf(member.value) == JsonType::kArray &&
                          element != type_oid::kJson && element != type_oid::kJsonb;
      if (nested) {
        HELIOS_TRY(
            ReadDimension(member.value, element, physical, level + 1, depth, dimensions, builder));
        continue;
      }
      if (dimensions->size() > level + 1) {
        return Error(ErrorCode::kInvalidTextRepresentation)
            .Message("expected JSON array")
            .Hint("Use a nested array of the same depth.");
      }
      Vector value({element}, physical);
      HELIOS_TRY(Read(member.value, {element}, &value, 0, depth + 1));
      builder->AddFrom(value, 0);
    }
    return Status::Ok();
  }

  EvalContext& context_;
  const TypeLookup* lookup_;
};

Status NotARowType(std::string_view function) {
  return Error(ErrorCode::kDatatypeMismatch)
      .Message("first argument of {} must be a row type", function);
}

Status PopulateRecord(FunctionCall& call, Arguments arguments, size_t row_count, Vector* out) {
  JsonReader reader(call.context);
  const TypeLookup::UserType* type = reader.FindUser(call.result_type.oid);
  if (type == nullptr || type->kind != TypeLookup::UserKind::kComposite) {
    return NotARowType(call.function->name);
  }
  for (size_t row = 0; row < row_count; ++row) {
    const bool has_base = !arguments[0]->IsNull(row);
    if (arguments[1]->IsNull(row)) {
      has_base ? out->SetString(row, arguments[0]->View(row)) : out->SetNull(row);
      continue;
    }
    const std::string_view json = arguments[1]->View(row);
    if (JsonTypeOf(json) != JsonType::kObject) {
      return Error(ErrorCode::kInvalidParameterValue)
          .Message("cannot call {} on {}", call.function->name,
                   JsonTypeOf(json) == JsonType::kArray ? "an array" : "a scalar");
    }
    HELIOS_TRY(const std::string record,
               reader.ReadObject(json, *type, has_base ? arguments[0]->View(row) : ""));
    out->SetString(row, record);
  }
  return Status::Ok();
}

// Rows of a list of objects, as one column of a composite type.
class RecordRows : public TableFunctionState {
 public:
  explicit RecordRows(std::vector<std::string> records) : records_(std::move(records)) {}
  Status Next(Chunk* out) override {
    size_t count = 0;
    while (count < kVectorRowsMax && next_ < records_.size()) {
      out->column(0).SetString(count++, records_[next_++]);
    }
    out->SetRowCount(count);
    return Status::Ok();
  }

 private:
  std::vector<std::string> records_;
  size_t next_ = 0;
};

Result<std::unique_ptr<TableFunctionState>> StartPopulateSet(EvalContext& context,
                                                             Arguments arguments, size_t row,
                                                             std::span<const SqlType> types) {
  JsonReader reader(context);
  const TypeLookup::UserType* type = types.size() == 1 ? reader.FindUser(types[0].oid) : nullptr;
  if (type == nullptr || type->kind != TypeLookup::UserKind::kComposite) {
    return NotARowType("json_populate_recordset");
  }
  std::vector<std::string> records;
  if (arguments[1]->IsNull(row)) return std::make_unique<RecordRows>(std::move(records));
  const std::string_view json = arguments[1]->View(row);
  if (JsonTypeOf(json) != JsonType::kArray) {
    return Error(ErrorCode::kInvalidParameterValue)
        .Message("cannot call json_populate_recordset on {}",
                 JsonTypeOf(json) == JsonType::kObject ? "an object" : "a scalar");
  }
  const std::string_view base = arguments[0]->IsNull(row) ? "" : arguments[0]->View(row);
  for (const JsonMember& member : JsonMembers(json)) {
    if (JsonTypeOf(member.value) != JsonType::kObject) {
      return Error(ErrorCode::kInvalidParameterValue)
          .Message("argument of json_populate_recordset must be an array of objects");
    }
    HELIOS_TRY(std::string record, reader.ReadObject(member.value, *type, base));
    records.push_back(std::move(record));
  }
  return std::make_unique<RecordRows>(std::move(records));
}

// json_to_record and json_to_recordset: the columns are those of the query's column definition
// list, whose names the binder adds as a last argument.
class JsonRows : public TableFunctionState {
 public:
  JsonRows(EvalContext& context, std::string json, std::vector<std::string> names,
           std::vector<SqlType> types)
      : reader_(context),
        json_(std::move(json)),
        names_(std::move(names)),
        types_(std::move(types)) {}
  Status Prepare(bool is_set) {
    const JsonType type = JsonTypeOf(json_);
    if (!is_set) {
      if (type != JsonType::kObject) return CannotCall("json_to_record", type);
      objects_.push_back(json_);
      return Status::Ok();
    }
    if (type != JsonType::kArray) return CannotCall("json_to_recordset", type);
    for (const JsonMember& member : JsonMembers(json_)) {
      if (JsonTypeOf(member.value) != JsonType::kObject) {
        return Error(ErrorCode::kInvalidParameterValue)
            .Message("argument of json_to_recordset must be an array of objects");
      }
      objects_.push_back(member.value);
    }
    return Status::Ok();
  }
  Status Next(Chunk* out) override {
    size_t count = 0;
    for (; count < kVectorRowsMax && next_ < objects_.size(); ++count, ++next_) {
      for (size_t i = 0; i < types_.size(); ++i) {
        const auto member = JsonField(objects_[next_], i < names_.size() ? names_[i] : "");
        out->column(i).validity().SetValid(count);
        if (member.has_value()) {
          HELIOS_TRY(reader_.Read(*member, types_[i], &out->column(i), count));
        } else {
          out->column(i).SetNull(count);
        }
      }
    }
    out->SetRowCount(count);
    return Status::Ok();
  }

 private:
  static Status CannotCall(std::string_view function, JsonType type) {
    return Error(ErrorCode::kInvalidParameterValue)
        .Message("cannot call {} on {}", function,
                 type == JsonType::kArray ? "an array"
                                          : (type == JsonType::kObject ? "an object" : "a scalar"));
  }
  JsonReader reader_;
  const std::string json_;
  const std::vector<std::string> names_;
  const std::vector<SqlType> types_;
  std::vector<std::string_view> objects_;  // Inside json_.
  size_t next_ = 0;
};

template <bool kSet>
Result<std::unique_ptr<TableFunctionState>> StartToRecord(EvalContext& context, Arguments arguments,
                                                          size_t row,
                                                          std::span<const SqlType> types) {
  if (arguments.size() < 2 || arguments[1]->IsNull(row)) {
    return Error(ErrorCode::kSyntaxError)
        .Message("a column definition list is required for functions returning \"record\"");
  }
  if (arguments[0]->IsNull(row)) return std::make_unique<RecordRows>(std::vector<std::string>());
  auto rows = std::make_unique<JsonRows>(context, std::string(arguments[0]->View(row)),
                                         TextElements(arguments[1]->View(row)),
                                         std::vector<SqlType>(types.begin(), types.end()));
  HELIOS_TRY(rows->Prepare(kSet));
  return rows;
}

constexpr KernelEntry kKernels[] = {
    {"json_populate_record", PopulateRecord},
    {"jsonb_populate_record", PopulateRecord},
};
constexpr TableKernelEntry kTableKernels[] = {
    {"json_populate_recordset", StartPopulateSet}, {"jsonb_populate_recordset", StartPopulateSet},
    {"json_to_record", StartToRecord<false>},      {"jsonb_to_record", StartToRecord<false>},
    {"json_to_recordset", StartToRecord<true>},    {"jsonb_to_recordset", StartToRecord<true>},
};

}  // namespace

std::span<const KernelEntry> JsonRecordKernels() { return kKernels; }
std::span<const TableKernelEntry> JsonRecordFunctions() { return kTableKernels; }

}  // namespace helios::expr
