// The syntax tree: one for every SQL dialect. Front ends produce it, the binder reads it, deparse.h
// prints it, ast_util.h copies, compares and walks it.
#pragma once

#include "sql/ast_maintenance.h"  // Which includes, step by step, all the others.
