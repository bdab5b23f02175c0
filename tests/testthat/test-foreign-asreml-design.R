# Columns as levels, two factors with one effect, and what else ASReml's formulas say of incidence.

set.seed(1)
plots <- trial
plots[paste0("z", 1:4)] <- matrix(rnorm(4 * nrow(trial)), ncol = 4)
plots$Z <- as.matrix(plots[paste0("z", 1:4)])
plots$yield <- plots$yield + as.vector(plots$Z %*% c(1, -1, 0.5, 0.2))
loglik <- function(fit) as.numeric(logLik(fit))
asreml <- function(..., fixed = yield ~ env) {
  suppressMessages(lmmfit(fixed = fixed, data = plots, ...))
}
own <- function(formula, ...) suppressMessages(lmmfit(formula, data = plots, ...))
refused <- function(expression, text) {
  expect_error(suppressMessages(expression), text, class = "henderson_error_foreign")
}

test_that("mm() of a matrix has a level for each column: its covariance is ZZ'", {
  fit <- own(yield ~ env + (1 | line) + (1 | mm(Z)))
  plots$record <- factor(seq_len(nrow(plots)))
  K <- tcrossprod(plots$Z)
  dimnames(K) <- list(plots$record, plots$record)
  suppressMessages({
    by_record <- lmmfit(yield ~ env + (1 | line) + (1 | gr(record, cov = K)), plots)
  })
  expect_equal(loglik(fit), loglik(by_record), tolerance = 1e-8)
  expect_identical(row.names(ranef(fit)$Z), paste0("z", 1:4))
  kept <- !is.na(plots$yield)
  expect_equal(as.vector(plots$Z[kept, ] %*% ranef(fit)$Z[[1L]]),
    ranef(by_record)$record[as.character(plots$record[kept]), ], tolerance = 1e-4)
  # New rows take their columns with them.
  expect_equal(predict(fit, plots[2:4, ]), fitted(fit)[c("2", "3", "4")])
  expect_error(own(yield ~ env + (1 | mm(line))), "no numeric matrix", class = "henderson_error")
})

test_that("grp() and mbf()", {
  same <- loglik(own(yield ~ env + (1 | line) + (1 | mm(Z))))
  expect_equal(loglik(asreml(random = ~ line + grp(Q), group = list(Q = paste0("z", 1:4)))), same)
  expect_equal(loglik(asreml(random = ~ line + idv(grp(Q)),
    group = list(Q = match("z1", names(plots)) + 0:3))), same)
  K <- diag(4) + 0.3
  dimnames(K) <- list(paste0("z", 1:4), paste0("z", 1:4))
  related <- asreml(fixed = yield ~ env, random = ~ vm(grp(Q), K),
    group = list(Q = paste0("z", 1:4)))
  expect_equal(loglik(related),
    loglik(suppressMessages(lmmfit(yield ~ env + (1 | mm(Z, cov = K)), plots))))
  markers <- data.frame(id = levels(plots$line), matrix(rnorm(24 * 5), 24))
  G <- tcrossprod(as.matrix(markers[-1L]))
  dimnames(G) <- list(markers$id, markers$id)
  bases <- list(snp = list(key = c("line", "id"), cov = "markers"))
  by_name <- suppressMessages(lmmfit(yield ~ env, random = ~ mbf(snp), mbf = bases, data = plots))
  expect_equal(loglik(by_name),
    loglik(suppressMessages(lmmfit(yield ~ env + (1 | gr(line, cov = G)), plots))),
    tolerance = 1e-8)
  bases$snp$cov <- markers[-1L, ]
  refused(asreml(random = ~ mbf(snp), mbf = bases), "no row for \"L01\"")
  refused(asreml(random = ~ grp(Q), group = list(Q = "none")), "no column none")
  refused(asreml(random = ~ grp(Q), group = list(Q = "line")), "not numeric")
  refused(asreml(random = ~ grp(Q), group = 3), "no list")
  refused(asreml(random = ~ grp(Q)), "not known")
})

test_that("and() lays the levels of a second factor over the first", {
  set.seed(2)
  cross <- expand.grid(p1 = letters[1:6], p2 = letters[1:6])
  cross$y <- rnorm(6)[cross$p1] + rnorm(36)
  cross$e <- gl(2, 18)
  A <- diag(6) * 0.8 + 0.2
  dimnames(A) <- list(letters[1:6], letters[1:6])
  fit <- function(...) suppressMessages(loglik(lmmfit(data = cross, ...)))
  expect_equal(fit(y ~ 1, random = ~ id(p1) + and(id(p2))), fit(y ~ (1 | mm(p1, p2))))
  expect_equal(fit(y ~ 1, random = ~ p1 + and(p2, -1)),
    fit(y ~ (1 | mm(p1, p2, weights = c(1, -1)))))
  expect_equal(fit(y ~ 1, random = ~ vm(p1, A) + and(vm(p2, A))),
    fit(y ~ (1 | mm(p1, p2, cov = A))))
  expect_equal(fit(y ~ e, random = ~ diag(e):p1 + and(diag(e):p2)),
    fit(y ~ e + diag(e | mm(p1, p2))))
  refused(fit(y ~ 1, random = ~ and(p2)), "no term stands before")
  refused(fit(y ~ 1, random = ~ p1 + and(e:p2)), "another factor")
  refused(fit(y ~ 1, random = ~ vm(p1, A) + and(p2)), "relationship")
})

test_that("con(), mv and sparse", {
  sums <- asreml(fixed = yield ~ env + con(rep))
  expect_equal(fixef(sums), fixef(own(yield ~ env + rep, contrasts = list(rep = "contr.sum"))))
  refused(asreml(fixed = yield ~ con(rep), contrasts = list(rep = "contr.sum")), "others")
  alone <- loglik(own(yield ~ env + (1 | line)))
  expect_equal(loglik(asreml(fixed = yield ~ mv + env, random = ~line)), alone)
  expect_equal(loglik(asreml(random = ~ line + mv)), alone)
  expect_equal(loglik(asreml(random = ~line, sparse = ~mv)), alone)
  expect_equal(loglik(asreml(random = ~line, sparse = ~ rep + mv)),
    loglik(own(yield ~ env + rep + (1 | line))))
  # A column of this name is one.
  plots$mv <- seq_len(nrow(plots))
  expect_match(names(fixef(lmmfit(yield ~ mv, REML = TRUE, plots))), "mv", all = FALSE)
  refused(asreml(sparse = "rep"), "one side")
})
