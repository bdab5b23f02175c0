# Scripts as the users of other programs type them: files of `script(title, typed, same = , refused
# = )` in scripts/. `typed` makes a fit `m`, which has the likelihood of `same`, a model in our own
# grammar or a peer's; or it is refused by a message of ours that matches `refused`.

read_scripts <- function(folder = testthat::test_path("scripts")) {
  programs <- c("asreml", "lme4", "mmrm", "blupf90", "sommer")
  scripts <- lapply(programs, function(program) {
    file <- file.path(folder, paste0(program, ".R"))
    lapply(as.list(parse(file, keep.source = FALSE)), function(x) {
      list(program = program, title = x[[2L]], typed = x[[3L]], same = x$same, refused = x$refused)
    })
  })
  do.call(c, scripts)
}

script_scope <- function() {
  scope <- new.env(parent = globalenv())
  scope$blupf90_files <- blupf90_files
  scope$mmrm <- of_mmrm("mmrm")
  scope
}

# mmrm is no package that the tests ask for; NULL where it is absent.
of_mmrm <- function(name) tryCatch(getExportedValue("mmrm", name), error = function(e) NULL)

# The flock as files of numbers, 0 for what is not known.
blupf90_files <- function() {
  file <- function(table) {
    path <- tempfile(fileext = ".txt")
    utils::write.table(table, path, quote = FALSE, row.names = FALSE, col.names = FALSE)
    path
  }
  number <- function(id) match(id, flock$id, nomatch = 0L)
  list(
    ped = file(data.frame(seq_along(flock$id), number(flock$sire), number(flock$dam))),
    data = file(data.frame(as.integer(lambs$sex), as.integer(lambs$year), number(lambs$animal),
      number(lambs$dam), lambs$birth))
  )
}

# What came of a script: the outcome, the difference in -2l from `same`, the message.
run_script <- function(script) {
  scope <- script_scope()
  quietly <- function(x) {
    grDevices::pdf(NULL)
    on.exit(grDevices::dev.off())
    suppressMessages(suppressWarnings(utils::capture.output(value <- eval(x, scope))))
    value
  }
  found <- tryCatch(quietly(script$typed), error = identity)
  if (inherits(found, "error")) {
    return(list(outcome = if (inherits(found, "henderson_error")) "refused" else "failed",
      difference = NA, message = cli::ansi_strip(conditionMessage(found))))
  }
  difference <- if (is.null(script$same)) NA else
    minus2(scope$m) - minus2(at_its_optimum(quietly(script$same)))
  list(outcome = "runs", difference = difference, message = "")
}

minus2 <- function(fit) -2 * as.numeric(stats::logLik(fit))

# lme4's default stops early.
at_its_optimum <- function(fit) {
  if (inherits(fit, "mmrm")) {
    tight <- of_mmrm("mmrm_control")(method = "Satterthwaite", optimizer = "nlminb",
      optimizer_control = list(rel.tol = 1e-13, sing.tol = 1e-20))
    call <- stats::update(fit, control = tight, evaluate = FALSE)
    return(suppressWarnings(eval(call, list(mmrm = of_mmrm("mmrm"), tight = tight))))
  }
  if (!inherits(fit, "merMod")) return(fit)
  tight <- lme4::lmerControl(optimizer = "bobyqa", calc.derivs = FALSE,
    optCtrl = list(rhoend = 1e-12, maxfun = 1e5))
  suppressMessages(suppressWarnings(stats::update(fit, control = tight)))
}
