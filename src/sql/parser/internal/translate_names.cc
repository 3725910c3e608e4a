// Names, types, options and the other small things that every statement has.
#include <fmt/format.h>

#include "sql/parser/internal/translator.h"

namespace helios::sql {

using namespace ast;  // NOLINT: every line here builds nodes of the tree.

void Translator::Fail(Error&& error, int byte_offset) {
  if (!status_.ok()) return;
  const int position = At(byte_offset);
  if (position >= 0) {
    status_ = std::move(error).Position(position + 1);
  } else {
    status_ = std::move(error);
  }
}

void Translator::Unsupported(std::string_view what, int byte_offset) {
  Fail(Error(ErrorCode::kFeatureNotSupported).Message("{} is not supported", what), byte_offset);
}

NameList Translator::Names(Nodes nodes) {
  NameList names;
  names.reserve(nodes.size());
  for (const Node* node : nodes) {
    switch (pg::CaseOf(node)) {
      case PG_QUERY__NODE__NODE_STRING:
        names.emplace_back(pg::Str(node->string->sval));
        break;
      case PG_QUERY__NODE__NODE_A_STAR:
        names.emplace_back("*");
        break;
      case PG_QUERY__NODE__NODE_ROLE_SPEC:
        names.push_back(Role(node->role_spec).name);
        break;
      default:
        names.push_back(ConstantText(node));
        break;
    }
  }
  return names;
}

std::string Translator::DottedName(Nodes nodes) {
  std::string name;
  for (const std::string& part : Names(nodes)) {
    if (!name.empty()) name += '.';
    name += part;
  }
  return name;
}

RelationName Translator::Relation(const PgQuery__RangeVar* relation) {
  RelationName name;
  if (relation == nullptr) return name;
  name.catalog = pg::Str(relation->catalogname);
  name.schema = pg::Str(relation->schemaname);
  name.name = pg::Str(relation->relname);
  name.only = !relation->inh;
  const std::string_view persistence = pg::Str(relation->relpersistence);
  if (persistence == "t") name.persistence = Persistence::kTemporary;
  if (persistence == "u") name.persistence = Persistence::kUnlogged;
  name.location = At(relation->location);
  return name;
}

RelationName Translator::RelationOf(const Node* node) {
  if (pg::CaseOf(node) != PG_QUERY__NODE__NODE_RANGE_VAR) return {};
  return Relation(node->range_var);
}

std::unique_ptr<Alias> Translator::AliasOf(const PgQuery__Alias* alias) {
  if (alias == nullptr) return nullptr;
  auto result = std::make_unique<Alias>();
  result->name = pg::Str(alias->aliasname);
  result->columns = Names(HELIOS_PG_LIST(*alias, colnames));
  return result;
}

TypeName Translator::Type(const PgQuery__TypeName* type) {
  TypeName result;
  if (type == nullptr) return result;
  result.names = Names(HELIOS_PG_LIST(*type, names));
  result.modifiers = Expressions(HELIOS_PG_LIST(*type, typmods));
  for (const Node* bound : HELIOS_PG_LIST(*type, array_bounds)) {
    const bool is_integer = pg::CaseOf(bound) == PG_QUERY__NODE__NODE_INTEGER;
    result.array_bounds.push_back(is_integer ? bound->integer->ival : -1);
  }
  result.set_of = type->setof;
  result.percent_type = type->pct_type;
  result.location = At(type->location);
  return result;
}

std::unique_ptr<TypeName> Translator::TypeOrNull(const PgQuery__TypeName* type) {
  return type != nullptr ? std::make_unique<TypeName>(Type(type)) : nullptr;
}

std::string Translator::ConstantText(const Node* node) {
  switch (pg::CaseOf(node)) {
    case PG_QUERY__NODE__NODE_STRING:
      return std::string(pg::Str(node->string->sval));
    case PG_QUERY__NODE__NODE_INTEGER:
      return fmt::format("{}", node->integer->ival);
    case PG_QUERY__NODE__NODE_FLOAT:
      return std::string(pg::Str(node->float_->fval));
    case PG_QUERY__NODE__NODE_BOOLEAN:
      return node->boolean->boolval ? "true" : "false";
    case PG_QUERY__NODE__NODE_BIT_STRING:
      return std::string(pg::Str(node->bit_string->bsval));
    case PG_QUERY__NODE__NODE_A_CONST: {
      const PgQuery__AConst& constant = *node->a_const;
      switch (constant.val_case) {
        case PG_QUERY__A__CONST__VAL_IVAL:
          return fmt::format("{}", constant.ival->ival);
        case PG_QUERY__A__CONST__VAL_FVAL:
          return std::string(pg::Str(constant.fval->fval));
        case PG_QUERY__A__CONST__VAL_SVAL:
          return std::string(pg::Str(constant.sval->sval));
        case PG_QUERY__A__CONST__VAL_BSVAL:
          return std::string(pg::Str(constant.bsval->bsval));
        case PG_QUERY__A__CONST__VAL_BOOLVAL:
          return constant.boolval->boolval ? "true" : "false";
        default:
          return "";
      }
    }
    case PG_QUERY__NODE__NODE_TYPE_NAME: {
      const NameList names = Names(HELIOS_PG_LIST(*node->type_name, names));
      const bool built_in = names.size() == 2 && names[0] == "pg_catalog";
      return built_in ? names[1] : fmt::format("{}", fmt::join(names, "."));
    }
    case PG_QUERY__NODE__NODE_LIST:
      return DottedName(pg::ItemsOf(node));
    case PG_QUERY__NODE__NODE_DEF_ELEM:
      return std::string(pg::Str(node->def_elem->defname));
    default:
      return "";
  }
}

void Translator::SetOptionValue(Option& option, const Node* value) {
  option.text = ConstantText(value);
  switch (pg::CaseOf(value)) {
    case PG_QUERY__NODE__NODE__NOT_SET:
      option.value_kind = OptionValueKind::kNone;
      break;
    case PG_QUERY__NODE__NODE_INTEGER:
      option.value_kind = OptionValueKind::kInteger;
      option.integer = value->integer->ival;
      break;
    case PG_QUERY__NODE__NODE_FLOAT:
      option.value_kind = OptionValueKind::kFloat;
      break;
    case PG_QUERY__NODE__NODE_BOOLEAN:
      option.value_kind = OptionValueKind::kBoolean;
      option.boolean = value->boolean->boolval;
      break;
    case PG_QUERY__NODE__NODE_A_STAR:
      option.value_kind = OptionValueKind::kStar;
      option.text = "*";
      break;
    case PG_QUERY__NODE__NODE_LIST:
      option.value_kind = OptionValueKind::kList;
      option.list = Names(pg::ItemsOf(value));
      break;
    case PG_QUERY__NODE__NODE_ROLE_SPEC:
      option.value_kind = OptionValueKind::kString;
      option.text = Role(value->role_spec).name;
      break;
    case PG_QUERY__NODE__NODE_VARIABLE_SET_STMT: {
      const PgQuery__VariableSetStmt& set = *value->variable_set_stmt;
      option.value_kind = OptionValueKind::kList;
      option.text = pg::Str(set.name);
      option.list = Names(HELIOS_PG_LIST(set, args));
      break;
    }
    case PG_QUERY__NODE__NODE_A_CONST:
      switch (value->a_const->val_case) {
        case PG_QUERY__A__CONST__VAL_IVAL:
          option.value_kind = OptionValueKind::kInteger;
          option.integer = value->a_const->ival->ival;
          break;
        case PG_QUERY__A__CONST__VAL_FVAL:
          option.value_kind = OptionValueKind::kFloat;
          break;
        case PG_QUERY__A__CONST__VAL__NOT_SET:
          option.value_kind = OptionValueKind::kNone;
          break;
        default:
          option.value_kind = OptionValueKind::kString;
          break;
      }
      break;
    default:
      option.value_kind = OptionValueKind::kString;
      break;
  }
}

Option Translator::OptionOf(const Node* node) {
  Option option;
  if (pg::CaseOf(node) != PG_QUERY__NODE__NODE_DEF_ELEM) return option;
  const PgQuery__DefElem& element = *node->def_elem;
  option.space = pg::Str(element.defnamespace);
  option.name = pg::Str(element.defname);
  option.location = At(element.location);
  switch (element.defaction) {
    case PG_QUERY__DEF_ELEM_ACTION__DEFELEM_SET:
      option.action = OptionAction::kSet;
      break;
    case PG_QUERY__DEF_ELEM_ACTION__DEFELEM_ADD:
      option.action = OptionAction::kAdd;
      break;
    case PG_QUERY__DEF_ELEM_ACTION__DEFELEM_DROP:
      option.action = OptionAction::kDrop;
      break;
    default:
      break;
  }
  SetOptionValue(option, element.arg);
  return option;
}

std::vector<Option> Translator::Options(Nodes nodes) {
  std::vector<Option> options;
  options.reserve(nodes.size());
  for (const Node* node : nodes) options.push_back(OptionOf(node));
  return options;
}

RoleName Translator::Role(const PgQuery__RoleSpec* role) {
  RoleName result;
  if (role == nullptr) return result;
  result.location = At(role->location);
  switch (role->roletype) {
    case PG_QUERY__ROLE_SPEC_TYPE__ROLESPEC_CURRENT_ROLE:
      result.role = RoleKind::kCurrentRole;
      break;
    case PG_QUERY__ROLE_SPEC_TYPE__ROLESPEC_CURRENT_USER:
      result.role = RoleKind::kCurrentUser;
      break;
    case PG_QUERY__ROLE_SPEC_TYPE__ROLESPEC_SESSION_USER:
      result.role = RoleKind::kSessionUser;
      break;
    case PG_QUERY__ROLE_SPEC_TYPE__ROLESPEC_PUBLIC:
      result.role = RoleKind::kPublic;
      break;
    default:
      result.name = pg::Str(role->rolename);
      break;
  }
  return result;
}

std::vector<RoleName> Translator::Roles(Nodes nodes) {
  std::vector<RoleName> roles;
  for (const Node* node : nodes) {
    if (pg::CaseOf(node) == PG_QUERY__NODE__NODE_ROLE_SPEC) roles.push_back(Role(node->role_spec));
  }
  return roles;
}

ast::FunctionParameter Translator::Parameter(const PgQuery__FunctionParameter& parameter) {
  FunctionParameter result;
  result.name = pg::Str(parameter.name);
  result.type = Type(parameter.arg_type);
  switch (parameter.mode) {
    case PG_QUERY__FUNCTION_PARAMETER_MODE__FUNC_PARAM_OUT:
      result.mode = ParameterMode::kOut;
      break;
    case PG_QUERY__FUNCTION_PARAMETER_MODE__FUNC_PARAM_INOUT:
      result.mode = ParameterMode::kInOut;
      break;
    case PG_QUERY__FUNCTION_PARAMETER_MODE__FUNC_PARAM_VARIADIC:
      result.mode = ParameterMode::kVariadic;
      break;
    case PG_QUERY__FUNCTION_PARAMETER_MODE__FUNC_PARAM_TABLE:
      result.mode = ParameterMode::kTable;
      break;
    default:
      break;
  }
  result.default_value = Expression(parameter.defexpr);
  return result;
}

ObjectName Translator::Object(const Node* node) {
  ObjectName object;
  switch (pg::CaseOf(node)) {
    case PG_QUERY__NODE__NODE_STRING:
      object.names.emplace_back(pg::StringOf(node));
      break;
    case PG_QUERY__NODE__NODE_RANGE_VAR: {
      const RelationName relation = Relation(node->range_var);
      if (!relation.catalog.empty()) object.names.push_back(relation.catalog);
      if (!relation.schema.empty()) object.names.push_back(relation.schema);
      object.names.push_back(relation.name);
      object.location = relation.location;
      break;
    }
    case PG_QUERY__NODE__NODE_TYPE_NAME:
      object.type = TypeOrNull(node->type_name);
      object.names = object.type->names;
      object.location = object.type->location;
      break;
    case PG_QUERY__NODE__NODE_OBJECT_WITH_ARGS: {
      const PgQuery__ObjectWithArgs& with_args = *node->object_with_args;
      object.names = Names(HELIOS_PG_LIST(with_args, objname));
      object.has_args = !with_args.args_unspecified;
      for (const Node* parameter : HELIOS_PG_LIST(with_args, objfuncargs)) {
        if (pg::CaseOf(parameter) != PG_QUERY__NODE__NODE_FUNCTION_PARAMETER) continue;
        object.args.push_back(Parameter(*parameter->function_parameter));
      }
      if (!object.args.empty()) break;
      for (const Node* type : HELIOS_PG_LIST(with_args, objargs)) {
        FunctionParameter& parameter = object.args.emplace_back();
        if (pg::CaseOf(type) == PG_QUERY__NODE__NODE_TYPE_NAME) {
          parameter.type = Type(type->type_name);
        }
      }
      break;
    }
    case PG_QUERY__NODE__NODE_LIST:
      for (const Node* item : pg::ItemsOf(node)) {
        if (pg::CaseOf(item) == PG_QUERY__NODE__NODE_TYPE_NAME) {
          object.type = TypeOrNull(item->type_name);
          object.names.insert(object.names.end(), object.type->names.begin(),
                              object.type->names.end());
        } else {
          object.names.push_back(ConstantText(item));
        }
      }
      break;
    default:
      object.names.push_back(ConstantText(node));
      break;
  }
  return object;
}

std::vector<ObjectName> Translator::Objects(Nodes nodes) {
  std::vector<ObjectName> objects;
  for (const Node* node : nodes) objects.push_back(Object(node));
  return objects;
}

DropBehavior Translator::Behavior(PgQuery__DropBehavior behavior) {
  return behavior == PG_QUERY__DROP_BEHAVIOR__DROP_CASCADE ? DropBehavior::kCascade
                                                           : DropBehavior::kRestrict;
}

TransactionModes Translator::Modes(Nodes nodes) {
  TransactionModes modes;
  for (const Node* node : nodes) {
    const Option option = OptionOf(node);
    if (option.name == "transaction_isolation") {
      if (option.text == "read uncommitted") modes.isolation = IsolationLevel::kReadUncommitted;
      if (option.text == "read committed") modes.isolation = IsolationLevel::kReadCommitted;
      if (option.text == "repeatable read") modes.isolation = IsolationLevel::kRepeatableRead;
      if (option.text == "serializable") modes.isolation = IsolationLevel::kSerializable;
    } else if (option.name == "transaction_read_only") {
      modes.read_only = option.integer != 0 ? Choice::kYes : Choice::kNo;
    } else if (option.name == "transaction_deferrable") {
      modes.deferrable = option.integer != 0 ? Choice::kYes : Choice::kNo;
    }
  }
  return modes;
}

ObjectType Translator::ObjectTypeOf(PgQuery__ObjectType type) {
  switch (type) {
#define HELIOS_OBJECT_TYPE(pg_name, name)       \
  case PG_QUERY__OBJECT_TYPE__OBJECT_##pg_name: \
    return ObjectType::name
    HELIOS_OBJECT_TYPE(ACCESS_METHOD, kAccessMethod);
    HELIOS_OBJECT_TYPE(AGGREGATE, kAggregate);
    HELIOS_OBJECT_TYPE(ATTRIBUTE, kAttribute);
    HELIOS_OBJECT_TYPE(CAST, kCast);
    HELIOS_OBJECT_TYPE(COLLATION, kCollation);
    HELIOS_OBJECT_TYPE(COLUMN, kColumn);
    HELIOS_OBJECT_TYPE(CONVERSION, kConversion);
    HELIOS_OBJECT_TYPE(DATABASE, kDatabase);
    HELIOS_OBJECT_TYPE(DOMAIN, kDomain);
    HELIOS_OBJECT_TYPE(DOMCONSTRAINT, kDomainConstraint);
    HELIOS_OBJECT_TYPE(EVENT_TRIGGER, kEventTrigger);
    HELIOS_OBJECT_TYPE(EXTENSION, kExtension);
    HELIOS_OBJECT_TYPE(FDW, kForeignDataWrapper);
    HELIOS_OBJECT_TYPE(FOREIGN_SERVER, kForeignServer);
    HELIOS_OBJECT_TYPE(FOREIGN_TABLE, kForeignTable);
    HELIOS_OBJECT_TYPE(FUNCTION, kFunction);
    HELIOS_OBJECT_TYPE(INDEX, kIndex);
    HELIOS_OBJECT_TYPE(LANGUAGE, kLanguage);
    HELIOS_OBJECT_TYPE(LARGEOBJECT, kLargeObject);
    HELIOS_OBJECT_TYPE(MATVIEW, kMaterializedView);
    HELIOS_OBJECT_TYPE(OPCLASS, kOperatorClass);
    HELIOS_OBJECT_TYPE(OPERATOR, kOperator);
    HELIOS_OBJECT_TYPE(OPFAMILY, kOperatorFamily);
    HELIOS_OBJECT_TYPE(PARAMETER_ACL, kParameter);
    HELIOS_OBJECT_TYPE(POLICY, kPolicy);
    HELIOS_OBJECT_TYPE(PROCEDURE, kProcedure);
    HELIOS_OBJECT_TYPE(PUBLICATION, kPublication);
    HELIOS_OBJECT_TYPE(ROLE, kRole);
    HELIOS_OBJECT_TYPE(ROUTINE, kRoutine);
    HELIOS_OBJECT_TYPE(RULE, kRule);
    HELIOS_OBJECT_TYPE(SCHEMA, kSchema);
    HELIOS_OBJECT_TYPE(SEQUENCE, kSequence);
    HELIOS_OBJECT_TYPE(SUBSCRIPTION, kSubscription);
    HELIOS_OBJECT_TYPE(STATISTIC_EXT, kStatistics);
    HELIOS_OBJECT_TYPE(TABCONSTRAINT, kTableConstraint);
    HELIOS_OBJECT_TYPE(TABLE, kTable);
    HELIOS_OBJECT_TYPE(TABLESPACE, kTablespace);
    HELIOS_OBJECT_TYPE(TRANSFORM, kTransform);
    HELIOS_OBJECT_TYPE(TRIGGER, kTrigger);
    HELIOS_OBJECT_TYPE(TSCONFIGURATION, kTextSearch);
    HELIOS_OBJECT_TYPE(TSDICTIONARY, kTextSearch);
    HELIOS_OBJECT_TYPE(TSPARSER, kTextSearch);
    HELIOS_OBJECT_TYPE(TSTEMPLATE, kTextSearch);
    HELIOS_OBJECT_TYPE(TYPE, kType);
    HELIOS_OBJECT_TYPE(VIEW, kView);
#undef HELIOS_OBJECT_TYPE
    default:
      return ObjectType::kNone;
  }
}

}  // namespace helios::sql
