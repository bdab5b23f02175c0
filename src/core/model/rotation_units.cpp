// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/model/rotation_units.h"

#include <algorithm>
#include <iterator>
#include <numeric>

#include "core/model/columns.h"

namespace henderson::model {
namespace {

// Records with the same key side by side: by[k] = r, ascending within a key.
template <class Less>
std::vector<SmallIndex> sorted_records(Index n, Less less) {
  std::vector<SmallIndex> by(static_cast<std::size_t>(n));
  std::iota(by.begin(), by.end(), SmallIndex{0});
  std::stable_sort(by.begin(), by.end(), less);
  return by;
}

class UnitFinder {
 public:
  UnitFinder(const ModelSpec& spec, const RandomTerm& term)
      : spec_(spec),
        level_(term.incidence.front().level_of_record),
        rows_(dense_rows(expand(term.incidence.front().terms, spec.n_records(), term.label))) {}

  std::optional<RotationUnits> run() {
    found_.record_scale = Vector::Ones(spec_.n_records());
    if (spec_.residual.empty() && rows_.cols() == 1) {
      if (spec_.weights.size() > 0) found_.record_scale = spec_.weights.cwiseSqrt();
      single_records();
    } else if (spec_.weights.size() > 0) {
      return std::nullopt;
    } else if (!(spec_.residual.empty() ? equal_records() : of_section())) {
      return std::nullopt;
    }
    if (found_.records.empty()) return std::nullopt;
    sort_by_level();
    return std::move(found_);
  }

 private:
  void single_records() {
    std::vector<double> loading;
    for (SmallIndex r = 0; r < static_cast<SmallIndex>(level_.size()); ++r) {
      if (rows_(r, 0) == 0.0) continue;
      found_.records.push_back({r});
      loading.push_back(rows_(r, 0) * found_.record_scale[r]);
    }
    found_.loading = Eigen::Map<const Vector>(loading.data(), static_cast<Index>(loading.size()));
    found_.loading_is_all = true;
  }

  bool less(SmallIndex a, SmallIndex b) const {
    if (position_of(a) != position_of(b)) return position_of(a) < position_of(b);
    for (Index c = 0; c < rows_.cols(); ++c)
      if (rows_(a, c) != rows_(b, c)) return rows_(a, c) < rows_(b, c);
    return false;
  }

  bool same(SmallIndex a, SmallIndex b) const {
    return position_of(a) == position_of(b) && rows_.row(a) == rows_.row(b);
  }

  // Of a residual structure whose positions are independent.
  SmallIndex position_of(SmallIndex record) const {
    return position_.empty() ? 0 : position_[record];
  }

  // Each level has each row of coefficients the same number of times: as often as it has units.
  bool equal_records() {
    const std::vector<SmallIndex> by =
        sorted_records(spec_.n_records(), [&](SmallIndex a, SmallIndex b) {
          return level_[a] != level_[b] ? level_[a] < level_[b] : less(a, b);
        });
    std::vector<SmallIndex> distinct;
    for (auto begin = by.begin(); begin != by.end();) {
      const auto end =
          std::find_if(begin, by.end(), [&](SmallIndex r) { return level_[r] != level_[*begin]; });
      if (distinct.empty()) {
        std::unique_copy(begin, end, std::back_inserter(distinct),
                         [&](SmallIndex a, SmallIndex b) { return same(a, b); });
      }
      if (!add_level(begin, end, distinct)) return false;
      begin = end;
    }
    found_.loading = Vector::Ones(static_cast<Index>(found_.records.size()));
    return true;
  }

  using Records = std::vector<SmallIndex>::const_iterator;

