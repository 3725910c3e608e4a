#pragma once

#include <fmt/core.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "base/error_codes.h"

namespace helios {

// What a client is told about an error. Empty strings and a position of 0 mean "not said". The
// fields are those of PostgreSQL's ErrorResponse.
struct ErrorInfo {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;  // Short, lower case, no full stop.
  std::string detail;   // Whole sentences.
  std::string hint;     // Whole sentences: what to do.
  std::string context;  // Where it happened, as in "COPY t, line 3, column a: ...".
  int position = 0;     // Character index in the statement's text, from 1.
  std::string schema;
  std::string table;
  std::string column;
  std::string datatype;
  std::string constraint;
};

// Success, or an error with its description. One pointer wide; success allocates nothing.
//
// Thread safety: as a value type.
class [[nodiscard]] Status {
 public:
  Status() = default;
  explicit Status(ErrorInfo info) : info_(std::make_unique<ErrorInfo>(std::move(info))) {}
  Status(const Status& other)
      : info_(other.info_ ? std::make_unique<ErrorInfo>(*other.info_) : nullptr) {}
  Status(Status&&) noexcept = default;
  Status& operator=(const Status& other) {
    if (this != &other) info_ = other.info_ ? std::make_unique<ErrorInfo>(*other.info_) : nullptr;
    return *this;
  }
  Status& operator=(Status&&) noexcept = default;

  static Status Ok() { return Status(); }

  bool ok() const { return info_ == nullptr; }

  // Requires: !ok().
  ErrorCode code() const { return info().code; }
  const ErrorInfo& info() const {
    HELIOS_CHECK(info_ != nullptr);
    return *info_;
  }
  ErrorInfo& mutable_info() {
    HELIOS_CHECK(info_ != nullptr);
    return *info_;
  }

  bool Is(ErrorCode code) const { return info_ != nullptr && info_->code == code; }

  // "OK", or "ERROR 42P01: relation \"t\" does not exist" with detail and hint, for logs and tests.
  std::string ToString() const;

 private:
  std::unique_ptr<ErrorInfo> info_;
};

// Builds an error: `return Error(ErrorCode::kDivisionByZero).Message("division by zero");`
// Converts to Status and to any Result<T>.
class [[nodiscard]] Error {
 public:
  explicit Error(ErrorCode code) { info_.code = code; }

  template <typename... Args>
  Error&& Message(fmt::format_string<Args...> format, Args&&... args) && {
    info_.message = fmt::format(format, std::forward<Args>(args)...);
    return std::move(*this);
  }
  template <typename... Args>
  Error&& Detail(fmt::format_string<Args...> format, Args&&... args) && {
    info_.detail = fmt::format(format, std::forward<Args>(args)...);
    return std::move(*this);
  }
  template <typename... Args>
  Error&& Hint(fmt::format_string<Args...> format, Args&&... args) && {
    info_.hint = fmt::format(format, std::forward<Args>(args)...);
    return std::move(*this);
  }
  // A byte offset from 0 is not a position: pass a character index from 1, or 0 for none.
  Error&& Position(int character_position) && {
    info_.position = character_position;
    return std::move(*this);
  }
  Error&& Context(std::string context) && {
    info_.context = std::move(context);
    return std::move(*this);
  }
  Error&& Schema(std::string_view name) && {
    info_.schema = name;
    return std::move(*this);
  }
  Error&& Table(std::string_view name) && {
    info_.table = name;
    return std::move(*this);
  }
  Error&& Column(std::string_view name) && {
    info_.column = name;
    return std::move(*this);
  }
  Error&& DataType(std::string_view name) && {
    info_.datatype = name;
    return std::move(*this);
  }
  Error&& Constraint(std::string_view name) && {
    info_.constraint = name;
    return std::move(*this);
  }

  operator Status() && { return Status(std::move(info_)); }  // NOLINT: conversion is the purpose.
  Status ToStatus() && { return Status(std::move(info_)); }

 private:
  ErrorInfo info_;
};

// A value of type T, or the Status that says why there is none.
//
// Thread safety: as a value type. Reading the value of an error stops the process.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : value_(std::move(value)) {}         // NOLINT: conversion is the purpose.
  Result(Status status) : status_(std::move(status)) {  // NOLINT
    HELIOS_CHECK(!status_.ok());
  }
  Result(Error&& error) : status_(std::move(error).ToStatus()) {}  // NOLINT

  // From anything that T is made from, so that a function may return a derived unique_ptr.
  template <typename U>
  requires(std::is_convertible_v<U&&, T> && !std::is_same_v<std::decay_t<U>, T> &&
           !std::is_same_v<std::decay_t<U>, Status> && !std::is_same_v<std::decay_t<U>, Error> &&
           !std::is_same_v<std::decay_t<U>, Result<T>>) Result(U&& value)  // NOLINT
      : value_(std::forward<U>(value)) {}

  bool ok() const { return value_.has_value(); }
  const Status& status() const& { return status_; }
  Status status() && { return std::move(status_); }

  T& value() & {
    HELIOS_CHECK(value_.has_value());
    return *value_;
  }
  const T& value() const& {
    HELIOS_CHECK(value_.has_value());
    return *value_;
  }
  T value() && {
    HELIOS_CHECK(value_.has_value());
    return std::move(*value_);
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

 private:
  std::optional<T> value_;
  Status status_;
};

namespace internal {
inline Status TakeStatus(Status status) { return status; }
template <typename T>
Status TakeStatus(Result<T>&& result) {
  return std::move(result).status();
}
}  // namespace internal

}  // namespace helios

#define HELIOS_INTERNAL_CONCAT_(a, b) a##b
#define HELIOS_INTERNAL_CONCAT(a, b) HELIOS_INTERNAL_CONCAT_(a, b)

// HELIOS_TRY(expression): returns from the function when the Status or Result is an error.
// HELIOS_TRY(declaration, expression): the same, else initialises the declaration with the value.
#define HELIOS_TRY(...)                                                                        \
  HELIOS_INTERNAL_TRY_PICK(__VA_ARGS__, HELIOS_INTERNAL_TRY_VALUE, HELIOS_INTERNAL_TRY_STATUS) \
  (__VA_ARGS__)
#define HELIOS_INTERNAL_TRY_PICK(a, b, macro, ...) macro
#define HELIOS_INTERNAL_TRY_STATUS(expression)                             \
  do {                                                                     \
    auto helios_try_result = (expression);                                 \
    if (!helios_try_result.ok()) [[unlikely]]                              \
      return ::helios::internal::TakeStatus(std::move(helios_try_result)); \
  } while (false)
#define HELIOS_INTERNAL_TRY_VALUE(declaration, expression) \
  HELIOS_INTERNAL_TRY_VALUE_(declaration, expression,      \
                             HELIOS_INTERNAL_CONCAT(helios_try_result_, __COUNTER__))
#define HELIOS_INTERNAL_TRY_VALUE_(declaration, expression, result) \
  auto result = (expression);                                       \
  if (!result.ok()) [[unlikely]]                                    \
    return ::helios::internal::TakeStatus(std::move(result));       \
  declaration = std::move(result).value()
