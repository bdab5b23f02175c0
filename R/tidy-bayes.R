# Tables of broom for fits by Bayes: posterior means, standard deviations and quantiles.

#' @rdname tidy.lmmfit
#' @export
tidy.lmmfit_bayes <- function(x, effects = c("fixed", "ran_pars"), conf.int = FALSE,
                              conf.level = 0.95, scales = c("sdcor", "vcov"), ...) {
  check_unused(...)
  effects <- check_tidy_effects(effects)
  scales <- check_choice(scales, c("sdcor", "vcov"), "scales")
  level <- check_level(conf.level, "conf.level")
  makers <- list(
    fixed = function() tidy_posterior("fixed", fixed_posterior(x, level)),
    ran_pars = function() tidy_parameters(x, scales, TRUE, level, "Wald"),
    ran_vals = function() tidy_effects(x, FALSE, level),
    ran_coefs = function() tidy_coefficients(x)
  )
  tables <- lapply(makers[unique(effects)], function(make) make())
  columns <- intersect(tidy_columns, unlist(lapply(tables, names)))
  if (!conf.int) columns <- setdiff(columns, c("conf.low", "conf.high"))
  bound_tables(tables, columns)
}

tidy_posterior <- function(effect, table) {
  data.frame(effect = rep(effect, nrow(table)), term = row.names(table),
    estimate = table$estimate, std.error = table$se, conf.low = table$lower,
    conf.high = table$upper)
}

#' @rdname tidy.lmmfit
#' @export
glance.lmmfit_bayes <- function(x, ...) {
  check_unused(...)
  draws <- x$posterior
  marginal <- draws$marginal
  data.frame(nobs = x$n, sigma = sigma(x), method = x$method, sampler = draws$sampler,
    draws = length(draws$weight), khat = draws$khat %||% NA_real_,
    log_marginal = if (is.null(marginal)) NA_real_ else marginal$value)
}
