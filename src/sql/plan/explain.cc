#include "sql/plan/explain.h"

#include <algorithm>
#include <cmath>

#include "sql/plan/internal/describe.h"

namespace helios::sql::plan {

namespace {
std::string Join(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ", ") + part;
  return text;
}

double ShownRows(const Node& node) { return std::max(1.0, std::round(node.estimated_rows)); }

uint64_t WidthOf(const Node& node) {
  uint64_t width = 0;
  for (size_t i = 0; i < node.physicals.size(); ++i) {
    width += node.physicals[i] == PhysicalType::kVarlen ? 32 : PhysicalWidth(node.physicals[i]);
  }
  return width;
}

class TextWriter {
 public:
  TextWriter(const Plan& plan, const ExplainOptions& options, const ActualsLookup& actuals)
      : plan_(plan), options_(options), actuals_(actuals) {}

  std::vector<std::string> Run() {
    Write(*plan_.root, 0, "");
    return std::move(lines_);
  }

 private:
  void Write(const Node& node, int indent, const std::string& caption) {
    const NodeDescription words = Describe(plan_, node, options_.verbose);
    std::string line;
    int below = indent;
    if (!caption.empty()) {
      lines_.push_back(std::string(static_cast<size_t>(indent), ' ') + caption);
      indent += 2;
      below += 2;
    }
    if (indent > 0) {
      line = std::string(static_cast<size_t>(indent), ' ') + "->  ";
      below = indent + 6;
    } else {
      below = 2;
    }
    line += words.label;
    if (options_.costs) {
      line += fmt::format("  (cost=0.00..{:.2f} rows={:.0f} width={})",
                          words.counted->estimated_cost, ShownRows(*words.counted),
                          WidthOf(*words.counted));
    }
    const NodeActuals* actual = options_.analyze && actuals_ ? actuals_(words.measured) : nullptr;
    if (options_.analyze) line += Actual(actual);
    lines_.push_back(std::move(line));
    const std::string pad(static_cast<size_t>(below), ' ');
    for (const auto& [name, values] : words.properties) {
      lines_.push_back(pad + name + ": " + Join(values));
    }
    if (actual != nullptr) {
      for (const auto& [name, value] : actual->details) lines_.push_back(pad + name + ": " + value);
    }
    for (uint32_t subplan : words.subplans) {
      Write(*plan_.subplans[subplan], below, fmt::format("SubPlan {}", subplan + 1));
    }
    const bool with = node.kind == NodeKind::kWithCte;
    for (size_t i = words.children.size(); i-- > 0 && with;) {
      if (i > 0) Write(*words.children[i], below, fmt::format("CTE {}", CteName(node, i - 1)));
    }
    for (size_t i = 0; i < words.children.size(); ++i) {
      if (with && i > 0) continue;
      Write(*words.children[i], below, "");
    }
  }

  std::string CteName(const Node& node, size_t index) const {
    const auto& with = static_cast<const WithCteNode&>(node);
    return std::to_string(index < with.cte_indexes.size() ? with.cte_indexes[index] + 1 : index + 1);
  }

  std::string Actual(const NodeActuals* actual) const {
    if (actual == nullptr) return "";
    if (actual->loops == 0) return " (never executed)";
    if (!options_.timing) {
      return fmt::format(" (actual rows={:.0f} loops={})", actual->rows, actual->loops);
    }
    return fmt::format(" (actual time={:.3f}..{:.3f} rows={:.0f} loops={})", actual->startup_ms,
                       actual->total_ms, actual->rows, actual->loops);
  }

  const Plan& plan_;
  const ExplainOptions& options_;
  const ActualsLookup& actuals_;
  std::vector<std::string> lines_;
};

std::string Quote(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  return out + "\"";
}

class JsonWriter {
 public:
  JsonWriter(const Plan& plan, const ExplainOptions& options, const ActualsLookup& actuals)
      : plan_(plan), options_(options), actuals_(actuals) {}

  std::string Write(const Node& node, int indent, const char* relationship,
                    const std::string& subplan_name) {
    const NodeDescription words = Describe(plan_, node, options_.verbose);
    std::vector<std::string> members;
    const auto add = [&](const std::string& name, const std::string& value) {
      members.push_back(Quote(name) + ": " + value);
    };
    add("Node Type", Quote(words.type));
    if (relationship != nullptr) add("Parent Relationship", Quote(relationship));
    if (!subplan_name.empty()) add("Subplan Name", Quote(subplan_name));
    add("Parallel Aware", "false");
    add("Async Capable", "false");
    for (const auto& [name, value] : words.facts) add(name, Quote(value));
    if (options_.costs) {
      add("Startup Cost", "0.00");
      add("Total Cost", fmt::format("{:.2f}", words.counted->estimated_cost));
      add("Plan Rows", fmt::format("{:.0f}", ShownRows(*words.counted)));
      add("Plan Width", std::to_string(WidthOf(*words.counted)));
    }
    if (const NodeActuals* actual =
            options_.analyze && actuals_ ? actuals_(words.measured) : nullptr) {
      if (options_.timing) {
        add("Actual Startup Time", fmt::format("{:.3f}", actual->startup_ms));
        add("Actual Total Time", fmt::format("{:.3f}", actual->total_ms));
      }
      add("Actual Rows", fmt::format("{:.0f}", actual->rows));
      add("Actual Loops", std::to_string(actual->loops));
      for (const auto& [name, value] : actual->details) add(name, Quote(value));
    }
    for (const auto& [name, values] : words.properties) {
      const bool list = name.ends_with("Key") || name == "Output" || name.ends_with("Indexes");
      if (!list) {
        add(name, Quote(Join(values)));
        continue;
      }
      std::string items;
      for (const std::string& value : values) items += (items.empty() ? "" : ", ") + Quote(value);
      add(name, "[" + items + "]");
    }
    std::vector<std::string> plans;
    for (uint32_t subplan : words.subplans) {
      plans.push_back(Write(*plan_.subplans[subplan], indent + 4, "SubPlan",
                            fmt::format("SubPlan {}", subplan + 1)));
    }
    for (size_t i = 0; i < words.children.size(); ++i) {
      plans.push_back(Write(*words.children[i], indent + 4, i == 0 ? "Outer" : "Inner", ""));
    }
    const std::string pad(static_cast<size_t>(indent) + 2, ' ');
    if (!plans.empty()) {
      std::string text = "[";
      for (size_t i = 0; i < plans.size(); ++i) {
        text += (i == 0 ? "\n" : ",\n") + pad + "  " + plans[i];
      }
      add("Plans", text + "\n" + pad + "]");
    }
    std::string out = "{";
    for (size_t i = 0; i < members.size(); ++i) {
      out += (i == 0 ? "\n" : ",\n") + pad + members[i];
    }
    return out + "\n" + std::string(static_cast<size_t>(indent), ' ') + "}";
  }

 private:
  const Plan& plan_;
  const ExplainOptions& options_;
  const ActualsLookup& actuals_;
};
}  // namespace

std::vector<std::string> ExplainText(const Plan& plan, const ExplainOptions& options,
                                     const ActualsLookup& actuals) {
  return TextWriter(plan, options, actuals).Run();
}

std::string ExplainJson(const Plan& plan, const ExplainOptions& options, int indent,
                        const ActualsLookup& actuals) {
  return JsonWriter(plan, options, actuals).Write(*plan.root, indent, nullptr, "");
}

}  // namespace helios::sql::plan
