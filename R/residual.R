# The table of residual structures: the name that the engine knows, and the names of the parameters.
residual_structures <- list(
  iid = list(label = "independent, one variance", parameters = function() "residual")
)

# From `~ iid` to list(structure = "iid").
parse_residual <- function(residual) {
  known <- paste("~", names(residual_structures))
  if (!inherits(residual, "formula") || length(residual) != 2L) abort_residual(residual, known)
  structure <- residual[[2L]]
  if (is.call(structure) && length(structure) == 1L) structure <- structure[[1L]]
  if (!is.symbol(structure) || is.null(residual_structures[[as.character(structure)]])) {
    abort_residual(residual, known)
  }
  list(structure = as.character(structure))
}
