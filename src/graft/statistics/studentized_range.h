// The studentised range of k normal values whose deviation is known (infinite degrees of freedom), from which Nemenyi's
// test of mean ranks is read. k >= 2.
#pragma once

#include <cstdint>

namespace graft::statistics {

double studentized_range_tail(double q, int64_t k);  // P(range >= q)
double studentized_range_quantile(double p, int64_t k);

}  // namespace graft::statistics
