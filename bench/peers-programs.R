# The programs of peers.R: for each the kinds of model that it can fit. A fit is made from a row and
# its input: `run` is what the clock sees, and `components` gives the variance parameters in
# henderson's order (for coefficients with covariances the lower triangle row by row, residual
# last). What a program needs in another form (a dense A, a design matrix, a copy of a column) is
# made before `run`; an inverse or a decomposition of G is a part of the fit.

# henderson ----------------------------------------------------------------------------------------

henderson_fit <- function(threads) {
  function(row, input) {
    formula <- row$formula
    environment(formula) <- list2env(input, parent = globalenv())
    list(
      run = function() {
        henderson::lmmfit(formula, input$data,
          hold = row$hold, control = henderson::lmm_control(threads = threads)
        )
      },
      components = function(fit) fit$parameters$estimate,
      note = function(fit) {
        sprintf(
          "%d iterations, factor of %s entries%s", fit$convergence$iterations,
          format(fit$equations$n_entries_factor, big.mark = " "),
          if (fit$convergence$status == "converged") "" else paste(",", fit$convergence$status)
        )
      }
    )
  }
}

all_kinds <- function(fit) {
  list(slope = fit, crossed = fit, animal = fit, repeated = fit, genomic = fit)
}

# lme4, glmmTMB, nlme, MCMCglmm --------------------------------------------------------------------

rowwise <- function(covariance) covariance[upper.tri(covariance, diag = TRUE)]

lme4_fit <- function(row, input) {
  list(
    run = function() lme4::lmer(row$formula, input$data),
    components = function(fit) {
      terms <- lme4::VarCorr(fit)
      c(unlist(lapply(terms[row$groups], rowwise)), attr(terms, "sc")^2)
    }
  )
}

glmmtmb_fit <- function(row, input) {
  list(
    run = function() glmmTMB::glmmTMB(row$formula, input$data, REML = TRUE),
    components = function(fit) {
      terms <- glmmTMB::VarCorr(fit)$cond
      c(unlist(lapply(terms[row$groups], rowwise)), attr(terms, "sc")^2)
    }
  )
}

nlme_fit <- function(row, input) {
  random <- stats::setNames(list(row$random), row$groups)
  list(
    run = function() nlme::lme(row$fixed, input$data, random),
    components = function(fit) c(rowwise(as.matrix(nlme::getVarCov(fit))), fit$sigma^2)
  )
}

# The default length of its chain, 13 000; the components are posterior means. On the crossed
# designs
# and the repeated records a chain takes far longer than any REML fit: left out.
mcmcglmm_fit <- function(random, ginverse = function(row, input) NULL) {
  function(row, input) {
    data <- with_permanent(row, input$data)
    terms <- random(row)
    relationship <- ginverse(row, input)
    # Its default prior is too weak for coefficients with covariances.
    size <- if (row$kind == "slope") ncol(stats::model.matrix(row$random, data)) else 1L
    weak <- list(V = diag(size), nu = if (size == 1L) 0.002 else size)
    prior <- list(R = list(V = 1, nu = 0.002), G = rep(list(weak), length(row$groups)))
    names(prior$G) <- paste0("G", seq_along(prior$G))
    list(
      run = function() {
        MCMCglmm::MCMCglmm(row$fixed, terms,
          prior = prior, ginverse = relationship, data = data, verbose = FALSE
        )
      },
      components = function(fit) {
        means <- colMeans(fit$VCV)
        if (row$kind != "slope") return(means)
        last <- length(means)
        c(rowwise(matrix(means[-last], sqrt(last - 1))), means[last])
      }
    )
  }
}

# Sparse equations with relationships --------------------------------------------------------------

random_columns <- function(row) {
  stats::reformulate(if (is.null(row$columns)) row$groups else row$columns)
}

slope_term <- function(row) {
  stats::as.formula(sprintf("~ us(%s):%s", deparse1(row$random[[2L]]), row$groups))
}

# A second column with the same animals, for programs that want one for each term.
with_permanent <- function(row, data) {
  if (row$kind == "repeated") data$permanent <- data$animal
  data
}

given_inverse <- function(row, input) if (is.null(input$Ainv)) NULL else list(animal = input$Ainv)

inverse_of_g <- function(input, sparse = TRUE) {
  inverse <- chol2inv(chol(input$G))
  dimnames(inverse) <- dimnames(input$G)
  if (sparse) methods::as(methods::as(inverse, "CsparseMatrix"), "generalMatrix") else inverse
}

