/* SPDX-License-Identifier: BSD-2-Clause */
/* Includes Python.h as its manual demands: before standard headers, and with PY_SSIZE_T_CLEAN. */
#ifndef WORKER_BASE_PYTHON_H
#define WORKER_BASE_PYTHON_H

#define PY_SSIZE_T_CLEAN
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#include <Python.h>
#pragma GCC diagnostic pop

#endif
