#include <algorithm>
#include <numeric>

#include "exec/internal/aggregate.h"

namespace helios::exec {

AggregateShape::AggregateShape(const plan::AggregateNode& node) {
  auto add = [this](const expr::Expr& expression) {
    expressions.push_back(&expression);
    types.push_back(expression.type);
    physicals.push_back(expression.physical);
    return static_cast<uint32_t>(expressions.size() - 1);
  };
  for (const expr::ExprPtr& group : node.groups) add(*group);
  for (const plan::AggregateNode::Call& plan_call : node.calls) {
    Call call;
    call.plan = &plan_call;
    call.first_argument = static_cast<uint32_t>(expressions.size());
    call.argument_count = static_cast<uint32_t>(plan_call.arguments.size());
    for (const expr::ExprPtr& argument : plan_call.arguments) {
      add(*argument);
      call.argument_types.push_back(argument->type);
    }
    const expr::AggregateFunction& function = *plan_call.function;
    call.first_sort_key = static_cast<uint32_t>(expressions.size());
    call.sort_keys.push_back({0, {}});  // The group.
    if (function.order_matters || function.is_ordered_set) {
      for (const plan::SortKey& key : plan_call.order_by) {
        const uint32_t column = add(*key.expression) - call.first_sort_key;
        call.sort_keys.push_back(
            {1 + call.argument_count + column, {key.descending, key.nulls_first}});
        call.sort_orders.push_back({key.descending, key.nulls_first});
      }
      // PostgreSQL finds distinct values by sorting, and clients came to rely on the order.
      if (plan_call.distinct && plan_call.order_by.empty()) {
        for (uint32_t i = 0; i < call.argument_count; ++i) call.sort_keys.push_back({1 + i, {}});
      }
      call.sorted = call.sort_keys.size() > 1;
    }
    if (plan_call.filter != nullptr) call.filter = static_cast<int32_t>(add(*plan_call.filter));
    states.Add(&function);
    can_split &= function.combine != nullptr && !plan_call.distinct && !call.sorted &&
                 !function.order_matters;
    calls.push_back(std::move(call));
  }
  sets = node.grouping_sets;
  if (sets.empty()) {
    sets.emplace_back(node.groups.size());
    std::iota(sets[0].begin(), sets[0].end(), 0);
  }
}

Grouping::Grouping(QueryState& query, const AggregateShape& shape, size_t set, int depth)
    : query_(query), shape_(shape), set_(set), depth_(depth), calls_(shape.calls.size()) {
  std::vector<SqlType> types;
  std::vector<PhysicalType> physicals;
  for (uint32_t group : shape.sets[set]) {
    types.push_back(shape.types[group]);
    physicals.push_back(shape.physicals[group]);
  }
  table_ = std::make_unique<GroupTable>(query, types, physicals, &shape.states);
  hashes_.resize(kVectorRowsMax);
  for (size_t i = 0; i < calls_.size(); ++i) {
    const AggregateShape::Call& call = shape.calls[i];
    if (call.plan->distinct) {
      std::vector<SqlType> key_types = {{type_oid::kInt8}};
      std::vector<PhysicalType> key_physicals = {PhysicalType::kInt64};
      for (uint32_t a = 0; a < call.argument_count; ++a) {
        key_types.push_back(shape.types[call.first_argument + a]);
        key_physicals.push_back(shape.physicals[call.first_argument + a]);
      }
      calls_[i].distinct = std::make_unique<DistinctFilter>(query, key_types, key_physicals);
    }
    if (call.sorted) {
      std::vector<SqlType> row_types = {{type_oid::kInt8}};
      std::vector<PhysicalType> row_physicals = {PhysicalType::kInt64};
      const size_t end = call.filter >= 0        ? static_cast<size_t>(call.filter)
                         : i + 1 < calls_.size() ? shape.calls[i + 1].first_argument
                                                 : shape.types.size();
      for (size_t c = call.first_argument; c < end; ++c) {
        row_types.push_back(shape.types[c]);
        row_physicals.push_back(shape.physicals[c]);
      }
      calls_[i].sorter = std::make_unique<Sorter>(query, row_types, row_physicals, call.sort_keys);
    }
  }
}

size_t Grouping::bytes() const {
  size_t bytes = table_->bytes();
  for (const CallState& call : calls_) {
    if (call.distinct != nullptr) bytes += call.distinct->bytes();
  }
  return bytes;
}

Status Grouping::Consume(const Chunk& wide) {
  const size_t count = wide.row_count();
  const std::vector<uint32_t>& keys = shape_.sets[set_];
  if (keys.empty()) {
    found_.rows.assign(count, table_->OnlyGroup());
  } else {
    std::vector<const Vector*> columns;
    columns.reserve(keys.size());
    for (uint32_t key : keys) columns.push_back(&wide.column(key));
    GroupTable::Hash(columns, count, hashes_.data());
    if (depth_ < kSpillDepthMax && !table_->frozen() &&
        (table_->ShouldFreeze(query_, count) || bytes() > query_.context.operator_memory_bytes)) {
      table_->Freeze();
    }
    table_->FindOrCreate(columns, hashes_.data(), count, &found_);
    if (!found_.missed.empty()) {
      HELIOS_TRY(SpillByHash(query_, wide, hashes_.data(), found_.missed, depth_, &spilled_));
    }
  }
  Selection present;
  const SelectionIndex* selection = nullptr;
  size_t selected = count;
  if (!keys.empty() && !found_.missed.empty()) {
    for (size_t row = 0; row < count; ++row) {
      if (found_.rows[row] != nullptr) present.push_back(static_cast<SelectionIndex>(row));
    }
    selection = present.data();
    selected = present.size();
  }
  // A missed chunk's first created rows are found again below: rows stay by input position.
  const std::vector<char*> rows = found_.rows;
  for (size_t i = 0; i < calls_.size() && selected > 0; ++i) {
    HELIOS_TRY(Update(i, wide, rows.data(), selection, selected));
  }
  return table_->Account();
}

// `rows[r]`: the group of input row r, for the rows in `selection` (null: all).
Status Grouping::Update(size_t index, const Chunk& wide, char* const* rows,
                        const SelectionIndex* selection, size_t count) {
  const AggregateShape::Call& call = shape_.calls[index];
  const bool drops_nulls = call.plan->function->ignores_nulls;
  bool nulls_possible = false;
  for (uint32_t a = 0; a < call.argument_count; ++a) {
    nulls_possible |= !wide.column(call.first_argument + a).validity().AllValid();
  }
  const bool filters = call.filter >= 0 || (drops_nulls && nulls_possible);
  if (!filters && selection == nullptr && call.plan->distinct == false && !call.sorted) {
    std::vector<Vector> arguments;
    for (uint32_t a = 0; a < call.argument_count; ++a) {
      arguments.push_back(wide.column(call.first_argument + a));
    }
    return Apply(index, arguments, count, rows);
  }
  auto kept = std::make_shared<Selection>();
  std::vector<char*> kept_rows;
  kept->reserve(count);
  kept_rows.reserve(count);
  const Vector* filter =
      call.filter >= 0 ? &wide.column(static_cast<size_t>(call.filter)) : nullptr;
  for (size_t i = 0; i < count; ++i) {
    const SelectionIndex row = selection == nullptr ? static_cast<SelectionIndex>(i) : selection[i];
    if (filter != nullptr && (filter->IsNull(row) || filter->At<uint8_t>(row) == 0)) continue;
    bool null = false;
    for (uint32_t a = 0; drops_nulls && nulls_possible && a < call.argument_count; ++a) {
      null |= wide.column(call.first_argument + a).IsNull(row);
    }
    if (null) continue;
    kept->push_back(row);
    kept_rows.push_back(rows[row]);
  }
  if (kept->empty()) return Status::Ok();
  Chunk narrow;
  const uint32_t sort_columns = call.sorted ? static_cast<uint32_t>(call.plan->order_by.size()) : 0;
  for (uint32_t c = 0; c < call.argument_count + sort_columns; ++c) {
    narrow.AddColumn(Vector::Dictionary(wide.column(call.first_argument + c), kept));
  }
  narrow.SetRowCount(kept->size());
  if (!call.plan->distinct && !call.sorted) {
    return Apply(index, narrow.columns(), kept_rows.size(), kept_rows.data());
  }
  Chunk fed;
  Vector groups({type_oid::kInt8});
  for (size_t i = 0; i < kept_rows.size(); ++i) {
    groups.Set<int64_t>(i, static_cast<int64_t>(reinterpret_cast<uint64_t>(kept_rows[i])));
  }
  fed.AddColumn(std::move(groups));
  for (Vector& column : narrow.columns()) fed.AddColumn(std::move(column));
  fed.SetRowCount(kept_rows.size());
  if (call.plan->distinct) {
    auto fresh = std::make_shared<Selection>();
    HELIOS_TRY(calls_[index].distinct->Add(fed, fresh.get()));
    if (fresh->empty()) return Status::Ok();
    if (fresh->size() < fed.row_count()) fed.Slice(std::move(fresh));
  }
  return Feed(index, &fed);
}

Status Grouping::Feed(size_t index, Chunk* rows) {
  const AggregateShape::Call& call = shape_.calls[index];
  if (call.sorted) return calls_[index].sorter->Add(*rows);
  std::vector<char*> groups(rows->row_count());
  for (size_t i = 0; i < groups.size(); ++i) {
    groups[i] = reinterpret_cast<char*>(static_cast<uint64_t>(rows->column(0).At<int64_t>(i)));
  }
  const std::vector<Vector> arguments(rows->columns().begin() + 1,
                                      rows->columns().begin() + 1 + call.argument_count);
  return Apply(index, arguments, groups.size(), groups.data());
}

Status Grouping::Apply(size_t index, const std::vector<Vector>& arguments, size_t count,
                       char* const* rows) {
  const AggregateShape::Call& call = shape_.calls[index];
  const StateLayout::Item& item = shape_.states.items[index];
  expr::AggregateCall context{query_.eval, call.argument_types, call.plan->type, table_->arena(),
                              call.sort_orders};
  std::vector<const Vector*> pointers;
  pointers.reserve(arguments.size());
  for (const Vector& argument : arguments) pointers.push_back(&argument);
  uint8_t* states[kVectorRowsMax];
  for (size_t i = 0; i < count; ++i) states[i] = table_->StatesOf(rows[i]) + item.offset;
  return item.function->update(context, pointers, count, states);
}

Status Grouping::Finish() {
  if (shape_.sets[set_].empty()) table_->OnlyGroup();
  for (size_t i = 0; i < calls_.size(); ++i) {
    if (calls_[i].distinct != nullptr) HELIOS_TRY(UpdateDistinct(i));
    if (calls_[i].sorter != nullptr) HELIOS_TRY(UpdateSorted(i));
  }
  return Status::Ok();
}

Status Grouping::UpdateDistinct(size_t index) {
  Chunk rows;
  while (true) {
    HELIOS_TRY(calls_[index].distinct->Drain(&rows));
    if (rows.row_count() == 0) break;
    HELIOS_TRY(Feed(index, &rows));
    HELIOS_TRY(table_->Account());
  }
  calls_[index].distinct.reset();
  return Status::Ok();
}

Status Grouping::UpdateSorted(size_t index) {
  const AggregateShape::Call& call = shape_.calls[index];
  Sorter& sorter = *calls_[index].sorter;
  HELIOS_TRY(sorter.Finish());
  Chunk rows;
  while (true) {
    HELIOS_TRY(sorter.Next(1 + call.argument_count, query_.vector_rows, &rows));
    if (rows.row_count() == 0) break;
    std::vector<char*> groups(rows.row_count());
    for (size_t i = 0; i < groups.size(); ++i) {
      groups[i] = reinterpret_cast<char*>(static_cast<uint64_t>(rows.column(0).At<int64_t>(i)));
    }
    std::vector<Vector> arguments(rows.columns().begin() + 1, rows.columns().end());
    HELIOS_TRY(Apply(index, arguments, groups.size(), groups.data()));
    HELIOS_TRY(table_->Account());
  }
  calls_[index].sorter.reset();
  return Status::Ok();
}

Status Grouping::Merge(Grouping& other, size_t partition) {
  const RowLayout& layout = table_->layout();
  const bool keyless = shape_.sets[set_].empty();
  std::vector<const char*> batch;
  const auto flush = [&]() -> Status {
    if (batch.empty()) return Status::Ok();
    std::vector<Vector> keys;
    std::vector<const Vector*> pointers;
    std::vector<uint64_t> hashes;
    for (size_t c = 0; c < layout.columns.size(); ++c) {
      keys.push_back(
          GatherColumn(layout, c, batch.data(), batch.size(), other.table_->store().heaps()));
    }
    pointers.reserve(keys.size());
    for (const Vector& key : keys) pointers.push_back(&key);
    hashes.reserve(batch.size());
    for (const char* row : batch) hashes.push_back(GroupTable::HashOf(row));
    if (keyless) {
      found_.rows.assign(1, table_->OnlyGroup());
    } else {
      table_->FindOrCreate(pointers, hashes.data(), batch.size(), &found_);
    }
    for (size_t i = 0; i < batch.size(); ++i) {
      uint8_t* from = other.table_->StatesOf(const_cast<char*>(batch[i]));
      uint8_t* to = table_->StatesOf(found_.rows[i]);
      for (size_t c = 0; c < shape_.calls.size(); ++c) {
        const StateLayout::Item& item = shape_.states.items[c];
        expr::AggregateCall context{query_.eval, shape_.calls[c].argument_types,
                                    shape_.calls[c].plan->type, table_->arena()};
        HELIOS_TRY(item.function->combine(context, from + item.offset, to + item.offset));
      }
    }
    batch.clear();
    return table_->Account();
  };
  for (const RowStore::Block& block : other.table_->store().blocks()) {
    for (size_t i = 0; i < block.row_count; ++i) {
      const char* row = block.bytes.get() + i * layout.width;
      if (!keyless && GroupTable::PartitionOf(GroupTable::HashOf(row), 0) != partition) continue;
      batch.push_back(row);
      if (batch.size() == kVectorRowsMax) HELIOS_TRY(flush());
    }
  }
  return flush();
}

Status Grouping::Emit(const plan::AggregateNode& node, size_t* block, size_t* row, size_t rows_max,
                      Chunk* out) {
  *out = Chunk();
  std::vector<const char*> rows;
  const std::vector<RowStore::Block>& blocks = table_->store().blocks();
  const RowLayout& layout = table_->layout();
  while (rows.size() < rows_max && *block < blocks.size()) {
    if (*row >= blocks[*block].row_count) {
      ++*block;
      *row = 0;
      continue;
    }
    rows.push_back(blocks[*block].bytes.get() + (*row)++ * layout.width);
  }
  const size_t count = rows.size();
  if (count == 0) return Status::Ok();
  const std::vector<uint32_t>& set = shape_.sets[set_];
  for (uint32_t group = 0; group < node.groups.size(); ++group) {
    const auto at = std::find(set.begin(), set.end(), group);
    if (at == set.end()) {
      out->AddColumn(Vector::ConstantNull(shape_.types[group], shape_.physicals[group]));
    } else {
      out->AddColumn(GatherColumn(layout, static_cast<size_t>(at - set.begin()), rows.data(), count,
                                  table_->store().heaps()));
    }
  }
  std::vector<uint8_t*> states(count);
  for (size_t c = 0; c < shape_.calls.size(); ++c) {
    const StateLayout::Item& item = shape_.states.items[c];
    const size_t column = node.groups.size() + c;
    for (size_t i = 0; i < count; ++i) {
      states[i] = table_->StatesOf(const_cast<char*>(rows[i])) + item.offset;
    }
    Vector result(shape_.calls[c].plan->type, PhysicalOf(node, column));
    expr::AggregateCall context{query_.eval, shape_.calls[c].argument_types,
                                shape_.calls[c].plan->type, table_->arena()};
    HELIOS_TRY(item.function->finalize(context, states.data(), count, &result, 0));
    out->AddColumn(std::move(result));
  }
  for (const std::vector<uint32_t>& call : node.grouping_calls) {
    int32_t mask = 0;
    for (uint32_t group : call) {
      mask = mask << 1 | (std::find(set.begin(), set.end(), group) == set.end() ? 1 : 0);
    }
    out->AddColumn(Value::Int4(mask).ToConstant());
  }
  out->SetRowCount(count);
  return Status::Ok();
}

}  // namespace helios::exec
