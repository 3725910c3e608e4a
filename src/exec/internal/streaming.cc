#include <algorithm>
#include <optional>

#include "exec/internal/operators.h"
#include "types/compare.h"
#include "types/record.h"

namespace helios::exec {
namespace {

class Filter : public UnaryOperator {
 public:
  Filter(QueryState& query, const plan::FilterNode& node, OperatorPtr child)
      : UnaryOperator(query, node, std::move(child)), predicate_(*node.predicate, query.eval) {}

 protected:
  Status DoOpen() override { return child_->Open(); }

  Status DoNext(Chunk* out) override {
    while (true) {
      HELIOS_TRY(child_->Next(out));
      if (out->row_count() == 0) return Status::Ok();
      auto selection = std::make_shared<Selection>();
      HELIOS_TRY(predicate_.Select(*out, selection.get()));
      stats().removed_rows += out->row_count() - selection->size();
      if (selection->size() == out->row_count()) return Status::Ok();
      if (selection->empty()) continue;
      out->Slice(std::move(selection));
      return Status::Ok();
    }
  }

 private:
  expr::Evaluator predicate_;
};

class Project : public UnaryOperator {
 public:
  Project(QueryState& query, const plan::ProjectNode& node, OperatorPtr child)
      : UnaryOperator(query, node, std::move(child)), expressions_(node.expressions, query.eval) {}

 protected:
  Status DoOpen() override { return child_->Open(); }

  Status DoNext(Chunk* out) override {
    HELIOS_TRY(child_->Next(&input_));
    if (input_.row_count() == 0) {
      *out = Chunk();
      return Status::Ok();
    }
    return expressions_.Evaluate(input_, out);
  }

 private:
  Expressions expressions_;
  Chunk input_;
};

// Whether two rows of key columns are equal, NULLs alike.
bool SameKeys(const Chunk& a, size_t a_row, const Chunk& b, size_t b_row) {
  for (size_t i = 0; i < a.column_count(); ++i) {
    if (CompareRowsForSort(a.column(i), a_row, b.column(i), b_row, {}) != 0) return false;
  }
  return true;
}

// Copies one row.
Chunk CopyRow(const Chunk& from, size_t row) {
  const SelectionIndex index = static_cast<SelectionIndex>(row);
  Chunk out;
  for (const Vector& column : from.columns()) out.AddColumn(CopyVector(column, &index, 1));
  out.SetRowCount(1);
  return out;
}

class Limit : public UnaryOperator {
 public:
  Limit(QueryState& query, const plan::LimitNode& node, OperatorPtr child)
      : UnaryOperator(query, node, std::move(child)), limit_(node) {
    for (const plan::SortKey& key : node.tie_keys) tie_keys_.Add(*key.expression, query.eval);
  }

 protected:
  Status DoOpen() override {
    ending_ = false;
    last_ = Chunk();
    rest_.reset();
    HELIOS_TRY(skip_, Bound(limit_.offset, ErrorCode::kInvalidRowCountInOffset, "OFFSET"));
    if (limit_.limit != nullptr) {
      HELIOS_TRY(Value value, expr::EvaluateConstant(*limit_.limit, query_.eval));
      if (!value.is_null()) {
        HELIOS_TRY(rest_, Bound(limit_.limit, ErrorCode::kInvalidRowCountInLimit, "LIMIT"));
      }
    }
    return child_->Open();
  }

  Status DoNext(Chunk* out) override {
    *out = Chunk();
    if (ending_ || (rest_ && *rest_ == 0 && last_.row_count() == 0)) return Status::Ok();
    while (true) {
      HELIOS_TRY(child_->Next(out));
      if (out->row_count() == 0) {
        ending_ = true;
        return Status::Ok();
      }
      size_t first = 0;
      if (skip_ > 0) {
        first = std::min<uint64_t>(skip_, out->row_count());
        skip_ -= first;
        if (first == out->row_count()) continue;
      }
      size_t count = out->row_count() - first;
      if (rest_ && count >= *rest_)
        HELIOS_TRY(Cut(*out, first, &count));
      else if (rest_)
        *rest_ -= count;
      if (count == 0) {
        *out = Chunk();
        return Status::Ok();
      }
      if (first > 0 || count < out->row_count()) *out = SliceRows(*out, first, count);
      return Status::Ok();
    }
  }

