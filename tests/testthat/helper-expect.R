# Expectations for numbers. Each names what was compared and prints the worst entry.

# |found - expected| <= tolerance, entry by entry.
expect_within <- function(found, expected, tolerance, what) {
  found <- unname(found)
  expected <- unname(expected)
  if (length(found) != length(expected) || anyNA(found) != anyNA(expected)) {
    return(expect(FALSE, sprintf(
      "%s: found %s, expected %s", what, toString(signif(found, 8)), toString(signif(expected, 8))
    )))
  }
  excess <- abs(found - expected) / rep_len(pmax(tolerance, 1e-300), length(found))
  excess[is.na(found) & is.na(expected)] <- 0
  excess[found == expected] <- 0
  worst <- which.max(excess)
  expect(all(excess <= 1), sprintf(
    "%s: entry %d is %.12g, expected %.12g, off by %.3g (%.3g of the tolerance)", what, worst,
    found[worst], expected[worst], abs(found - expected)[worst], excess[worst]
  ))
  invisible(found)
}

# |found - expected| <= tolerance * |expected|, where an entry counts as at least `scale`: an effect
# near zero is judged by its standard error, a BLUP by the largest of its term.
expect_relative <- function(found, expected, tolerance, what, scale = 0) {
  expect_within(found, expected, tolerance * pmax(abs(expected), scale), what)
}

# `found` may be lower (a better optimum), never higher than `expected` by more than `tolerance`.
expect_no_higher <- function(found, expected, tolerance, what) {
  expect(found <= expected + tolerance, sprintf(
    "%s: %.10g is higher than %.10g by %.3g", what, found, expected, found - expected
  ))
  invisible(found)
}
