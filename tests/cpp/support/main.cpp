// SPDX-License-Identifier: GPL-3.0-or-later
// The test program. Catch's signal handler needs a constant stack size, which newer C libraries do
// not have.
#define CATCH_CONFIG_NO_POSIX_SIGNALS
#define CATCH_CONFIG_MAIN
#include <catch.h>
