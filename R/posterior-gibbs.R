sample_gibbs <- function(posterior, mode, settings, readings) abort_gibbs("x", "y")
