#include "sql/ast_util.h"

#include "sql/internal/ast_dispatch.h"

namespace helios::sql::ast {
namespace {

// --- Copies -------------------------------------------------------------------------------------

template <typename T>
void CopyValue(T& to, const T& from);

template <typename T>
void CopyFields(T& to, const T& from) {
  T::ForEachField([&](auto member) { CopyValue(to.*member, from.*member); });
  if constexpr (requires { to.location; }) to.location = from.location;
  if constexpr (requires { to.target_location; }) to.target_location = from.target_location;
}

template <typename T>
std::unique_ptr<T> CopyNode(const T& from) {
  if constexpr (kIsFamily<T>) {
    return Dispatch(from, [](const auto& node) -> std::unique_ptr<T> { return CopyNode(node); });
  } else {
    auto to = std::make_unique<T>();
    CopyFields(*to, from);
    return to;
  }
}

template <typename T>
void CopyValue(T& to, const T& from) {
  if constexpr (kIsOwner<T>) {
    to = from ? CopyNode(*from) : nullptr;
  } else if constexpr (kIsList<T>) {
    if constexpr (std::is_copy_assignable_v<typename T::value_type> &&
                  !HasFields<typename T::value_type> && !kIsOwner<typename T::value_type> &&
                  !kIsList<typename T::value_type>) {
      to = from;
    } else {
      to.resize(from.size());
      for (size_t i = 0; i < from.size(); ++i) CopyValue(to[i], from[i]);
    }
  } else if constexpr (HasFields<T>) {
    CopyFields(to, from);
  } else {
    to = from;
  }
}

// --- Comparisons --------------------------------------------------------------------------------

template <typename T>
bool SameValue(const T& a, const T& b);

template <typename T>
bool SameFields(const T& a, const T& b) {
  bool same = true;
  T::ForEachField([&](auto member) { same = same && SameValue(a.*member, b.*member); });
  return same;
}

template <typename T>
bool SameNode(const T& a, const T& b) {
  if constexpr (kIsFamily<T>) {
    if (a.kind != b.kind) return false;
    return Dispatch(a, [&b](const auto& node) {
      using Own = std::remove_cvref_t<decltype(node)>;
      return SameFields(node, static_cast<const Own&>(b));
    });
  } else {
    return SameFields(a, b);
  }
}

template <typename T>
bool SameValue(const T& a, const T& b) {
  if constexpr (kIsOwner<T>) {
    if (a == nullptr || b == nullptr) return a == b;
    return SameNode(*a, *b);
  } else if constexpr (kIsList<T>) {
    if (a.size() != b.size()) return false;
    for (size_t i = 0; i < a.size(); ++i) {
      if (!SameValue(a[i], b[i])) return false;
    }
    return true;
  } else if constexpr (HasFields<T>) {
    return SameFields(a, b);
  } else {
    return a == b;
  }
}

// --- Walks --------------------------------------------------------------------------------------

class ExprWalker {
 public:
  explicit ExprWalker(const ExprVisitor& visit) : visit_(visit) {}

  bool stopped() const { return stopped_; }

  template <typename T>
  void Fields(T& node) {
    T::ForEachField([&](auto member) { Value(node.*member); });
  }

  template <typename T>
  void Node(T& node) {
    if (stopped_) return;
    if constexpr (std::is_same_v<T, Expr>) {
      const WalkStep step = visit_(node);
      if (step == WalkStep::kStop) stopped_ = true;
      if (step != WalkStep::kDescend) return;
    }
    if constexpr (kIsFamily<T>) {
      Dispatch(node, [&](auto& own) { Fields(own); });
    } else {
      Fields(node);
    }
  }

 private:
  template <typename T>
  void Value(T& value) {
    if constexpr (kIsOwner<T>) {
      if (value != nullptr) Node(*value);
    } else if constexpr (kIsList<T>) {
      using Item = typename T::value_type;
      if constexpr (HasFields<Item> || kIsOwner<Item> || kIsList<Item>) {
        for (Item& item : value) Value(item);
      }
    } else if constexpr (HasFields<T>) {
      Fields(value);
    }
  }

  const ExprVisitor& visit_;
  bool stopped_ = false;
};

class RelationWalker {
 public:
  explicit RelationWalker(const RelationVisitor& visit) : visit_(visit) {}

