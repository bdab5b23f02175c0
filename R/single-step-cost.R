# What relationships of single-step evaluation take, from the numbers of animals and markers.

# list(effects, operator_bytes, formed_bytes, pairs, dense): numbers of markers; bytes of the
# operator with its preconditioner, and of H^-1 as a matrix; genotypes, and entries of the dense
# blocks of H^-1.
single_step_cost <- function(spec) {
  costs <- lapply(Filter(is_step_term, spec$random), function(term) {
    n <- as.double(length(term$relationship$genotyped))
    m <- as.double(length(term$relationship$columns))
    sampled <- min(n, 4000)
    is_packed <- is.list(term$relationship$genotypes) || is.integer(term$relationship$genotypes)
    genotypes <- if (is_packed) 16 * ceiling(n / 64) * m else 8 * n * m
    list(effects = m, operator_bytes = genotypes + 8 * (2 * sampled^2 + 64 * n + 30 * m),
      formed_bytes = 8 * 6 * n^2, pairs = n * m, dense = n * (n + 1) / 2)
  })
  Reduce(function(a, b) Map(`+`, a, b), costs)
}

# The same model without its markers, whose equations have a pattern.
with_descent_alone <- function(spec) {
  spec$random <- lapply(spec$random, function(term) {
    if (is_step_term(term)) {
      term$relationship <- list(type = "pedigree", pedigree = term$relationship$descent)
    }
    term
  })
  spec
}

# With what the genotypes add: to a round two passes over them at so many seconds a genotype, to a
# factor one dense front.
with_single_step <- function(cost, spec, seconds) {
  own <- single_step_cost(spec)
  passes <- 2 * own$pairs * seconds
  front <- 2 * own$dense
  cost$n_equations <- cost$n_equations + own$effects
  cost$round_bytes <- cost$round_bytes + own$operator_bytes
  cost$round_flops <- cost$round_flops + 4 * own$pairs
  cost$product_seconds <- cost$product_seconds + passes
  cost$factor_entries <- cost$factor_entries + own$dense
  cost$factor_bytes <- cost$factor_bytes + own$formed_bytes
  cost$factor_flops <- cost$factor_flops + front^1.5 / 3
  cost$inverse_flops <- cost$inverse_flops + 2 * front^1.5 / 3
  cost
}
