# The engine at many points of the variance parameters: what a sampler calls.

engine_matrices <- function(spec) design_cpp(spec)

# A pointer that lives as long as the sampler; fits never keep one.
posterior_open <- function(spec, threads) posterior_open_cpp(spec, threads)

# values: a column for each point; wanted: list(gradient, covariance, K, log_weights,
# weigh_by_likelihood, z).
engine_points <- function(handle, values, wanted) posterior_points_cpp(handle, values, wanted)

# A draw of all effects given each point, from a column of standard normal numbers for each.
engine_draws <- function(handle, values, z) posterior_draws_cpp(handle, values, z)

# How many numbers a draw takes.
engine_draw_size <- function(handle) posterior_size_cpp(handle)

# The numbers of draws of all effects of a fit with this seed, in the order of its draws.
effect_normals <- function(posterior, seed) {
  normal_columns(seed, engine_draw_size(posterior$handle))
}

# The mean and the variance of K'(beta, u) given each point.
engine_functions <- function(handle, values, K) posterior_functions_cpp(handle, values, K)

# The weighted mean of the prediction error variances given the points.
engine_errors <- function(handle, values, weights) posterior_errors_cpp(handle, values, weights)

# Log densities of groups of records without them, groups x points. groups: list(design, response,
# first); residuals: a column for each point.
engine_left_out <- function(handle, values, groups, residuals) {
  posterior_left_out_cpp(handle, values, groups, residuals)
}