 private:
  Result<uint64_t> Bound(const expr::ExprPtr& expression, ErrorCode code, const char* word) {
    if (expression == nullptr) return uint64_t{0};
    HELIOS_TRY(Value value, expr::EvaluateConstant(*expression, query_.eval));
    if (value.is_null()) return uint64_t{0};
    const int64_t rows = value.As<int64_t>();
    if (rows < 0) return Error(code).Message("{} must not be negative", word);
    return static_cast<uint64_t>(rows);
  }

  // The limit falls into this chunk, or did before and ties follow.
  Status Cut(const Chunk& chunk, size_t first, size_t* count) {
    size_t take = *rest_;
    *rest_ = 0;
    if (!limit_.with_ties) {
      ending_ = true;
      *count = take;
      return Status::Ok();
    }
    Chunk keys;
    HELIOS_TRY(tie_keys_.Evaluate(chunk, &keys));
    if (take > 0) last_ = CopyRow(keys, first + take - 1);
    while (take < *count && SameKeys(last_, 0, keys, first + take)) ++take;
    ending_ = take < *count;
    *count = take;
    return Status::Ok();
  }

  const plan::LimitNode& limit_;
  Expressions tie_keys_;
  uint64_t skip_ = 0;
  std::optional<uint64_t> rest_;  // Rows that may still come; no value: all.
  Chunk last_;                    // WITH TIES: keys of the last row within the limit.
  bool ending_ = false;
};

class DistinctOn : public UnaryOperator {
 public:
  DistinctOn(QueryState& query, const plan::DistinctOnNode& node, OperatorPtr child)
      : UnaryOperator(query, node, std::move(child)), keys_(node.keys, query.eval) {}

 protected:
  Status DoOpen() override {
    last_ = Chunk();
    return child_->Open();
  }

  Status DoNext(Chunk* out) override {
    while (true) {
      HELIOS_TRY(child_->Next(out));
      const size_t count = out->row_count();
      if (count == 0) return Status::Ok();
      Chunk keys;
      HELIOS_TRY(keys_.Evaluate(*out, &keys));
      auto selection = std::make_shared<Selection>();
      for (size_t row = 0; row < count; ++row) {
        const bool same = row > 0 ? SameKeys(keys, row - 1, keys, row)
                                  : last_.row_count() > 0 && SameKeys(last_, 0, keys, 0);
        if (!same) selection->push_back(static_cast<SelectionIndex>(row));
      }
      last_ = CopyRow(keys, count - 1);
      if (selection->empty()) continue;
      if (selection->size() < count) out->Slice(std::move(selection));
      return Status::Ok();
    }
  }

 private:
  Expressions keys_;
  Chunk last_;  // Keys of the chunk before's last row.
};

// A select list with sets. Works one input row at a time, since each may give any number of rows.
class ProjectSet : public UnaryOperator {
 public:
  ProjectSet(QueryState& query, const plan::ProjectSetNode& node, OperatorPtr child)
      : UnaryOperator(query, node, std::move(child)), set_(node), items_(node.items.size()) {
    for (size_t i = 0; i < items_.size(); ++i) {
      if (node.items[i].scalar != nullptr) {
        items_[i].expressions.Add(*node.items[i].scalar, query.eval);
      } else {
        items_[i].expressions = Expressions(node.items[i].arguments, query.eval);
      }
    }
  }

 protected:
  Status DoOpen() override {
    input_ = Chunk();
    row_ = 0;
    started_ = false;
    return child_->Open();
  }

  Status DoNext(Chunk* out) override {
    *out = Chunk();
    for (size_t i = 0; i < set_.types.size(); ++i) {
      out->AddColumn(Vector(set_.types[i], PhysicalOf(set_, i)));
    }
    while (out->row_count() < query_.vector_rows) {
      if (row_ >= input_.row_count()) {
        if (out->row_count() > 0) return Status::Ok();
        HELIOS_TRY(child_->Next(&input_));
        row_ = 0;
        started_ = false;
        if (input_.row_count() == 0) {
          *out = Chunk();
          return Status::Ok();
        }
        for (Item& item : items_) HELIOS_TRY(item.expressions.Evaluate(input_, &item.values));
      }
      if (!started_) HELIOS_TRY(StartRow());
      HELIOS_TRY(bool more, Emit(out));
      if (!more) {
        ++row_;
        started_ = false;
      }
    }
    return Status::Ok();
  }

