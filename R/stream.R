# Random numbers of a seed, the generator of the session put back afterwards.
with_stream <- function(seed, code) {
  if (!exists(".Random.seed", envir = globalenv(), inherits = FALSE)) stats::runif(1)
  old <- get(".Random.seed", envir = globalenv())
  on.exit(assign(".Random.seed", old, envir = globalenv()))
  set.seed(seed, kind = "L'Ecuyer-CMRG", normal.kind = "Inversion", sample.kind = "Rejection")
  code
}

# A function of n that gives the next n columns of so many standard normal numbers of a seed.
normal_columns <- function(seed, size) {
  state <- with_stream(seed, get(".Random.seed", envir = globalenv()))
  function(n) {
    old <- get(".Random.seed", envir = globalenv())
    on.exit(assign(".Random.seed", old, envir = globalenv()))
    assign(".Random.seed", state, envir = globalenv())
    z <- matrix(stats::rnorm(size * n), size)
    state <<- get(".Random.seed", envir = globalenv())
    z
  }
}
