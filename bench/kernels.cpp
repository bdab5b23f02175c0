// SPDX-License-Identifier: GPL-3.0-or-later
// Speed of the sparse kernel on the problem families of the engine: operations, seconds and GFlop/s
// of the factor and the selected inverse, and both as a fraction of the kernel's own best matrix
// product in the same run; processor seconds with one thread, so that a busy machine hardly
// matters. See kernels.sh. Usage: kernels [threads] [family] [directory to write the matrices to,
// for kernels-cholmod.R]
#include <time.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <string>

#include "core/linalg/selected_inverse.h"
#include "families.h"

namespace {

using namespace henderson;
using namespace henderson::linalg;
using namespace henderson::bench;

// With one thread, seconds of the processor, which a busy machine hardly changes; with several,
// seconds of the clock.
clockid_t clock_in_use = CLOCK_PROCESS_CPUTIME_ID;

double now() {
  timespec time;
  clock_gettime(clock_in_use, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

double seconds_of(const std::function<void()>& work) {
  const double begin = now();
  work();
  return now() - begin;
}

// The best of several products of order 1500, in GFlop/s.
double best_product() {
  const Index n = 1500;
  const Matrix a = Matrix::Constant(n, n, 0.5), b = Matrix::Constant(n, n, 0.25);
  Matrix c = Matrix::Zero(n, n);
  kernels::Scratch scratch;
  scratch.reserve(n, n);
  double best = 1e9;
  for (int round = 0; round < 5; ++round)
    best = std::min(best, seconds_of([&] {
                      kernels::gemm(n, n, n, 1, a.data(), n, b.data(), n, c.data(), n, scratch);
                    }));
  return 2e-9 * n * n * n / best;
}

void write(const Lower& c, const std::string& file) {
  std::ofstream out(file, std::ios::binary);
  const std::vector<double> head = {static_cast<double>(c.pattern.n),
                                    static_cast<double>(c.value.size())};
  const std::vector<int> start(c.pattern.start.begin(), c.pattern.start.end());
  out.write(reinterpret_cast<const char*>(head.data()), 16);
  out.write(reinterpret_cast<const char*>(start.data()),
            4 * static_cast<std::streamsize>(start.size()));
  out.write(reinterpret_cast<const char*>(c.pattern.row.data()),
            4 * static_cast<std::streamsize>(c.value.size()));
  out.write(reinterpret_cast<const char*>(c.value.data()),
            8 * static_cast<std::streamsize>(c.value.size()));
}

void measure(const std::string& name, const Lower& c, int threads, double best) {
  std::shared_ptr<const SymbolicFactor> symbolic;
  const double analysis = seconds_of([&] { symbolic = analyze(c.pattern, {}); });
  const std::vector<Index> position = symbolic->positions(c.pattern);
  Panels panels(symbolic);
  Callbacks callbacks;
  double factor = 1e9, inverse = 1e9, log_determinant = 0, trace = 0;
  for (int round = 0; round < 3; ++round) {
    panels.set_zero();
    for (std::size_t k = 0; k < position.size(); ++k) panels.data()[position[k]] = c.value[k];
    std::variant<CholeskyFactor, NotPositiveDefinite> result =
        NotPositiveDefinite{0, 0, Panels(analyze({0, {0}, {}}, {}))};
    factor = std::min(
        factor, seconds_of([&] { result = factorize(std::move(panels), {threads}, callbacks); }));
    if (std::holds_alternative<NotPositiveDefinite>(result)) {
      std::printf("%s: not positive definite\n", name.c_str());
      return;
    }
    log_determinant = std::get<CholeskyFactor>(result).log_determinant();
    inverse = std::min(inverse, seconds_of([&] {
                         SelectedInverse z =
                             selected_inverse(std::get<CholeskyFactor>(std::move(result)),
                                              {threads, false}, callbacks);
                         trace = 0;
                         for (SmallIndex j = 0; j < c.pattern.n; ++j)
                           trace += z[position[c.pattern.start[j]]];
                         panels = std::move(z).release();
                       }));
  }
  const double gf = 1e-9 * symbolic->factor_flops(), gi = 1e-9 * symbolic->inverse_flops();
  std::printf(
      "%-10s %8d %9d %7.2f %8.3f | %8.3f %8.4f %6.1f %5.0f%% | %8.3f %8.4f %6.1f %5.0f%% | %.12g "
      "%.12g\n",
      name.c_str(), c.pattern.n, symbolic->n_supernodes(), 1e-6 * symbolic->factor_entries(),
      analysis, gf, factor, gf / factor, 100 * gf / factor / best, gi, inverse, gi / inverse,
      100 * gi / inverse / best, log_determinant, trace);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  const int threads = argc > 1 ? std::atoi(argv[1]) : 1;
  const std::string family = argc > 2 ? argv[2] : "all";
  const std::map<std::string, std::function<Lower()>> families = {
      {"pedigree", [] { return pedigree(100000); }},
      {"crossed", [] { return crossed(5000, 2000, 100000); }},
      {"grid", [] { return grid(300); }},
      {"dense", [] { return dense(4000); }},
      {"insteval", [] { return crossed(2972, 1128, 73421); }}};
  if (threads > 1) clock_in_use = CLOCK_MONOTONIC;
  const double best = best_product();
  std::printf("kernels: %s, best product %.1f GFlop/s, %d thread(s)\n", kernels::version(), best,
              threads);
  std::printf(
      "%-10s %8s %9s %7s %8s | %8s %8s %6s %6s | %8s %8s %6s %6s | log determinant, trace of the "
      "inverse\n",
      "family", "n", "supernodes", "Mentry", "analyze", "GFlop", "factor", "GF/s", "best", "GFlop",
      "inverse", "GF/s", "best");
  for (const auto& [name, make] : families)
    if (family == "all" || family == name) {
      const Lower c = make();
      if (argc > 3) write(c, std::string(argv[3]) + "/" + name + ".bin");
      measure(name, c, threads, best);
    }
  return 0;
}