  template <typename T>
  void Node(const T& node) {
    if constexpr (kIsFamily<T>) {
      Dispatch(node, [&](const auto& own) { Fields(own); });
    } else {
      Fields(node);
    }
  }

 private:
  template <typename T>
  void Fields(const T& node) {
    T::ForEachField([&](auto member) { Value(node.*member); });
  }

  template <typename T>
  void Value(const T& value) {
    if constexpr (std::is_same_v<T, RelationName>) {
      if (!value.name.empty()) visit_(value);
    } else if constexpr (kIsOwner<T>) {
      if (value != nullptr) {
        if constexpr (std::is_same_v<typename T::element_type, RelationName>) {
          Value(*value);
        } else {
          Node(*value);
        }
      }
    } else if constexpr (kIsList<T>) {
      using Item = typename T::value_type;
      if constexpr (HasFields<Item> || kIsOwner<Item> || kIsList<Item>) {
        for (const Item& item : value) Value(item);
      }
    } else if constexpr (HasFields<T>) {
      Fields(value);
    }
  }

  const RelationVisitor& visit_;
};

class Replacer {
 public:
  explicit Replacer(const ExprReplacer& replace) : replace_(replace) {}

  // The children of `node`, not `node` itself.
  template <typename T>
  void Node(T& node) {
    if constexpr (kIsFamily<T>) {
      Dispatch(node, [&](auto& own) { Fields(own); });
    } else {
      Fields(node);
    }
  }

 private:
  template <typename T>
  void Fields(T& node) {
    T::ForEachField([&](auto member) { Value(node.*member); });
  }

  template <typename T>
  void Value(T& value) {
    if constexpr (kIsOwner<T>) {
      if (value == nullptr) return;
      Node(*value);
      if constexpr (std::is_same_v<T, ExprPtr>) {
        if (ExprPtr fresh = replace_(*value)) value = std::move(fresh);
      }
    } else if constexpr (kIsList<T>) {
      using Item = typename T::value_type;
      if constexpr (HasFields<Item> || kIsOwner<Item> || kIsList<Item>) {
        for (Item& item : value) Value(item);
      }
    } else if constexpr (HasFields<T>) {
      Fields(value);
    }
  }

  const ExprReplacer& replace_;
};

template <typename T>
T CopyStruct(const T& from) {
  T to;
  CopyFields(to, from);
  return to;
}

}  // namespace

ExprPtr Clone(const Expr& expr) { return CopyNode(expr); }
FromPtr Clone(const FromItem& item) { return CopyNode(item); }
StatementPtr Clone(const Statement& statement) { return CopyNode(statement); }
TypeName Clone(const TypeName& type) { return CopyStruct(type); }
ColumnDefinition Clone(const ColumnDefinition& column) { return CopyStruct(column); }
Constraint Clone(const Constraint& constraint) { return CopyStruct(constraint); }
IndexElement Clone(const IndexElement& element) { return CopyStruct(element); }

bool Equal(const Expr& a, const Expr& b) { return SameNode(a, b); }
bool Equal(const FromItem& a, const FromItem& b) { return SameNode(a, b); }
bool Equal(const Statement& a, const Statement& b) { return SameNode(a, b); }
bool Equal(const TypeName& a, const TypeName& b) { return SameFields(a, b); }

bool WalkExprs(Expr& root, const ExprVisitor& visit) {
  ExprWalker walker(visit);
  walker.Node(root);
  return !walker.stopped();
}

bool WalkExprs(const Expr& root, const ConstExprVisitor& visit) {
  return WalkExprs(const_cast<Expr&>(root), [&visit](Expr& expr) { return visit(expr); });
}

bool WalkExprs(Statement& root, const ExprVisitor& visit) {
  ExprWalker walker(visit);
  walker.Node(root);
  return !walker.stopped();
}

bool WalkExprs(const Statement& root, const ConstExprVisitor& visit) {
  return WalkExprs(const_cast<Statement&>(root), [&visit](Expr& expr) { return visit(expr); });
}

void WalkRelations(const Statement& root, const RelationVisitor& visit) {
  RelationWalker(visit).Node(root);
}

void ReplaceExprs(ExprPtr& root, const ExprReplacer& replace) { Replacer(replace).Node(*root); }

}  // namespace helios::sql::ast
