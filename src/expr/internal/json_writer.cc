#include "expr/internal/json_writer.h"

#include "expr/expr.h"
#include "types/array.h"
#include "types/datetime.h"
#include "types/json.h"
#include "types/record.h"
#include "types/time/zone.h"

namespace helios::expr {
namespace {

const TypeLookup::UserType* FindUser(EvalContext& context, Oid type) {
  const TypeLookup* lookup = context.text_format.lookup;
  return type < kFirstUserOid || lookup == nullptr ? nullptr : lookup->FindUserType(type);
}
bool IsArrayType(EvalContext& context, Oid type) {
  return ElementTypeOf(type, context.text_format.lookup) != kInvalidOid &&
         type != type_oid::kInt2Vector && type != type_oid::kOidVector;
}
bool IsRecordType(EvalContext& context, Oid type) {
  if (type == type_oid::kRecord) return true;
  const TypeLookup::UserType* user = FindUser(context, type);
  return user != nullptr && user->kind == TypeLookup::UserKind::kComposite;
}
// A JSON number as it stands: numeric text may also be NaN or Infinity.
bool IsJsonNumber(std::string_view text) {
  const size_t first = text.starts_with("-") ? 1 : 0;
  return text.size() > first && text[first] >= '0' && text[first] <= '9';
}

}  // namespace

bool IsStructured(EvalContext& context, SqlType type) {
  return IsArrayType(context, type.oid) || IsRecordType(context, type.oid);
}

std::span<const std::string> FieldNamesOf(const FunctionCall& call, size_t index) {
  if (call.site == nullptr || index >= call.site->children.size()) return {};
  const Expr* argument = call.site->children[index].get();
  while (argument->kind == ExprKind::kCast && argument->type.oid == type_oid::kRecord &&
         As<CastExpr>(*argument).method == CastExpr::Method::kBinary) {
    argument = argument->children[0].get();
  }
  if (const TypeLookup::UserType* user = FindUser(call.context, argument->type.oid)) {
    return user->field_names;
  }
  // A whole row of the far side of an outer join: NULL or a row.
  if (argument->kind == ExprKind::kCase) argument = argument->children.back().get();
  if (argument->kind == ExprKind::kRow) return As<RowExpr>(*argument).field_names;
  if (argument->kind != ExprKind::kColumn) return {};
  const auto& names = As<ColumnExpr>(*argument).field_names;
  return names == nullptr ? std::span<const std::string>() : std::span(*names);
}

Status JsonWriter::Value(const Vector& value, size_t row, std::string* out, bool pretty) {
  if (value.IsNull(row)) {
    out->append("null");
    return Status::Ok();
  }
  const Oid type = value.type().oid;
  if (IsArrayType(context_, type)) return Array(value.View(row), pretty, out);
  if (IsRecordType(context_, type)) return Record(value.View(row), type, pretty, out);
  return Scalar(value, row, out);
}

Status JsonWriter::Scalar(const Vector& value, size_t row, std::string* out) {
  switch (value.type().oid) {
    case type_oid::kBool:
      out->append(value.At<uint8_t>(row) != 0 ? "true" : "false");
      return Status::Ok();
    case type_oid::kJson:
    case type_oid::kJsonb:
      out->append(value.View(row));
      return Status::Ok();
    case type_oid::kInt2:
    case type_oid::kInt4:
    case type_oid::kInt8:
    case type_oid::kFloat4:
    case type_oid::kFloat8:
    case type_oid::kNumeric: {
      std::string text;
      HELIOS_TRY(FormatText(value, row, context_.text_format, &text));
      if (IsJsonNumber(text)) {
        out->append(text);
      } else {
        JsonEscape(text, out);
      }
      return Status::Ok();
    }
    case type_oid::kDate:
    case type_oid::kTimestamp:
    case type_oid::kTimestamptz: {
      // ISO 8601 with a T, whatever DateStyle says.
      TextFormat iso = context_.text_format;
      iso.date_style = DateStyle::kIso;
      std::string text;
      HELIOS_TRY(FormatText(value, row, iso, &text));
      const size_t space = text.find(' ');
      if (value.type().oid != type_oid::kDate && space != std::string::npos) {
        text[space] = 'T';
        // "+00" becomes "+00:00".
        const size_t sign = text.find_first_of("+-", space);
        if (value.type().oid == type_oid::kTimestamptz && sign != std::string::npos &&
            (sign + 3 == text.size() || text[sign + 3] == ' ')) {
          text.insert(sign + 3, ":00");
        }
      }
      JsonEscape(text, out);
      return Status::Ok();
    }
    default:
      break;
  }
  std::string text;
  HELIOS_TRY(FormatText(value, row, context_.text_format, &text));
  JsonEscape(text, out);
  return Status::Ok();
}

Status JsonWriter::Key(const Vector& value, size_t row, std::string* out) {
  const Oid type = value.type().oid;
  if (IsArrayType(context_, type) || IsRecordType(context_, type) || type == type_oid::kJson ||
      type == type_oid::kJsonb) {
    return Error(ErrorCode::kInvalidParameterValue)
        .Message("key value must be scalar, not array, composite, or json");
  }
  std::string text;
  HELIOS_TRY(Scalar(value, row, &text));
  if (text.starts_with('"')) {
    out->append(text);
  } else {
    JsonEscape(text, out);
  }
  return Status::Ok();
}

Status JsonWriter::Array(std::string_view bytes, bool pretty, std::string* out) {
  const ArrayReader array(bytes);
  if (array.size() == 0) {
    out->append("[]");
    return Status::Ok();
  }
  std::vector<int32_t> dimensions;
  for (int32_t i = 0; i < array.dimension_count(); ++i) dimensions.push_back(array.dimension(i));
  Vector element({array.element_type()}, array.element_physical());
  // One element at a time: arrays may be longer than a vector.
  struct Walker {
    JsonWriter& writer;
    const ArrayReader& array;
    const std::vector<int32_t>& dimensions;
    Vector& element;
    uint32_t next = 0;

    Status Write(size_t depth, bool pretty, std::string* out) {
      out->push_back('[');
      for (int32_t i = 0; i < dimensions[depth]; ++i) {
        if (i > 0) out->append(pretty ? ",\n " : ",");
        if (depth + 1 < dimensions.size()) {
          HELIOS_TRY(Write(depth + 1, false, out));
        } else if (array.IsNull(next)) {
          out->append("null");
          ++next;
        } else {
          array.Load(next++, &element, 0);
          HELIOS_TRY(writer.Value(element, 0, out));
        }
      }
      out->push_back(']');
      return Status::Ok();
    }
  };
  Walker walker{*this, array, dimensions, element};
  return walker.Write(0, pretty, out);
}

Status JsonWriter::Record(std::string_view bytes, Oid type, bool pretty, std::string* out) {
  const RecordReader record(bytes);
  const TypeLookup::UserType* user = FindUser(context_, type);
  const std::span<const std::string> names =
      user != nullptr ? std::span<const std::string>(user->field_names) : field_names_;
  field_names_ = {};
  out->push_back('{');
  for (size_t i = 0; i < record.field_count(); ++i) {
    if (i > 0) out->append(pretty ? ",\n " : ",");
    JsonEscape(i < names.size() && !names[i].empty() ? names[i] : "f" + std::to_string(i + 1), out);
    out->push_back(':');
    const RecordReader::Field& field = record.field(i);
    if (field.is_null) {
      out->append("null");
      continue;
    }
    Vector value({field.type}, field.physical);
    record.Load(i, &value, 0);
    HELIOS_TRY(Value(value, 0, out));
  }
  out->push_back('}');
  return Status::Ok();
}

}  // namespace helios::expr
