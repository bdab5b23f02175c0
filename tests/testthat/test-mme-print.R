oats <- as.data.frame(nlme::Oats)
one_term <- lmmfit(yield ~ nitro + (1 | Block), oats, hold = c(Block = 200, residual = 100))
two_terms <- lmmfit(yield ~ nitro + (1 + nitro | Block) + (1 | Block:Variety), oats,
  hold = c(Block.Intercept = 200, Block.Intercept.nitro = 0, Block.nitro = 10,
    `Block:Variety` = 100, residual = 150))

test_that("the equations print in symbols", {
  expect_snapshot(print(mme(one_term), what = "symbols"))
  expect_snapshot(print(mme(two_terms), what = "symbols"))
})

test_that("rows of a singular G show what they are multiplied by", {
  K <- diag(6) + 1
  dimnames(K) <- list(levels(oats$Block), levels(oats$Block))
  clones <- matrix(1, 6, 6, dimnames = dimnames(K))
  both <- lmmfit(yield ~ nitro + (1 + nitro | gr(Block, cov = K)) + (1 | Block:Variety), oats,
    hold = c(Block.Intercept = 4, Block.Intercept.nitro = 2, Block.nitro = 1,
      `Block:Variety` = 0, residual = 150))
  expect_snapshot(print(mme(both), what = "symbols"))
  one <- lmmfit(yield ~ nitro + (1 | gr(Block, cov = clones)), oats,
    hold = c(Block = 200, residual = 100))
  expect_snapshot({
    print(mme(one), what = "symbols")
    toLatex(mme(one))
  })
})

test_that("LaTeX has the block layout, and the numbers of the equations", {
  expect_snapshot(toLatex(mme(one_term)))
  text <- toLatex(mme(one_term), what = "numbers", digits = 6)
  rows <- text[3:10]
  cells <- strsplit(gsub("\\\\cdot", "0", sub(" \\\\\\\\$", "", rows)), " & ")
  numbers <- matrix(as.numeric(unlist(cells)), 8, byrow = TRUE)
  expect_equal(numbers, unname(as.matrix(mme(one_term)$coefficient)), tolerance = 1e-5)
  expect_error(toLatex(mme(two_terms), what = "numbers"), class = "henderson_error_size")
})
