# One search by the engine: REML or ML, or the equations at held values.

by_likelihood <- function(spec, control) fit_reml_cpp(spec, control)

# The first five as the engine numbers them.
parameter_status <- c("free", "held", "at boundary", "tied", "at bound", "negative", "truncated")