# gremlin evaluates parts of its call, so the formulas themselves stand in it.
gremlin_fit <- function(row, input) {
  data <- with_permanent(row, input$data)
  call <- bquote(gremlin::gremlin(.(row$fixed),
    random = .(random_columns(row)), data = data, ginverse = ginverse, v = 0
  ))
  list(
    run = function() {
      ginverse <- given_inverse(row, input)
      if (row$kind == "genomic") ginverse <- list(line = inverse_of_g(input))
      eval(call)
    },
    components = function(fit) summary(fit)$varcompSummary[, "Estimate"]
  )
}

lmmsolver_fit <- function(row, input) {
  data <- with_permanent(row, input$data)
  given <- given_inverse(row, input)
  if (!is.null(given)) {
    given <- LMMsolver::as.ginverse(
      lapply(given, spam::as.spam.dgCMatrix), levels = lapply(given, rownames)
    )
  }
  list(
    run = function() {
      ginverse <- if (row$kind == "genomic") {
        LMMsolver::as.ginverse(list(line = inverse_of_g(input, sparse = FALSE)))
      } else {
        given
      }
      LMMsolver::LMMsolve(row$fixed, random_columns(row), ginverse = ginverse, data = data)
    },
    components = function(fit) summary(fit, which = "variances")$Variance
  )
}

# Dense relationship -------------------------------------------------------------------------------

# K with a row for each record, in the order of the records (all rows here have one record a level).
dense_k <- function(input) {
  if (is.null(input$G)) as.matrix(Matrix::solve(input$Ainv)) else input$G
}

gaston_fit <- function(by_eigen) {
  function(row, input) {
    K <- dense_k(input)
    y <- input$data$y
    X <- stats::model.matrix(row$fixed, input$data)
    list(
      run = function() {
        if (by_eigen) {
          gaston::lmm.diago(y, X, eigen(K, symmetric = TRUE), verbose = FALSE)
        } else {
          gaston::lmm.aireml(y, X, K, verbose = FALSE)
        }
      },
      components = function(fit) c(fit$tau, fit$sigma2)
    )
  }
}

rrblup_fit <- function(row, input) {
  K <- dense_k(input)
  y <- input$data$y
  X <- stats::model.matrix(row$fixed, input$data)
  list(
    run = function() rrBLUP::mixed.solve(y, K = K, X = X),
    components = function(fit) c(fit$Vu, fit$Ve)
  )
}

# The table of programs ----------------------------------------------------------------------------

# `blas`: threads of the BLAS, if not as many as it takes. `largest`: more levels are not tried; a
# dense K of 10^4 levels, or a chain, takes many minutes.

bench_programs <- list(
  `henderson, 1 thread` = list(
    package = "henderson", fits = all_kinds(henderson_fit(1L)), blas = 1L
  ),
  `henderson, 2 threads` = list(package = "henderson", fits = all_kinds(henderson_fit(2L))),
  lme4 = list(package = "lme4", fits = list(slope = lme4_fit, crossed = lme4_fit)),
  nlme = list(package = "nlme", fits = list(slope = nlme_fit)),
  glmmTMB = list(package = "glmmTMB", fits = list(slope = glmmtmb_fit, crossed = glmmtmb_fit)),
  gremlin = list(
    package = "gremlin",
    fits = list(
      crossed = gremlin_fit, animal = gremlin_fit, repeated = gremlin_fit, genomic = gremlin_fit
    )
  ),
  LMMsolver = list(
    package = "LMMsolver",
    fits = list(
      crossed = lmmsolver_fit, animal = lmmsolver_fit, repeated = lmmsolver_fit,
      genomic = lmmsolver_fit
    )
  ),
  MCMCglmm = list(
    package = "MCMCglmm", largest = 1000,
    fits = list(
      slope = mcmcglmm_fit(slope_term),
      animal = mcmcglmm_fit(random_columns, given_inverse)
    )
  ),
  `gaston, AI-REML` = list(
    package = "gaston", largest = 5000,
    fits = list(animal = gaston_fit(FALSE), genomic = gaston_fit(FALSE))
  ),
  `gaston, eigen` = list(
    package = "gaston", largest = 5000,
    fits = list(animal = gaston_fit(TRUE), genomic = gaston_fit(TRUE))
  ),
  rrBLUP = list(
    package = "rrBLUP", largest = 5000, fits = list(animal = rrblup_fit, genomic = rrblup_fit)
  )
)