 private:
  struct Item {
    Expressions expressions;
    Chunk values;  // Of the input chunk: the scalar, or the arguments.
    std::unique_ptr<expr::TableFunctionState> state;
    Chunk rows;
    size_t first = 0;
    bool ended = true;
  };

  Status StartRow() {
    started_ = true;
    for (size_t i = 0; i < items_.size(); ++i) {
      const plan::ProjectSetNode::Item& info = set_.items[i];
      Item& item = items_[i];
      if (info.scalar != nullptr) continue;
      item.state.reset();
      item.rows = Chunk();
      item.first = 0;
      item.ended = false;
      const std::vector<const Vector*> arguments = ColumnPointers(item.values);
      for (const Vector* argument : arguments) {
        item.ended |= info.function->strict && argument->IsNull(row_);
      }
      if (item.ended) continue;
      HELIOS_TRY(item.state, info.function->start(query_.eval, arguments, row_, info.column_types));
    }
    return Status::Ok();
  }

  // Appends rows of the current input row; false when it has no more.
  Result<bool> Emit(Chunk* out) {
    const size_t at = out->row_count();
    size_t count = query_.vector_rows - at;
    bool any = false;
    for (size_t i = 0; i < items_.size(); ++i) {
      Item& item = items_[i];
      if (set_.items[i].scalar != nullptr || item.ended) continue;
      if (item.first >= item.rows.row_count()) {
        item.rows = Chunk();
        item.first = 0;
        const std::vector<SqlType>& types = set_.items[i].column_types;
        for (const SqlType& type : types) {
          item.rows.AddColumn(
              Vector(type, types.size() == 1 ? PhysicalOf(set_, i) : PhysicalTypeOf(type.oid)));
        }
        HELIOS_TRY(item.state->Next(&item.rows));
        if (item.rows.row_count() == 0) {
          item.ended = true;
          continue;
        }
      }
      any = true;
      count = std::min(count, item.rows.row_count() - item.first);
    }
    if (!any) return false;
    for (size_t i = 0; i < items_.size(); ++i) EmitItem(i, at, count, &out->column(i));
    out->SetRowCount(at + count);
    return true;
  }

  void EmitItem(size_t index, size_t at, size_t count, Vector* out) {
    Item& item = items_[index];
    if (set_.items[index].scalar != nullptr) {
      for (size_t k = 0; k < count; ++k) out->CopyFrom(at + k, item.values.column(0), row_);
      return;
    }
    if (item.ended) {
      for (size_t k = 0; k < count; ++k) out->SetNull(at + k);
      return;
    }
    for (size_t k = 0; k < count; ++k) {
      const size_t row = item.first + k;
      if (item.rows.column_count() == 1) {
        out->CopyFrom(at + k, item.rows.column(0), row);
        continue;
      }
      RecordBuilder record(static_cast<uint16_t>(item.rows.column_count()));
      for (const Vector& column : item.rows.columns()) record.AddFrom(column, row);
      out->SetString(at + k, std::move(record).Finish());
    }
    item.first += count;
  }

  const plan::ProjectSetNode& set_;
  std::vector<Item> items_;
  Chunk input_;
  size_t row_ = 0;
  bool started_ = false;
};

}  // namespace

OperatorPtr MakeFilter(QueryState& query, const plan::FilterNode& node, OperatorPtr child) {
  return std::make_unique<Filter>(query, node, std::move(child));
}
OperatorPtr MakeProject(QueryState& query, const plan::ProjectNode& node, OperatorPtr child) {
  return std::make_unique<Project>(query, node, std::move(child));
}
OperatorPtr MakeLimit(QueryState& query, const plan::LimitNode& node, OperatorPtr child) {
  return std::make_unique<Limit>(query, node, std::move(child));
}
OperatorPtr MakeDistinctOn(QueryState& query, const plan::DistinctOnNode& node, OperatorPtr child) {
  return std::make_unique<DistinctOn>(query, node, std::move(child));
}
OperatorPtr MakeProjectSet(QueryState& query, const plan::ProjectSetNode& node, OperatorPtr child) {
  return std::make_unique<ProjectSet>(query, node, std::move(child));
}

}  // namespace helios::exec
