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

double Milliseconds(int64_t microseconds) { return static_cast<double>(microseconds) / 1000; }

// The numbers that ANALYZE shows: times and rows of one loop.
struct Shown {
  double startup_ms = 0;
  double total_ms = 0;
  double rows = 0;
};
Shown PerLoop(const NodeActuals& actual) {
  const double loops = actual.loops == 0 ? 1.0 : static_cast<double>(actual.loops);
  return {Milliseconds(actual.first_row_us) / loops, Milliseconds(actual.total_us) / loops,
          static_cast<double>(actual.rows) / loops};
}

bool IsAnalyze(const ExplainOptions& options) {
  return options.execution_us >= 0 && options.actual != nullptr;
}

class TextWriter {
 public:
  TextWriter(const Plan& plan, const ExplainOptions& options)
      : plan_(plan), options_(options), columns_(plan, options.verbose) {}

  std::string Run() {
    Write(*plan_.root, 0, "");
    if (options_.summary && options_.planning_us >= 0) {
      lines_.push_back(fmt::format("Planning Time: {:.3f} ms", Milliseconds(options_.planning_us)));
    }
    if (options_.summary && options_.execution_us >= 0) {
      lines_.push_back(
          fmt::format("Execution Time: {:.3f} ms", Milliseconds(options_.execution_us)));
    }
    std::string text;
    for (const std::string& line : lines_) {
      if (!text.empty()) text += '\n';
      text += line;
    }
    return text;
  }

 private:
  void Write(const Node& node, int indent, const std::string& caption) {
    const NodeDescription words = Describe(columns_, node, options_.verbose);
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
      line +=
          fmt::format("  (cost=0.00..{:.2f} rows={:.0f} width={})", words.counted->estimated_cost,
                      ShownRows(*words.counted), WidthOf(*words.counted));
    }
    NodeActuals actual;
    if (IsAnalyze(options_)) {
      actual = options_.actual(*words.measured);
      line += Actual(actual);
    }
    lines_.push_back(std::move(line));
    const std::string pad(static_cast<size_t>(below), ' ');
    for (const auto& [name, values] : words.properties) {
      lines_.push_back(pad + name + ": " + Join(values));
    }
    if (actual.removed_rows > 0) {
      lines_.push_back(pad + fmt::format("Rows Removed by Filter: {}", actual.removed_rows));
    }
    if (actual.spilled_bytes > 0) {
      lines_.push_back(pad + fmt::format("Disk: {}kB", (actual.spilled_bytes + 1023) / 1024));
    }
    if (actual.memory_bytes > 0) {
      lines_.push_back(pad + fmt::format("Memory: {}kB", (actual.memory_bytes + 1023) / 1024));
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
    return std::to_string(index < with.cte_indexes.size() ? with.cte_indexes[index] + 1
                                                          : index + 1);
  }

  std::string Actual(const NodeActuals& actual) const {
    if (!actual.executed) return " (never executed)";
    const Shown shown = PerLoop(actual);
    if (!options_.timing) {
      return fmt::format(" (actual rows={:.0f} loops={})", shown.rows, actual.loops);
    }
    return fmt::format(" (actual time={:.3f}..{:.3f} rows={:.0f} loops={})", shown.startup_ms,
                       shown.total_ms, shown.rows, actual.loops);
  }

  const Plan& plan_;
  const ExplainOptions& options_;
  const ShownColumns columns_;
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
  JsonWriter(const Plan& plan, const ExplainOptions& options)
      : plan_(plan), options_(options), columns_(plan, options.verbose) {}

  std::string Write(const Node& node, int indent, const char* relationship,
                    const std::string& subplan_name) {
    const NodeDescription words = Describe(columns_, node, options_.verbose);
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
    if (IsAnalyze(options_)) AddActuals(options_.actual(*words.measured), add);
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
  template <typename Add>
  void AddActuals(const NodeActuals& actual, Add&& add) const {
    const Shown shown = PerLoop(actual);
    if (options_.timing) {
      add("Actual Startup Time", fmt::format("{:.3f}", shown.startup_ms));
      add("Actual Total Time", fmt::format("{:.3f}", shown.total_ms));
    }
    add("Actual Rows", fmt::format("{:.0f}", shown.rows));
    add("Actual Loops", std::to_string(actual.executed ? actual.loops : 0));
    if (actual.removed_rows > 0) {
      add("Rows Removed by Filter", std::to_string(actual.removed_rows));
    }
    if (actual.memory_bytes > 0) {
      add("Memory Used", std::to_string((actual.memory_bytes + 1023) / 1024));
    }
    if (actual.spilled_bytes > 0) {
      add("Disk Used", std::to_string((actual.spilled_bytes + 1023) / 1024));
    }
  }

  const Plan& plan_;
  const ExplainOptions& options_;
  const ShownColumns columns_;
};
}  // namespace

std::string Explain(const Plan& plan, const ExplainOptions& options) {
  if (!options.json) return TextWriter(plan, options).Run();
  std::string text = "[\n  {\n    \"Plan\": ";
  text += JsonWriter(plan, options).Write(*plan.root, 4, nullptr, "");
  if (options.summary && options.planning_us >= 0) {
    text += fmt::format(",\n    \"Planning Time\": {:.3f}", Milliseconds(options.planning_us));
  }
  if (options.summary && options.execution_us >= 0) {
    text += fmt::format(",\n    \"Execution Time\": {:.3f}", Milliseconds(options.execution_us));
  }
  return text + "\n  }\n]";
}

}  // namespace helios::sql::plan