  bool add_level(Records begin, Records end, const std::vector<SmallIndex>& distinct) {
    const auto n = static_cast<std::size_t>(end - begin), n_positions = distinct.size();
    if (n % n_positions != 0) return false;
    const std::size_t n_units = n / n_positions, first = found_.records.size();
    found_.records.resize(first + n_units);
    for (std::size_t k = 0; k < n; ++k) {
      const SmallIndex record = *(begin + static_cast<std::ptrdiff_t>(k));
      if (!same(record, distinct[k / n_units])) return false;
      found_.records[first + k % n_units].push_back(record);
    }
    return true;
  }

  bool of_section() {
    const ResidualSection& section = spec_.residual.front();
    if (spec_.residual.size() > 1 || section.ridge.size() > 0 ||
        static_cast<Index>(section.record.size()) != spec_.n_records())
      return false;
    std::vector<SmallIndex> subjects = section.subject;
    std::sort(subjects.begin(), subjects.end());
    if (std::adjacent_find(subjects.begin(), subjects.end()) != subjects.end())
      return by_subject(section);
    position_.resize(section.record.size());
    for (std::size_t k = 0; k < section.record.size(); ++k)
      position_[section.record[k]] = section.position[k];
    return equal_records();
  }

  // Each subject has one level and a record at each position, with the coefficients of that
  // position.
  bool by_subject(const ResidualSection& section) {
    const std::vector<SmallIndex> by =
        sorted_records(spec_.n_records(), [&](SmallIndex a, SmallIndex b) {
          return section.subject[a] != section.subject[b]
                     ? section.subject[a] < section.subject[b]
                     : section.position[a] < section.position[b];
        });
    std::vector<SmallIndex> positions;  // entries of the first subject
    for (const SmallIndex entry : by) {
      if (section.subject[entry] == section.subject[by.front()]) positions.push_back(entry);
    }
    const std::size_t n = positions.size();
    if (by.size() % n != 0) return false;
    for (std::size_t k = 0; k < by.size(); ++k) {
      const SmallIndex like = positions[k % n], head = by[k - k % n], entry = by[k];
      const SmallIndex record = section.record[entry];
      if (section.subject[entry] != section.subject[head] ||
          section.position[entry] != section.position[like] ||
          level_[record] != level_[section.record[head]] || !same(record, section.record[like]))
        return false;
      if (k % n == 0) found_.records.emplace_back();
      found_.records.back().push_back(record);
    }
    found_.loading = Vector::Ones(static_cast<Index>(found_.records.size()));
    return true;
  }

  void sort_by_level() {
    const auto level_of = [&](SmallIndex unit) { return level_[found_.records[unit].front()]; };
    const std::vector<SmallIndex> by =
        sorted_records(static_cast<Index>(found_.records.size()),
                       [&](SmallIndex a, SmallIndex b) { return level_of(a) < level_of(b); });
    for (const SmallIndex unit : by) {
      if (found_.levels.empty() || found_.levels.back() != level_of(unit)) {
        found_.levels.push_back(level_of(unit));
        found_.of_level.emplace_back();
      }
      found_.of_level.back().push_back(unit);
    }
  }

  const ModelSpec& spec_;
  const std::vector<SmallIndex>& level_;
  const Matrix rows_;
  std::vector<SmallIndex> position_;  // of records that are subjects of their own; else empty
  RotationUnits found_;
};

}  // namespace

Matrix dense_rows(const SparseRows& rows) {
  Matrix found = Matrix::Zero(rows.n_rows(), rows.n_columns);
  for (Index r = 0; r < rows.n_rows(); ++r)
    for (Index k = rows.start[r]; k < rows.start[r + 1]; ++k)
      found(r, rows.column[k]) += rows.value[k];
  return found;
}

std::optional<RotationUnits> rotation_units(const ModelSpec& spec, SmallIndex term) {
  const RandomTerm& own = spec.random[static_cast<std::size_t>(term)];
  if (own.incidence.size() != 1 || spec.pure_error.df > 0.0 || spec.row_counts.size() > 0)
    return std::nullopt;
  return UnitFinder(spec, own).run();
}

}  // namespace henderson::model
