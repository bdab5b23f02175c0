// SPDX-License-Identifier: GPL-3.0-or-later
// Entries and operations of the factor in the order of approximate minimum degree and in that of
// nested dissection by METIS, on the problem families of the engine. Needs METIS 5:
//   PROGRAM=orderings LIBS=-lmetis sh bench/kernels.sh
#include <metis.h>
#include <time.h>

#include <cstdio>
#include <functional>
#include <string>

#include "core/linalg/symbolic.h"
#include "families.h"

namespace {

using namespace henderson;
using namespace henderson::linalg;
using namespace henderson::bench;

double now() {
  timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

// place[i] = k: METIS eliminates row i as number k.
std::vector<idx_t> nested_dissection(const LowerPattern& pattern) {
  idx_t n = pattern.n;
  std::vector<std::vector<idx_t>> neighbours(n);
  for (SmallIndex j = 0; j < n; ++j)
    for (Index k = pattern.start[j]; k < pattern.start[j + 1]; ++k)
      if (pattern.row[k] != j) {
        neighbours[j].push_back(pattern.row[k]);
        neighbours[pattern.row[k]].push_back(j);
      }
  std::vector<idx_t> start{0}, rows, order(n), place(n);
  for (const auto& own : neighbours) {
    rows.insert(rows.end(), own.begin(), own.end());
    start.push_back(static_cast<idx_t>(rows.size()));
  }
  idx_t options[METIS_NOPTIONS];
  METIS_SetDefaultOptions(options);
  options[METIS_OPTION_SEED] = 1;
  METIS_NodeND(&n, start.data(), rows.data(), nullptr, options, order.data(), place.data());
  return place;
}

LowerPattern permuted(const LowerPattern& pattern, const std::vector<idx_t>& place) {
  std::vector<std::vector<SmallIndex>> columns(pattern.n);
  for (SmallIndex j = 0; j < pattern.n; ++j)
    for (Index k = pattern.start[j]; k < pattern.start[j + 1]; ++k) {
      const SmallIndex a = place[j], b = place[pattern.row[k]];
      columns[std::min(a, b)].push_back(std::max(a, b));
    }
  LowerPattern out;
  out.n = pattern.n;
  out.start.push_back(0);
  for (auto& column : columns) {
    std::sort(column.begin(), column.end());
    out.row.insert(out.row.end(), column.begin(), column.end());
    out.start.push_back(static_cast<Index>(out.row.size()));
  }
  return out;
}

void show(const std::string& name, const char* order, const LowerPattern& pattern,
          AnalyzeOptions::Ordering ordering, double begin) {
  AnalyzeOptions options;
  options.ordering = ordering;
  const auto symbolic = analyze(pattern, options);
  std::printf("%-14s %-6s %9.2f %12.3f %12.3f %9.2f\n", name.c_str(), order,
              1e-6 * symbolic->factor_entries(), 1e-9 * symbolic->factor_flops(),
              1e-9 * symbolic->inverse_flops(), now() - begin);
  std::fflush(stdout);
}

}  // namespace

int main() {
  const std::pair<std::string, std::function<Lower()>> families[] = {
      {"pedigree 10^4", [] { return pedigree(10000); }},
      {"pedigree 10^5", [] { return pedigree(100000); }},
      {"crossed", [] { return crossed(5000, 2000, 100000); }},
      {"insteval", [] { return crossed(2972, 1128, 73421); }},
      {"grid 300^2", [] { return grid(300); }}};
  std::printf("%-14s %-6s %9s %12s %12s %9s\n", "family", "order", "Mentries", "factor GFlop",
              "inverse", "seconds");
  for (const auto& [name, make] : families) {
    const LowerPattern pattern = make().pattern;
    show(name, "AMD", pattern, AnalyzeOptions::Ordering::amd, now());
    const double begin = now();
    show(name, "METIS", permuted(pattern, nested_dissection(pattern)),
         AnalyzeOptions::Ordering::natural, begin);
  }
  return 0;
}
